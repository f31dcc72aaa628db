"""Nearest-neighbour fields: for every pixel of an image, the style patch that looks most like it.

Keys are those of image analogies (Hertzmann et al. 2001): colors of the patch, and the luma of
the content under it and how rough that is. Fields are searched exhaustively while small and by propagation and random
tries (PatchMatch, Barnes et al. 2009) when large. Every step is a gather, so that a run repeats
bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from .color_match import LUMA_WEIGHTS

Tick = Callable[[int], None]

_COLOR_KEYS = 24
_GUIDE_KEYS = 6
_ROUGHNESS_WEIGHT = 2.0
_SOFT_VARIANCE, _LIVELY_VARIANCE = 0.0040, 0.0060
_STRIP_PIXELS = 1 << 16
_TABLE_CELLS = 1 << 23
_RARITY_SAMPLES = 1500
_BASIS_SAMPLES = 20000
_COST_FLOOR = 1e-3
_MOST_REPEATS = 10.0
_FARTHEST = 5.0  # no two patches differ as much; those that must not be used do


@dataclass(frozen=True)
class StylePatches:
    """A style image (H x W x 3) and one key for each of its patches, in row order.

    `liveliness` is 0 for soft styles and 1 for lively ones, such as thick strokes side by side.
    """

    image: torch.Tensor
    keys: torch.Tensor
    color_filters: torch.Tensor
    guide_filters: torch.Tensor
    radius: int
    liveliness: float

    @property
    def rows(self) -> int:
        return self.image.shape[0] - 2 * self.radius

    @property
    def columns(self) -> int:
        return self.image.shape[1] - 2 * self.radius


@dataclass(frozen=True)
class Field:
    """For each pixel the row and column of its style patch (2 x H x W), and how far off it is."""

    position: torch.Tensor
    cost: torch.Tensor


Balance = Callable[[StylePatches, torch.Tensor, torch.Tensor], torch.Tensor]


def create_style_patches(image: torch.Tensor, radius: int) -> StylePatches:
    """Compute the key of each patch of a style image (H x W x 3)."""
    planes = image.permute(2, 0, 1)
    guide = blur_luma(planes)[None]
    color_filters = _find_filters(planes, radius, _COLOR_KEYS)
    guide_filters = _find_filters(guide[0], radius, _GUIDE_KEYS)
    color = functional.conv2d(planes[None], color_filters)[0].flatten(1)
    liveliness = _measure_liveliness(guide, radius)
    tone = _describe_guide(guide, guide_filters, radius, liveliness)
    lengths = [color.square().sum(0, keepdim=True), tone.square().sum(0, keepdim=True)]
    keys = torch.cat([-2 * color, -2 * tone, *lengths]).T.contiguous()
    return StylePatches(image, keys, color_filters, guide_filters, radius, liveliness)


def blur_luma(image: torch.Tensor) -> torch.Tensor:
    """Compute the luma of an image (3 x H x W), smoothed over 3 x 3 pixels (1 x H x W)."""
    weights = torch.from_numpy(LUMA_WEIGHTS).to(image.device)
    luma = (image * weights[:, None, None]).sum(0)[None, None]
    return functional.avg_pool2d(functional.pad(luma, (1, 1, 1, 1), mode="replicate"), 3, 1)[0]


def create_queries(style: StylePatches, image: torch.Tensor, guide: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute what `measure` multiplies with style keys: one row per pixel, and its own length.

    The distance of two patches is (color)^2 + weight * (tone)^2, with roughness a part of the tone; weight is H x W.
    """
    margin = (style.radius,) * 4
    padded = functional.pad(image[None], margin, mode="replicate")
    color = functional.conv2d(padded, style.color_filters)[0].flatten(1)
    padded = functional.pad(guide[None], margin, mode="replicate")
    tone = _describe_guide(padded, style.guide_filters, style.radius, style.liveliness)
    importance = weight.reshape(1, -1)
    length = color.square().sum(0, keepdim=True) + importance * tone.square().sum(0, keepdim=True)
    ones = torch.ones_like(importance)
    return torch.cat([color, importance * tone, ones, importance, length]).T.contiguous()


def discourage_repeats(style: StylePatches, field: Field, weight: float) -> StylePatches:
    """Make patches that a field uses more than their share fit less well (Kaspar et al. 2015)."""
    counts = torch.bincount(find_patches(style, field), minlength=len(style.keys)).float()
    window = 2 * style.radius + 1
    near = functional.avg_pool2d(counts.view(1, 1, style.rows, style.columns), window, 1, style.radius)
    share = near.view(-1) * (len(style.keys) / field.cost.numel())
    keys = style.keys.clone()
    keys[:, -2] += weight * (share - 1.0).clamp(0.0, _MOST_REPEATS)
    return replace(style, keys=keys)


def add_costs(style: StylePatches, costs: torch.Tensor) -> StylePatches:
    """Make patches fit less well by a cost of each."""
    keys = style.keys.clone()
    keys[:, -2] += costs
    return replace(style, keys=keys)


def find_patches(style: StylePatches, field: Field) -> torch.Tensor:
    """Return the number of the patch that each pixel has."""
    row, column = (field.position.long() - style.radius).flatten(1).unbind()
    return row * style.columns + column


def search_everywhere(
    style: StylePatches,
    queries: torch.Tensor,
    size: tuple[int, int],
    *,
    rarity: float,
    generator: torch.Generator,
    tick: Tick,
    balance: Balance | None = None,
) -> Field:
    """Compare every pixel with every style patch; patches that nothing resembles weigh in more.

    The weight is GPNN's (Granot et al. 2022): distances are divided by `rarity` plus the distance
    of the patch to its own nearest query, which uses more of the style's patches. `balance` finds
    what to add to these distances.
    """
    scale = _weigh_rare_patches(style, queries, rarity, generator)
    costs = None if balance is None else balance(style, queries, scale)
    chunk = max(1, _TABLE_CELLS // len(style.keys))
    found = []
    for part in torch.split(queries, chunk):
        table = (part[:, :-1] @ style.keys.T).add_(part[:, -1:]).mul_(scale)
        if costs is not None:
            table.add_(costs)
        found.append(table.argmin(1))
        tick(len(part) * len(style.keys))
    best = torch.cat(found)
    cost = _measure(style, queries, best)
    position = torch.stack([best // style.columns, best % style.columns]) + style.radius
    return Field(position.view(2, *size).int(), cost.view(size))


def refine(
    style: StylePatches,
    queries: torch.Tensor,
    position: torch.Tensor,
    *,
    reaches: tuple[int, ...],
    radii: tuple[int, ...],
    generator: torch.Generator,
    tick: Tick,
) -> Field:
    """Improve a field by what its neighbours found (`reaches` pixels away) and by random tries."""
    height, width = position.shape[1:]
    field = Field(*_measure_position(style, queries, position, tick))
    for reach in reaches:
        for down, right in ((reach, 0), (-reach, 0), (0, reach), (0, -reach)):
            moved = _shift(field.position, down, right)
            field = _keep_better(style, queries, field, moved, tick)
    for radius in radii:
        jump = torch.randint(-radius, radius + 1, (2, height, width), generator=generator, dtype=torch.int32).to(
            position.device
        )
        field = _keep_better(style, queries, field, field.position + jump, tick)
    return field


def count_refinements(reaches: tuple[int, ...], radii: tuple[int, ...]) -> int:
    """Count how often `refine` measures each pixel."""
    return 1 + 4 * len(reaches) + len(radii)


def vote(
    style: torch.Tensor,
    field: Field,
    zoom: tuple[float, float],
    size: tuple[int, int],
    *,
    radius: int,
    spread: float,
    tick: Tick,
) -> torch.Tensor:
    """Paint an image (3 x H x W): the style patches of a field, laid over one another.

    The image may be larger than the field; `style` is then larger than the style that the field
    was searched in by `zoom` (rows, columns), and each patch is laid down at the finer size.
    A pixel averages the patches around it, near and well fitting ones above all.
    """
    colors = style.reshape(-1, 3)
    limits = (style.shape[0], style.shape[1])
    trust = 1.0 / (field.cost + _COST_FLOOR)
    taps = range(-radius, radius + 1)
    columns = [_place_taps(field.cost.shape[1], size[1], zoom[1], tap, spread, style.device) for tap in taps]
    painted = torch.empty(3, *size, device=style.device)
    strip = max(1, _STRIP_PIXELS // size[1])
    for top in range(0, size[0], strip):
        bottom = min(top + strip, size[0])
        total = torch.zeros((bottom - top) * size[1], 3, device=style.device)
        weights = torch.zeros((bottom - top) * size[1], 1, device=style.device)
        for tap in taps:
            every = _place_taps(field.cost.shape[0], size[0], zoom[0], tap, spread, style.device)
            row = _Taps(*(part[top:bottom] for part in every))
            for column in columns:
                _lay_patches(colors, limits, field, trust, zoom, row, column, total, weights)
            tick((bottom - top) * size[1] * len(taps))
        painted[:, top:bottom] = (total / weights).T.view(3, bottom - top, size[1])
    return painted


class _Taps(NamedTuple):
    """Along one axis, for each pixel: the field's cell, the step from its centre, its weight."""

    cell: torch.Tensor
    step: torch.Tensor
    weight: torch.Tensor


def _place_taps(cells: int, pixels: int, zoom: float, tap: int, spread: float, device: torch.device) -> _Taps:
    """Find the cell `tap` cells away from each pixel along one axis."""
    pitch = pixels / cells
    places = np.arange(pixels)
    cell = np.floor((places + 0.5) / pitch).astype(np.int64) + tap
    step = places - ((cell + 0.5) * pitch - 0.5)
    weight = np.exp(-0.5 * (step / pitch / spread) ** 2) * ((cell >= 0) & (cell < cells))
    parts = (cell.clip(0, cells - 1), step.astype(np.float32), weight.astype(np.float32))
    return _Taps(*(torch.from_numpy(part).to(device) for part in parts))


def _lay_patches(
    colors: torch.Tensor,
    limits: tuple[int, int],
    field: Field,
    trust: torch.Tensor,
    zoom: tuple[float, float],
    row: _Taps,
    column: _Taps,
    total: torch.Tensor,
    weights: torch.Tensor,
) -> None:
    """Add one tap of each pixel to the colors and weights gathered so far."""
    position = field.position.index_select(1, row.cell).index_select(2, column.cell)
    down = (position[0] + 0.5) * zoom[0] - 0.5 + row.step[:, None]
    right = (position[1] + 0.5) * zoom[1] - 0.5 + column.step[None]
    down = down.round().clamp_(0, limits[0] - 1).long()
    place = down * limits[1] + right.round().clamp_(0, limits[1] - 1).long()
    weight = trust.index_select(0, row.cell).index_select(1, column.cell)
    weight = (weight * row.weight[:, None] * column.weight[None]).view(-1, 1)
    total.addcmul_(colors.index_select(0, place.view(-1)), weight)
    weights.add_(weight)


def enlarge_position(position: torch.Tensor, zoom: tuple[float, float], size: tuple[int, int]) -> torch.Tensor:
    """Carry a field to a finer level: each pixel starts where its coarse pixel's patch is."""
    height, width = position.shape[1:]
    rows = _place_taps(height, size[0], zoom[0], 0, 1.0, position.device)
    columns = _place_taps(width, size[1], zoom[1], 0, 1.0, position.device)
    coarse = position.index_select(1, rows.cell).index_select(2, columns.cell)
    down = (coarse[0] + 0.5) * zoom[0] - 0.5 + rows.step[:, None]
    right = (coarse[1] + 0.5) * zoom[1] - 0.5 + columns.step[None]
    return torch.stack([down.round(), right.round()]).int()


def _find_filters(image: torch.Tensor, radius: int, count: int) -> torch.Tensor:
    """Find the principal components of an image's patches, as convolution filters."""
    side = 2 * radius + 1
    stride = math.ceil(math.sqrt(image.shape[1] * image.shape[2] / _BASIS_SAMPLES))
    patches = functional.unfold(image[None].cpu(), side, stride=stride)[0].double().numpy()
    patches = patches - patches.mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(patches @ patches.T)
    filters = vectors[:, ::-1][:, :count].T / math.sqrt(len(patches))
    shape = (filters.shape[0], image.shape[0], side, side)
    return torch.from_numpy(filters.astype(np.float32).reshape(shape)).to(image.device)


def _describe_guide(guide: torch.Tensor, filters: torch.Tensor, radius: int, liveliness: float) -> torch.Tensor:
    """Compute keys of a guide (1 x 1 x H x W): its tones, and how rough they are, one column per patch.

    Components of tones tell where in a patch something goes on; roughness tells that it does, wherever that is, so that
    calm places are painted with the calm strokes of a lively style. Soft styles have none that are not.
    """
    roughness = _ROUGHNESS_WEIGHT * liveliness * _measure_variance(guide, radius)[0].sqrt()
    return torch.cat([functional.conv2d(guide, filters)[0], roughness]).flatten(1)


def _measure_liveliness(guide: torch.Tensor, radius: int) -> float:
    """Rank the mean variance of luma inside patches between that of soft and of lively styles."""
    variance = float(_measure_variance(guide, radius).mean())
    return min(max((variance - _SOFT_VARIANCE) / (_LIVELY_VARIANCE - _SOFT_VARIANCE), 0.0), 1.0)


def _measure_variance(guide: torch.Tensor, radius: int) -> torch.Tensor:
    """Measure the variance inside each patch of a plane (1 x 1 x H x W)."""
    side = 2 * radius + 1
    mean = functional.avg_pool2d(guide, side, 1)
    return (functional.avg_pool2d(guide.square(), side, 1) - mean.square()).clamp_min(0.0)


def _weigh_rare_patches(
    style: StylePatches, queries: torch.Tensor, rarity: float, generator: torch.Generator
) -> torch.Tensor:
    """Compute by what each style patch multiplies its distances: less than 1 for rare ones."""
    chosen = torch.randint(len(queries), (_RARITY_SAMPLES,), generator=generator)
    sample = queries[chosen.to(queries.device)]
    chunk = max(1, _TABLE_CELLS // len(sample))
    nearest = [(sample[:, :-1] @ part.T + sample[:, -1:]).amin(0) for part in torch.split(style.keys, chunk)]
    return 1.0 / (torch.cat(nearest).clamp(0, _FARTHEST) + rarity)


def _measure(style: StylePatches, queries: torch.Tensor, patch: torch.Tensor) -> torch.Tensor:
    """Compute the distance of each query to the style patch chosen for it."""
    products = style.keys.index_select(0, patch).mul_(queries[:, :-1])
    return products.sum(1).add_(queries[:, -1]).clamp_min_(0)


def _measure_position(
    style: StylePatches, queries: torch.Tensor, position: torch.Tensor, tick: Tick
) -> tuple[torch.Tensor, torch.Tensor]:
    """Move positions inside the style; compute the distance of each pixel to its patch there."""
    down = position[0].clamp(style.radius, style.radius + style.rows - 1)
    right = position[1].clamp(style.radius, style.radius + style.columns - 1)
    patch = (down - style.radius).view(-1) * style.columns + (right - style.radius).view(-1)
    parts = []
    for chosen, part in zip(torch.split(patch, _STRIP_PIXELS), torch.split(queries, _STRIP_PIXELS), strict=True):
        parts.append(_measure(style, part, chosen))
        tick(len(chosen))
    return torch.stack([down, right]), torch.cat(parts).view(down.shape)


def _keep_better(style: StylePatches, queries: torch.Tensor, field: Field, position: torch.Tensor, tick: Tick) -> Field:
    """Take another position wherever it fits better."""
    inside, cost = _measure_position(style, queries, position, tick)
    better = cost < field.cost
    return Field(torch.where(better, inside, field.position), torch.where(better, cost, field.cost))


def _shift(position: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Give each pixel what its neighbour would make of it: the neighbour's patch, moved back."""
    height, width = position.shape[1:]
    rows = (torch.arange(height, device=position.device) - down).clamp(0, height - 1)
    columns = (torch.arange(width, device=position.device) - right).clamp(0, width - 1)
    moved = position.index_select(1, rows).index_select(2, columns)
    moved[0] += down
    moved[1] += right
    return moved
