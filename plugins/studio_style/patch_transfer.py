"""Style transfer by patches: an image repainted with the strokes of another; no weights needed.

Coarse to fine patch voting (GPNN, Granot et al. 2022) with image-analogy keys (Hertzmann et al.
2001): at each level every pixel looks for the style patch that fits what is painted so far and
the tones of the content; then the patches found are laid over one another. Levels end at a
working size; larger images lay down the same patches, taken from the style at full size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from .color_match import (
    FloatArray,
    compute_luma,
    lift_detail,
    match_colors,
    match_luma,
    replace_luma,
    resize_image,
)
from .levels import (
    EFFORTS,
    ENLARGING_RADIUS,
    LAST_RADIUS,
    RANDOM_STEPS,
    Effort,
    Level,
    Quality,
    Size,
    count_work,
    crop_style,
    limit_size,
    limit_stroke_scale,
    plan_levels,
    weigh_cells,
)
from .patch_field import (
    Field,
    StylePatches,
    add_costs,
    blur_luma,
    create_queries,
    create_style_patches,
    discourage_repeats,
    enlarge_position,
    refine,
    search_everywhere,
    vote,
)
from .style_atlas import StyleAtlas
from .style_set import StyleSet

StepCallback = Callable[[int, int, Callable[[], FloatArray]], None]


_FLAT_GUIDE = 0.4
_DETAILED_GUIDES = (2.4, 1.0)  # beside a soft style, which says little where to put what, and a lively one
_CONTENT_DETAIL = 0.2
_RARITIES = (0.02, 0.1)
_REPEAT_WEIGHT = 0.003
_SEED_NOISE = 0.1
_ENLARGING_SPREAD = 0.9
_PASS_SPREAD, _LAST_SPREADS = 1.2, (0.8, 1.0)


class Progress:
    """Counts the work done against the work planned, and shows what is painted so far."""

    def __init__(self, total: int, on_step: StepCallback, finish: Callable[[FloatArray], FloatArray]) -> None:
        self.total, self.done = max(1, total), 0
        self.on_step, self.finish = on_step, finish
        self.image = torch.zeros(3, 1, 1)

    def advance(self, work: int) -> None:
        self.done = min(self.done + work, self.total)
        self.on_step(self.done, self.total, self.preview)

    def preview(self) -> FloatArray:
        return self.finish(to_array(self.image))


@dataclass(frozen=True)
class Painter:
    """What stays the same from level to level."""

    effort: Effort
    guide_weight: float
    generator: torch.Generator
    device: torch.device
    progress: Progress
    atlas: StyleAtlas | None = None


def transfer_style(
    content: FloatArray,
    style: FloatArray | StyleSet,
    *,
    strength: float = 1.0,
    stroke_scale: float = 1.0,
    keep_colors: bool = False,
    quality: Quality = "standard",
    seed: int = 0,
    device: str = "cpu",
    on_step: StepCallback,
) -> FloatArray:
    """Repaint an image with the strokes and colors of another.

    Args:
        content: Image to repaint, H x W x 3, sRGB in [0, 1], any size.
        style: Image whose strokes and colors to use, the same form, any size; or several.
        strength: 0 gives the content back, 1 the full style; between, small strokes come first.
        stroke_scale: Size of the strokes; at 1 the style is taken to cover the content's area.
        keep_colors: Take over strokes only, in luma; the chroma stays the content's.
        quality: How large to paint and how long to search.
        seed: Names the result: equal inputs and seeds give equal bits on a CPU.
        device: Torch device to work on.
        on_step: Called with work done, work planned, and a function that gives the image so
            far (at the size being worked on). What it raises ends the work.

    Returns:
        The painted image, of the content's size.
    """
    content = read_image(content)
    styles = style if isinstance(style, StyleSet) else StyleSet((style,), (1.0,))
    if strength <= 0.0:
        return content
    strength = min(strength, 1.0)

    def finish(painted: FloatArray) -> FloatArray:
        return finish_image(painted, content, strength, keep_colors)

    effort = EFFORTS[quality]
    size: Size = (content.shape[0], content.shape[1])
    full = limit_size(size)
    stroke_scale = limit_stroke_scale(stroke_scale)
    images = tuple(crop_style(read_image(each), full, effort, stroke_scale) for each in styles.images)
    styles = StyleSet(images, styles.shares)
    atlas = StyleAtlas(styles) if len(images) > 1 else None
    strokes = images[0] if atlas is None else atlas.image
    levels = plan_levels(full, strokes, effort, stroke_scale, strength, atlas.area if atlas else None)
    work = count_work(levels, effort, full)
    progress = Progress(work, on_step, finish)
    painter = Painter(
        effort,
        1.0 + 3.0 * (1.0 - strength),
        torch.Generator().manual_seed(seed),
        torch.device(device),
        progress,
        atlas,
    )
    target, strokes = _match_images(content, strokes, styles, levels[-1], keep_colors)
    image, field = paint_levels(painter, levels, target, resize_image(strokes, levels[-1].style_size))
    if full != levels[-1].size:
        image = enlarge_painting(painter, field, levels[-1], strokes, full)
    progress.image = image
    progress.advance(work)
    return finish(resize_image(to_array(image), size))


def finish_image(painted: FloatArray, content: FloatArray, strength: float, keep_colors: bool) -> FloatArray:
    """Give the painting back what is to stay the content's."""
    if strength == 1.0 and not keep_colors:
        return painted
    under = resize_image(content, (painted.shape[0], painted.shape[1]))
    if keep_colors:
        painted = replace_luma(under, compute_luma(painted))
    share = np.float32(math.sqrt(strength))
    blended: FloatArray = under + share * (painted - under)
    return blended


def _match_images(
    content: FloatArray, style: FloatArray, styles: StyleSet, level: Level, keep_colors: bool
) -> tuple[FloatArray, FloatArray]:
    """Bring the content to the working size, and content and style to one palette."""
    small = resize_image(content, level.size)
    if keep_colors:
        target = np.repeat(compute_luma(small)[..., None], 3, axis=2)
        return lift_detail(target), match_luma(style, target)
    palette = resize_image(style, level.style_size) if len(styles.images) == 1 else styles.find_palette()
    return lift_detail(match_colors(small, palette)), style


def paint_levels(
    painter: Painter, levels: Sequence[Level], target: FloatArray, strokes: FloatArray
) -> tuple[torch.Tensor, Field]:
    """Paint all levels from coarse to fine; give the last image and its field."""
    field: Field | None = None
    before = levels[0]
    for level in levels:
        painter.progress.advance(0)
        style = load_style(strokes, level, painter)
        goal = to_tensor(resize_image(target, level.size), painter.device)
        if field is None:
            position, image = None, _scatter_noise(goal, painter)
        else:
            zoom = _compare_sizes(level.style_size, before.style_size)
            position, image = enlarge_position(field.position, zoom, level.size), goal
            if before.painted:
                coarse = resize_image(resize_image(target, before.size), level.size)
                detail = goal - to_tensor(coarse, painter.device)
                image = _lay_enlarged(painter, style.image, field, zoom, level.size)
                image = image + _CONTENT_DETAIL * detail
        painter.progress.image = image
        image, field = paint_level(painter, level, style, goal, image, position, last=level is levels[-1])
        before = level
    if field is None:
        raise ValueError("a painting needs at least one level")
    return image, field


def paint_level(
    painter: Painter,
    level: Level,
    style: StylePatches,
    goal: torch.Tensor,
    image: torch.Tensor,
    position: torch.Tensor | None,
    *,
    last: bool,
) -> tuple[torch.Tensor, Field]:
    """Search and vote in turn, a few times; repeats cost more from the second time on."""
    tick, effort = painter.progress.advance, painter.effort
    guide = blur_luma(goal)
    detail = _measure_detail(guide)
    weight = _FLAT_GUIDE + (_choose(_DETAILED_GUIDES, style) - _FLAT_GUIDE) * detail
    if painter.atlas is not None:
        style = painter.atlas.enter(style)
    known = style
    passes = effort.passes if level.painted else 1
    for turn in range(passes):
        queries = create_queries(style, image, guide, weight * painter.guide_weight)
        field = _search(painter, level, known, queries, None if level.searched else position)
        position = field.position
        crisp = last and turn == passes - 1
        image = vote(
            style.image,
            field,
            (1.0, 1.0),
            level.size,
            radius=min(LAST_RADIUS, effort.radius) if crisp else effort.radius,
            spread=_choose(_LAST_SPREADS, style) if crisp else _PASS_SPREAD,
            tick=tick,
        )
        painter.progress.image = image
        known = discourage_repeats(style, field, _REPEAT_WEIGHT)
        if painter.atlas is not None:
            painter.atlas.correct(style, field)
    return image, field


def _search(
    painter: Painter, level: Level, style: StylePatches, queries: torch.Tensor, position: torch.Tensor | None
) -> Field:
    """Find a patch for each pixel: from positions that are known, or everywhere in the style."""
    tick, atlas = painter.progress.advance, painter.atlas
    if position is None:
        return search_everywhere(
            style,
            queries,
            level.size,
            rarity=_choose(_RARITIES, style),
            generator=painter.generator,
            tick=lambda cells: tick(weigh_cells(cells)),
            balance=None if atlas is None else atlas.balance,
        )
    return refine(
        style if atlas is None else add_costs(style, atlas.balance(style, queries)),
        queries,
        position,
        reaches=painter.effort.reaches,
        radii=RANDOM_STEPS,
        generator=painter.generator,
        tick=tick,
    )


def enlarge_painting(painter: Painter, field: Field, level: Level, style: FloatArray, full: Size) -> torch.Tensor:
    """Lay the patches of the last level down at full size, from a style enlarged as much."""
    ratio = math.sqrt(full[0] * full[1] / (level.size[0] * level.size[1]))
    style_size = (round(level.style_size[0] * ratio), round(level.style_size[1] * ratio))
    strokes = torch.from_numpy(_size_style(style, style_size, painter.effort.radius))
    painter.progress.advance(0)
    zoom = _compare_sizes(style_size, level.style_size)
    return _lay_enlarged(painter, strokes.to(painter.device), field, zoom, full)


def _lay_enlarged(
    painter: Painter, style: torch.Tensor, field: Field, zoom: tuple[float, float], size: Size
) -> torch.Tensor:
    return vote(
        style,
        field,
        zoom,
        size,
        radius=ENLARGING_RADIUS,
        spread=_ENLARGING_SPREAD,
        tick=painter.progress.advance,
    )


def _measure_detail(guide: torch.Tensor) -> torch.Tensor:
    """Measure how much goes on around each pixel, from 0 (flat) to 1, H x W."""

    def average(values: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(values[None], (4, 4, 4, 4), mode="replicate")
        return functional.avg_pool2d(padded, 9, 1)[0]

    spread = average(guide.square()) - average(guide).square()
    return (spread.clamp_min(0.0).sqrt()[0] / 0.1).clamp(0.0, 1.0)


def _choose(ends: tuple[float, float], style: StylePatches) -> float:
    """Choose between what suits a soft style and what suits a lively one."""
    return ends[0] + style.liveliness * (ends[1] - ends[0])


def _scatter_noise(goal: torch.Tensor, painter: Painter) -> torch.Tensor:
    """Roughen flat areas, so that they do not all choose one and the same patch."""
    noise = torch.randn(1, *goal.shape[1:], generator=painter.generator).to(painter.device)
    return goal + _SEED_NOISE * noise * (1.0 - _measure_detail(blur_luma(goal)))


def load_style(strokes: FloatArray, level: Level, painter: Painter) -> StylePatches:
    radius = painter.effort.radius
    image = torch.from_numpy(_size_style(strokes, level.style_size, radius))
    return create_style_patches(image.to(painter.device), radius)


def _size_style(style: FloatArray, size: Size, radius: int) -> FloatArray:
    """Resize a style, and mirror its edges where it would be smaller than one patch.

    A mirror image of the whole beside it would offer more patches, but strokes that lean both ways lay down as
    chevrons.
    """
    missing = [max(0, 2 * radius + 1 - side) for side in size]
    return np.pad(resize_image(style, size), ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")


def _compare_sizes(size: Size, before: Size) -> tuple[float, float]:
    return size[0] / before[0], size[1] / before[1]


def read_image(image: FloatArray) -> FloatArray:
    """Copy an image; what is not a number becomes black."""
    return np.clip(np.nan_to_num(np.array(image, dtype=np.float32)), 0.0, 1.0)


def to_tensor(image: FloatArray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).to(device)


def to_array(image: torch.Tensor) -> FloatArray:
    array: FloatArray = image.clamp(0.0, 1.0).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(array)
