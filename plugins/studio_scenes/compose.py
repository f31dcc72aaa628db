"""Scenes of cut-outs: where each thing lies, what it hides, and what is seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio_scenes.backgrounds import make_background
from studio_scenes.cutouts import Cutout
from studio_scenes.labels import Label, encode_mask
from studio_scenes.light import vary_scene, vary_thing

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_scenes.labels import BoolArray

    FloatArray = npt.NDArray[np.float32]
    ByteArray = npt.NDArray[np.uint8]

_TRIES = 12  # places that are tried for a thing before it is left out
_FEWEST_PIXELS = 12
_MOST_DISTRACTORS = 2
_OUTSIDE = 0.25  # part of a thing's side that may lie outside


@dataclass(frozen=True)
class Look:
    """What scenes look like; the fields are inputs of `scenes.compose`."""

    width: int
    height: int
    max_things: int
    min_size: float
    max_size: float
    rotation: float
    mirror: bool
    randomize: float
    min_visible: float
    seed: int


@dataclass
class _Placed:
    name: str
    total: int
    seen: BoolArray


def compose_scene(
    index: int,
    things: Sequence[Cutout],
    look: Look,
    backgrounds: Sequence[FloatArray] = (),
    distractors: Sequence[Cutout] = (),
) -> tuple[ByteArray, list[Label]]:
    """Return a scene, height x width x 3, and a label for each thing in it, the farthest first.

    Each scene depends on the seed and its index alone. What is placed stays visible: a thing that would hide more of
    another than `min_visible` allows is placed elsewhere, or left out.

    Args:
        index: Number of the scene.
        things: What is placed and labeled.
        look: What scenes look like.
        backgrounds: Images to take backgrounds of; empty for drawn ones.
        distractors: What is placed and not labeled.
    """
    rng = np.random.default_rng((look.seed, index))
    canvas = make_background(rng, backgrounds, look.width, look.height, look.randomize > 0)
    items = [things[each] for each in rng.integers(len(things), size=int(rng.integers(1, look.max_things + 1)))]
    if distractors:
        count = int(rng.integers(0, _MOST_DISTRACTORS + 1))
        items += [distractors[each] for each in rng.integers(len(distractors), size=count)]
    placed: list[_Placed] = []
    for number in rng.permutation(len(items)):
        canvas = _place(rng, canvas, items[number], look, placed)
    scene = vary_scene(rng, canvas, look.randomize)
    labels = [_describe(each, order) for order, each in enumerate(placed) if each.name]
    return np.rint(np.clip(scene, 0, 1) * 255).astype(np.uint8), labels


def _place(rng: np.random.Generator, canvas: FloatArray, item: Cutout, look: Look, placed: list[_Placed]) -> FloatArray:
    """Place a thing in front of all others, if a place for it is found."""
    for _ in range(_TRIES):
        patch = _shape(rng, item.pixels, look)
        height, width = patch.shape[:2]
        left = round(float(rng.uniform(-_OUTSIDE * width, look.width - (1 - _OUTSIDE) * width)))
        top = round(float(rng.uniform(-_OUTSIDE * height, look.height - (1 - _OUTSIDE) * height)))
        layer = _lay(patch, left, top, look)
        covered = layer[..., 3] > 0.5
        total = int((patch[..., 3] > 0.5).sum())
        shown = int(covered.sum())
        if shown < max(_FEWEST_PIXELS, look.min_visible * total) or _hides_too_much(covered, placed, look):
            continue
        for other in placed:
            other.seen &= ~covered
        placed.append(_Placed(item.name, total, covered))
        if look.randomize > 0 and rng.random() < 0.5:
            canvas = _cast_shadow(rng, canvas, layer[..., 3], look)
        return canvas * (1 - layer[..., 3:]) + layer[..., :3]
    return canvas


def _shape(rng: np.random.Generator, pixels: FloatArray, look: Look) -> FloatArray:
    """Return a thing in another size, turned, and in another light."""
    tall, wide = pixels.shape[:2]
    side = float(rng.uniform(look.min_size, look.max_size)) * min(look.width, look.height)
    scale = side / max(tall, wide)
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    patch = np.asarray(cv2.resize(pixels, size, interpolation=how), np.float32)
    if look.mirror and rng.random() < 0.5:
        patch = patch[:, ::-1]
    angle = float(rng.uniform(-look.rotation, look.rotation))
    patch = _turn(np.ascontiguousarray(patch), angle) if angle else patch
    return vary_thing(rng, patch, look.randomize) if look.randomize > 0 else patch


def _turn(patch: FloatArray, angle: float) -> FloatArray:
    height, width = patch.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    across, down = int(np.ceil(width * cosine + height * sine)), int(np.ceil(width * sine + height * cosine))
    matrix[:, 2] += ((across - width) / 2, (down - height) / 2)
    return cv2.warpAffine(patch, matrix, (across, down), flags=cv2.INTER_LINEAR).astype(np.float32)


def _lay(patch: FloatArray, left: int, top: int, look: Look) -> FloatArray:
    """Return a layer of the scene's size with the thing in it."""
    layer = np.zeros((look.height, look.width, 4), np.float32)
    height, width = patch.shape[:2]
    up, down = max(0, top), min(look.height, top + height)
    start, end = max(0, left), min(look.width, left + width)
    if down > up and end > start:
        layer[up:down, start:end] = patch[up - top : down - top, start - left : end - left]
    return layer


def _hides_too_much(covered: BoolArray, placed: Sequence[_Placed], look: Look) -> bool:
    return any(
        int((each.seen & ~covered).sum()) < max(_FEWEST_PIXELS, look.min_visible * each.total)
        for each in placed
        if each.name
    )


def _cast_shadow(rng: np.random.Generator, canvas: FloatArray, alpha: FloatArray, look: Look) -> FloatArray:
    side = min(look.width, look.height)
    across, down = rng.uniform(-0.04, 0.04) * side, rng.uniform(0, 0.05) * side
    moved = cv2.warpAffine(alpha, np.array([[1, 0, across], [0, 1, down]], np.float32), (look.width, look.height))
    soft = cv2.GaussianBlur(moved, (0, 0), 0.3 + float(rng.uniform(0.005, 0.03)) * side)
    return canvas * (1 - (soft * rng.uniform(0.1, 0.5) * look.randomize)[..., None])


def _describe(placed: _Placed, order: int) -> Label:
    rows, columns = np.flatnonzero(placed.seen.any(1)), np.flatnonzero(placed.seen.any(0))
    left, top = int(columns[0]), int(rows[0])
    box = (float(left), float(top), float(columns[-1] + 1 - left), float(rows[-1] + 1 - top))
    visible = int(placed.seen.sum()) / placed.total
    return Label(placed.name, box, visible=visible, order=order, mask=encode_mask(placed.seen))
