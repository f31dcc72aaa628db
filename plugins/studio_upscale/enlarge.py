"""Images enlarged and restored: passes, alpha, depth and exact sizes around a network."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Image, MediaError, MediaLimits, ModelError
from studio_upscale.pixels import AnyArray, FloatArray, resize_plane, spread_colors, to_depth, to_floats
from studio_upscale.tiles import Tiling, run_tiled

if TYPE_CHECKING:
    from studio_upscale.upscaler import Upscaler

OnTile = Callable[[int, int], None]
Inspect = Callable[[AnyArray, int], Sequence[float]]
_DEEP = np.dtype(np.uint16)


def plan_passes(scales: Sequence[int], scale: float) -> tuple[int, ...]:
    """Return the factors to enlarge by, one after the other, to reach at least `scale`.

    The product is as small as it can be, then the passes as few; large factors come last.

    Raises:
        ModelError: E692 if the model does not enlarge.
    """
    factors = sorted(factor for factor in scales if factor > 1)
    if not factors:
        raise ModelError(
            "E692",
            "this model restores and does not enlarge",
            hint="take builtin:compact; this one is for upscale.restore and denoise",
        )
    most = next(count for count in itertools.count(1) if factors[-1] ** count >= scale)
    plans: list[tuple[int, ...]] = []
    for count in range(1, most + 1):
        plans += itertools.combinations_with_replacement(factors, count)
    enough = [plan for plan in plans if math.prod(plan) >= scale]
    best = min(enough, key=lambda plan: (math.prod(plan), len(plan)))
    return tuple(sorted(best))


def enlarge(
    images: Sequence[Image],
    upscaler: Upscaler,
    scale: float,
    tiling: Tiling,
    on_tile: OnTile,
    inspect: Inspect | None = None,
) -> list[Image]:
    """Enlarge images of one size, of one number of channels and one depth.

    Grey stays grey and 16 bits stay 16 bits. Alpha is enlarged as a grey image; colors under full transparency
    are those of the nearest pixel that shows.

    Args:
        images: What to enlarge.
        upscaler: A model that enlarges.
        scale: How many times larger.
        tiling: Size of tiles.
        on_tile: Called before each tile.
        inspect: What inspects whole images; the model itself if None.

    Raises:
        MediaError: E506 if the result, or what has to be made on the way, is over the limits.
    """
    first = images[0]
    size = (max(1, round(first.width * scale)), max(1, round(first.height * scale)))
    passes = plan_passes(upscaler.scales, scale)
    for factor in itertools.accumulate(passes, lambda a, b: a * b):
        _check_size(first.width * factor, first.height * factor)
    colors, alphas = zip(*(_split(image.stored) for image in images), strict=True)
    steps = len(passes) * (1 if all(alpha is None or _is_flat(alpha) for alpha in alphas) else 2)
    growth = _Growth(upscaler, passes, size, steps, tiling, on_tile, inspect or upscaler.inspect)
    grown = growth.run(np.stack(colors), 0)
    return [
        Image(_join(grown[index], _enlarge_alpha(alpha, size, lambda a: growth.run(a, len(passes)))))
        for index, alpha in enumerate(alphas)
    ]


@dataclass(frozen=True)
class _Growth:
    """How images are enlarged: the passes, the size at their end, and to whom progress is reported."""

    upscaler: Upscaler
    passes: tuple[int, ...]
    size: tuple[int, int]
    steps: int
    tiling: Tiling
    on_tile: OnTile
    inspect: Inspect

    def run(self, samples: AnyArray, begun: int) -> AnyArray:
        """Enlarge samples (N x height x width x channels); `begun` is how many passes have gone before."""
        depth = samples.dtype
        for index, factor in enumerate(self.passes):
            last = index + 1 == len(self.passes) and samples.shape[1] * factor == self.size[1]
            inspect = self._describe_enlarged if index else self.inspect
            samples = run_tiled(
                samples,
                factor,
                partial(self._run_tile, factor, [inspect(image, factor) for image in samples]),
                self.tiling,
                reach=self.upscaler.reach,
                dtype=depth if last else _find_deep(depth),
                on_tile=partial(self._report, begun + index),
            )
        return _resize(samples, self.size, depth)

    def _describe_enlarged(self, image: AnyArray, factor: int) -> Sequence[float]:
        return self.upscaler.describe_enlarged(factor)

    def _run_tile(self, factor: int, seen: Sequence[Sequence[float]], tile: FloatArray) -> FloatArray:
        return self.upscaler.run(tile, factor, seen)

    def _report(self, part: int, done: int, total: int) -> None:
        self.on_tile(part * total + done, self.steps * total)


def restore(
    images: Sequence[Image],
    upscaler: Upscaler,
    strength: float | Sequence[float],
    tiling: Tiling,
    on_tile: OnTile,
) -> list[Image]:
    """Restore images of one size, of one number of channels and one depth; alpha stays exactly as it is.

    Args:
        images: What to restore.
        upscaler: A model of scale 1.
        strength: How much of what the model changes to take over, 0 to 1; one for all, or one for each.
        tiling: Size of tiles.
        on_tile: Called before each tile.

    Raises:
        ModelError: E692 if the model enlarges.
    """
    if 1 not in upscaler.scales:
        raise ModelError(
            "E692",
            f"this model enlarges (x{', x'.join(map(str, upscaler.scales))}) and does not restore",
            hint="take builtin:compact-restore, or a restoration network of scale 1",
        )
    if not np.any(strength):
        return list(images)
    colors, alphas = zip(*(_split(image.stored) for image in images), strict=True)
    stacked = np.stack(colors)
    seen = [upscaler.inspect(image, 1) for image in stacked]
    parts = np.broadcast_to(np.asarray(strength, np.float32), len(images))[:, None, None, None]

    def run(tile: FloatArray) -> FloatArray:
        return tile + parts * (upscaler.run(tile, 1, seen) - tile)

    made = run_tiled(stacked, 1, run, tiling, reach=upscaler.reach, dtype=stacked.dtype, on_tile=on_tile)
    return [Image(_join(made[index], alpha)) for index, alpha in enumerate(alphas)]


def _check_size(width: int, height: int) -> None:
    limits = MediaLimits()
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise MediaError(
            "E506",
            f"the image would become {width} x {height} pixels, over the limit of {limits.max_pixels} pixels "
            f"and {limits.max_side} a side",
            hint="ask for a smaller scale, or enlarge a part: image.crop",
        )


def _split(samples: AnyArray) -> tuple[AnyArray, AnyArray | None]:
    """Take alpha off, and spread colors under it."""
    if samples.shape[2] != 4:
        return samples, None
    return spread_colors(samples[..., :3], samples[..., 3]), samples[..., 3]


def _join(colors: AnyArray, alpha: AnyArray | None) -> AnyArray:
    return colors if alpha is None else np.concatenate([colors, alpha[..., None]], axis=2)


def _enlarge_alpha(
    alpha: AnyArray | None, size: tuple[int, int], grow: Callable[[AnyArray], AnyArray]
) -> AnyArray | None:
    if alpha is None:
        return None
    if _is_flat(alpha):
        return np.full((size[1], size[0]), alpha.flat[0], alpha.dtype)
    grown: AnyArray = grow(alpha[None, ..., None])[0, ..., 0]
    return grown


def _is_flat(plane: AnyArray) -> bool:
    return bool(plane.min() == plane.max())


def _find_deep(depth: np.dtype[Any]) -> np.dtype[Any]:
    """Return the depth for what is made on the way: 8 bits would round twice."""
    return _DEEP if depth == np.uint8 else depth


def _resize(samples: AnyArray, size: tuple[int, int], depth: np.dtype[Any]) -> AnyArray:
    """Bring images (N x height x width x channels) to an exact size and depth, plane by plane."""
    if samples.shape[1:3] == (size[1], size[0]):
        return samples if samples.dtype == depth else to_depth(to_floats(samples), depth)
    resized = np.empty((len(samples), size[1], size[0], samples.shape[3]), depth)
    for index in np.ndindex(len(samples), samples.shape[3]):
        plane = to_floats(np.ascontiguousarray(samples[index[0], :, :, index[1]]))
        resized[index[0], :, :, index[1]] = to_depth(resize_plane(plane, *size), depth)
    return resized
