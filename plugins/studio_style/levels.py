"""The sizes that a painting goes through, from coarse to fine, and the work they take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .color_match import FloatArray
from .patch_field import count_refinements

Quality = Literal["draft", "standard", "fine"]
Size = tuple[int, int]


@dataclass(frozen=True)
class Effort:
    """How much work a quality is worth."""

    working_side: int
    comparisons: float
    passes: int
    radius: int
    reaches: tuple[int, ...]


@dataclass(frozen=True)
class Level:
    """One image size of the coarse to fine painting, and the size of the style beside it."""

    size: Size
    style_size: Size
    searched: bool
    painted: bool


EFFORTS: dict[Quality, Effort] = {
    "draft": Effort(384, 1e8, 2, 2, (1,)),
    "standard": Effort(768, 6e8, 3, 3, (1, 3)),
    "fine": Effort(1536, 1.5e9, 4, 3, (1, 3)),
}
_COARSEST_SIDE = 64
_LEVEL_RATIO = 1.5
RANDOM_STEPS = (16, 4, 1)
_MOST_STYLE_PIXELS = 3e6
_MOST_PAINTED_PIXELS = 16e6
_WEAK_SIDE = 400
_STROKE_SCALES = (0.1, 8.0)
ENLARGING_RADIUS = 2
LAST_RADIUS = 2


def plan_levels(
    full: Size, style: FloatArray, effort: Effort, stroke_scale: float, strength: float, area: int | None = None
) -> list[Level]:
    """Plan the sizes to paint; weak styles leave the coarse ones out, and only search there.

    `area` is that of one style, where the image is an atlas of several.
    """
    working = fit_size(full, effort.working_side / max(full))
    longest = max(working)
    coarsest = _COARSEST_SIDE * max(1.0, 1.0 / stroke_scale)
    unpainted = _WEAK_SIDE * (1.0 - strength)
    count = max(0, round(math.log(max(1.0, longest / coarsest), _LEVEL_RATIO)))
    grown = _measure_growth(full, area or style.shape[0] * style.shape[1], stroke_scale)
    levels = []
    for step in range(count, -1, -1):
        size = fit_size(working, _LEVEL_RATIO**-step)
        scale = grown * max(size) / max(full)
        style_size = (max(1, round(style.shape[0] * scale)), max(1, round(style.shape[1] * scale)))
        searched = _count_cells(size, style_size, effort.radius) <= effort.comparisons or step == count
        painted = step == 0 or max(size) >= unpainted
        levels.append(Level(size, style_size, searched, painted))
    return levels


def count_work(levels: Sequence[Level], effort: Effort, full: Size) -> int:
    """Count the work that progress reports, in pixels measured or painted."""
    refinements = count_refinements(effort.reaches, RANDOM_STEPS)
    window = (2 * effort.radius + 1) ** 2
    enlarging = (2 * ENLARGING_RADIUS + 1) ** 2
    work = 0 if full == levels[-1].size else enlarging * full[0] * full[1]
    for number, level in enumerate(levels):
        pixels = level.size[0] * level.size[1]
        search = weigh_cells(_count_cells(level.size, level.style_size, effort.radius))
        one = window * pixels + (search if level.searched else refinements * pixels)
        work += (effort.passes if level.painted else 1) * one
        if number and levels[number - 1].painted:
            work += enlarging * pixels
    crisp = (2 * min(LAST_RADIUS, effort.radius) + 1) ** 2
    return work - (window - crisp) * levels[-1].size[0] * levels[-1].size[1]


def _count_cells(size: Size, style_size: Size, radius: int) -> int:
    """Count the comparisons of a search everywhere in a style."""
    rows = max(1, style_size[0] - 2 * radius)
    columns = max(1, style_size[1] - 2 * radius)
    return size[0] * size[1] * rows * columns


def weigh_cells(cells: int) -> int:
    """Express comparisons of a table in the time of single measurements."""
    return cells // 200


def _measure_growth(full: Size, area: int, stroke_scale: float) -> float:
    return math.sqrt(full[0] * full[1] / area) * stroke_scale


def limit_size(size: Size) -> Size:
    """Find the size to paint at: the content's, unless that takes too much memory."""
    return fit_size(size, math.sqrt(_MOST_PAINTED_PIXELS / (size[0] * size[1])))


def limit_stroke_scale(stroke_scale: float) -> float:
    """Keep the size of strokes where a painting of them is still one."""
    return min(max(stroke_scale, _STROKE_SCALES[0]), _STROKE_SCALES[1])


def crop_style(style: FloatArray, full: Size, effort: Effort, stroke_scale: float) -> FloatArray:
    """Keep as much of the middle of a style as memory allows at this stroke scale."""
    working = fit_size(full, effort.working_side / max(full))
    area = working[0] * working[1] * stroke_scale**2
    full_area = full[0] * full[1] * stroke_scale**2
    kept = min(1.0, _MOST_STYLE_PIXELS / area, _MOST_PAINTED_PIXELS / full_area)
    height, width = (max(1, round(side * math.sqrt(kept))) for side in style.shape[:2])
    top, left = (style.shape[0] - height) // 2, (style.shape[1] - width) // 2
    return style[top : top + height, left : left + width]


def fit_size(size: Size, factor: float) -> Size:
    factor = min(1.0, factor)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
