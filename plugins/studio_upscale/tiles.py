"""Images worked on in tiles that overlap and are blended, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from studio.api import is_out_of_memory
from studio_upscale.pixels import AnyArray, FloatArray, to_depth, to_floats

SMALLEST = 16
"""The side of the smallest tile that is tried when memory is short."""

Span = tuple[int, int]
Positions = NDArray[np.float64]


def plan_spans(length: int, tile: int, overlap: int) -> list[Span]:
    """Cover a length with spans of one size, evenly placed, that overlap by at least `overlap`."""
    if tile >= length:
        return [(0, length)]
    overlap = min(overlap, tile // 2)
    count = -(-(length - overlap) // (tile - overlap))
    starts = [round(index * (length - tile) / (count - 1)) for index in range(count)]
    return [(start, start + tile) for start in starts]


def weigh_spans(spans: Sequence[Span], scale: int, reach: int) -> list[FloatArray]:
    """Return the weights of each span's samples after enlarging; over all spans they add up to 1.

    Where two spans overlap, weights go linearly from one to the other; within `reach` of a span's inner edge,
    where what lies beyond would have mattered, they are 0 as far as the overlap allows.
    """
    weights = []
    for index, (start, stop) in enumerate(spans):
        place = np.arange(start * scale, stop * scale, dtype=np.float64) + 0.5
        weight = np.ones(len(place))
        if index:
            weight = np.minimum(weight, _rise(place, start, spans[index - 1][1], scale, reach))
        if index + 1 < len(spans):
            weight = np.minimum(weight, _rise(-place, -stop, -spans[index + 1][0], scale, reach))
        weights.append(weight)
    total = np.zeros(spans[-1][1] * scale)
    for (start, stop), weight in zip(spans, weights, strict=True):
        total[start * scale : stop * scale] += weight
    return [
        (weight / total[start * scale : stop * scale]).astype(np.float32)
        for (start, stop), weight in zip(spans, weights, strict=True)
    ]


def _rise(place: Positions, start: int, stop: int, scale: int, reach: int) -> Positions:
    margin = min(reach, max(0, (stop - start - 1) // 2))
    low, high = (start + margin) * scale, (stop - margin) * scale
    risen: Positions = np.clip((place - low) / max(high - low, 1), 0, 1)
    return risen


class Tiling:
    """A size that turned out to be too large halves for all that follows.

    Attributes:
        side: Side of a tile before enlarging, in pixels.
        overlap: How far neighbours reach into each other.
    """

    def __init__(self, side: int, overlap: int, log: Callable[[str], None]) -> None:
        self.side, self.overlap, self._log = side, overlap, log

    def halve(self) -> bool:
        """Halve the tiles, and say so in the manifest; False if they are as small as they get."""
        if self.side <= SMALLEST:
            return False
        before, self.side = self.side, max(SMALLEST, self.side // 2)
        self._log(f"memory ran out: tiles of {self.side} x {self.side} pixels instead of {before} x {before}")
        return True


def run_tiled(
    images: AnyArray,
    scale: int,
    run: Callable[[FloatArray], FloatArray],
    tiling: Tiling,
    *,
    reach: int,
    dtype: np.dtype[np.generic],
    on_tile: Callable[[int, int], None],
) -> AnyArray:
    """Run a network over images in tiles.

    Only one row of tiles is held as floats; the result grows in its own depth.

    Args:
        images: N x height x width x channels, 8 or 16 bits or float32.
        scale: How many times larger the network makes a tile, per side.
        run: The network: N x height x width x channels in [0, 1] to N x (scale height) x (scale width) x channels.
        tiling: Size of tiles; it halves when memory runs out.
        reach: How many pixels away a pixel can matter to the network; 0 if that is not known.
        dtype: Depth of the result.
        on_tile: Called before each tile with tiles done and tiles in all.
    """
    while True:
        try:
            return _run_all(images, scale, run, tiling, reach, dtype, on_tile)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            shortage = error.with_traceback(None)  # its frames hold what did not fit
        if not tiling.halve():
            raise shortage


def _run_all(
    images: AnyArray,
    scale: int,
    run: Callable[[FloatArray], FloatArray],
    tiling: Tiling,
    reach: int,
    dtype: np.dtype[np.generic],
    on_tile: Callable[[int, int], None],
) -> AnyArray:
    count, height, width, channels = images.shape
    rows = plan_spans(height, min(tiling.side, height), tiling.overlap)
    columns = plan_spans(width, min(tiling.side, width), tiling.overlap)
    down, across = weigh_spans(rows, scale, reach), weigh_spans(columns, scale, reach)
    made = np.empty((count, height * scale, width * scale, channels), dtype)
    band = np.zeros((count, rows[0][1] * scale, width * scale, channels), np.float32)
    for index, (top, bottom) in enumerate(rows):
        for place, (left, right) in enumerate(columns):
            on_tile(index * len(columns) + place, len(rows) * len(columns))
            tile = run(to_floats(images[:, top:bottom, left:right]))
            if np.may_share_memory(tile, images):
                tile = tile.copy()
            _fade(tile, down[index])
            _fade(tile.swapaxes(1, 2), across[place])
            band[:, :, left * scale : right * scale] += tile
        ready = (rows[index + 1][0] if index + 1 < len(rows) else bottom) * scale
        fresh = ready - top * scale
        made[:, top * scale : ready] = to_depth(band[:, :fresh], np.dtype(dtype))
        band[:, : band.shape[1] - fresh] = band[:, fresh:]
        band[:, band.shape[1] - fresh :] = 0
    return made


def _fade(tile: FloatArray, weights: FloatArray) -> None:
    """Multiply a tile by weights along its second axis; most are 1, which takes no time."""
    whole = np.flatnonzero(weights == 1)
    first, last = (whole[0], whole[-1] + 1) if len(whole) else (len(weights), len(weights))
    for part in (slice(0, first), slice(last, len(weights))):
        tile[:, part] *= weights[part, None, None]
