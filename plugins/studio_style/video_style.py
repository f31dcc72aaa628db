"""Videos repainted with strokes that stay on what they are painted on.

The first frame of a scene is painted as an image is. From then on what was painted moves along with the video:
patches and colors of the frame before, carried by optical flow, are where the next frame's search begins, and where
the flow can be trusted the result is held to them. Two frames are held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from .color_match import (
    ColorMap,
    FloatArray,
    compute_luma,
    find_color_map,
    lift_detail,
    match_luma,
    resize_image,
)
from .levels import EFFORTS, Level, Quality, Size, crop_style, limit_size, limit_stroke_scale, plan_levels
from .motion import Bytes, Motion, is_cut, measure_motion, to_bytes
from .patch_field import Field
from .patch_transfer import (
    Painter,
    Progress,
    enlarge_painting,
    finish_image,
    load_style,
    paint_level,
    paint_levels,
    to_array,
    to_tensor,
)
from .style_atlas import StyleAtlas
from .style_set import StyleSet

_PASSES = 2


@dataclass(frozen=True)
class VideoStyle:
    """How to paint a video; the same as for an image, and how firmly strokes are held from frame to frame."""

    styles: StyleSet
    strength: float
    stroke_scale: float
    keep_colors: bool
    quality: Quality
    steadiness: float
    seed: int
    device: str


@dataclass(frozen=True)
class _Scene:
    """What stays the same in a scene."""

    painter: Painter
    levels: list[Level]
    full: Size
    style: FloatArray
    strokes: FloatArray
    colors: ColorMap | None


@dataclass(frozen=True)
class _Painted:
    """A frame's painting at full size, the field of its last level, and the luma of what it was painted from."""

    image: FloatArray
    field: Field
    luma: Bytes


def paint_frames(frames: Iterator[FloatArray], how: VideoStyle, on_work: Callable[[], None]) -> Iterator[FloatArray]:
    """Yield the painting of each frame (H x W x 3); equal frames, in equal order, give equal bits on a CPU."""
    scene: _Scene | None = None
    last: _Painted | None = None
    for content in frames:
        if how.strength <= 0:
            yield content
            continue
        luma = to_bytes(content)
        if scene is None or last is None or is_cut(last.luma, luma):
            scene = _begin_scene(content, how, on_work)
            last = _paint_first(scene, content, luma, how)
        else:
            last = _paint_next(scene, last, content, luma, how)
        yield np.clip(
            finish_image(resize_image(last.image, content.shape[:2]), content, how.strength, how.keep_colors),
            0,
            1,
        )


def _begin_scene(content: FloatArray, how: VideoStyle, on_work: Callable[[], None]) -> _Scene:
    effort = EFFORTS[how.quality]
    full = limit_size((content.shape[0], content.shape[1]))
    stroke_scale = limit_stroke_scale(how.stroke_scale)
    images = tuple(crop_style(each, full, effort, stroke_scale) for each in how.styles.images)
    styles = StyleSet(images, how.styles.shares)
    atlas = StyleAtlas(styles) if len(images) > 1 else None
    style = images[0] if atlas is None else atlas.image
    levels = plan_levels(full, style, effort, stroke_scale, how.strength, atlas.area if atlas else None)
    progress = Progress(1, lambda *_: on_work(), lambda image: image)
    guide = 1.0 + 3.0 * (1.0 - how.strength)
    painter = Painter(effort, guide, torch.Generator(), torch.device(how.device), progress, atlas)
    small = resize_image(content, levels[-1].size)
    if how.keep_colors:
        colors, style = None, match_luma(style, small)
    else:
        strokes = resize_image(style, levels[-1].style_size)
        colors = find_color_map(small, strokes if atlas is None else styles.find_palette())
    return _Scene(painter, levels, full, style, resize_image(style, levels[-1].style_size), colors)


def _find_target(scene: _Scene, content: FloatArray) -> FloatArray:
    small = resize_image(content, scene.levels[-1].size)
    if scene.colors is None:
        return lift_detail(np.repeat(compute_luma(small)[..., None], 3, axis=2))
    return lift_detail(scene.colors.apply(small))


def _paint_first(scene: _Scene, content: FloatArray, luma: Bytes, how: VideoStyle) -> _Painted:
    scene.painter.generator.manual_seed(how.seed)
    image, field = paint_levels(scene.painter, scene.levels, _find_target(scene, content), scene.strokes)
    return _Painted(_enlarge(scene, image, field), field, luma)


def _paint_next(scene: _Scene, last: _Painted, content: FloatArray, luma: Bytes, how: VideoStyle) -> _Painted:
    """Begin where the last frame's strokes have moved to, search a little, and hold what can be trusted."""
    level = replace(scene.levels[-1], searched=False)
    motion = measure_motion(last.luma, luma)
    goal = to_tensor(_find_target(scene, content), scene.painter.device)
    coarse, fine = motion.resize(level.size), motion.resize(scene.full)
    carried = fine.carry_sharply(last.image)
    start = to_tensor(resize_image(carried, level.size), scene.painter.device)
    trust = torch.from_numpy(coarse.trust).to(scene.painter.device)
    scene.painter.generator.manual_seed(how.seed)
    painter = replace(scene.painter, effort=replace(scene.painter.effort, passes=_PASSES))
    style = load_style(scene.strokes, level, painter)
    image, field = paint_level(
        painter, level, style, goal, goal + trust * (start - goal), _carry_field(last.field, coarse), last=True
    )
    painted = _enlarge(scene, image, field)
    held = painted + how.steadiness * fine.trust[..., None] * (carried - painted)
    return _Painted(held, field, luma)


def _carry_field(field: Field, motion: Motion) -> torch.Tensor:
    position = field.position.permute(1, 2, 0).cpu().numpy().astype(np.float32)
    moved = motion.carry(position, nearest=True)
    return torch.from_numpy(moved).round().int().permute(2, 0, 1).to(field.position.device).contiguous()


def _enlarge(scene: _Scene, image: torch.Tensor, field: Field) -> FloatArray:
    if scene.full != scene.levels[-1].size:
        image = enlarge_painting(scene.painter, field, scene.levels[-1], scene.style, scene.full)
    return to_array(image)
