"""Audio changed block by block: streams with their surroundings, spans read in order, and streams made of streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Audio

if TYPE_CHECKING:
    from studio.api import Context
    from studio_audio.bounds import FloatArray

BLOCK = 1 << 16

Change = Callable[[Iterator["FloatArray"]], Iterable["FloatArray"]]
Keep = Callable[[Audio], Audio]


def change_audio(
    audio: Audio, change: Change, *, rate: int | None = None, channels: int | None = None, frames: int | None = None
) -> Audio:
    """Return what a change of blocks makes of audio; rate, channels and frames are the audio's where not given."""
    return Audio.from_blocks(
        lambda: change(audio.blocks(BLOCK)),
        rate=rate or audio.rate,
        channels=channels or audio.channels,
        frames=audio.frames if frames is None else frames,
    )


def cut_blocks(samples: FloatArray, size: int = BLOCK) -> Iterator[FloatArray]:
    """Yield an array in blocks."""
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def surround(blocks: Iterable[Any], reach: int) -> Iterator[tuple[Any, slice]]:
    """Yield each block with so many rows of its neighbours on both sides, fewer at the ends, and where it lies in it.

    Every block but the last must be as long as `reach` at least.
    """
    before: Any = None
    now: Any = None
    for block in blocks:
        if now is not None:
            yield _surround(before, now, block, reach)
            before = now[-reach:] if reach else now[:0]
        now = block
    if now is not None:
        yield _surround(before, now, now[:0], reach)


def _surround(before: Any, now: Any, after: Any, reach: int) -> tuple[Any, slice]:
    head = now[:0] if before is None else before
    return np.concatenate([head, now, after[:reach]]), slice(len(head), len(head) + len(now))


def create_keep(ctx: Context) -> Keep:
    """Return what puts long audio that is read several times into the call's own folder."""
    return lambda audio: audio.keep(ctx.scratch) if audio.is_long else audio


class Reader:
    """Reads spans of a stream; their beginnings must not go back. Silence lies before and behind it."""

    def __init__(self, blocks: Iterator[FloatArray], channels: int) -> None:
        self._blocks = blocks
        self._held = np.zeros((0, channels), np.float32)
        self._start = 0
        self._ended = False

    def read(self, start: int, stop: int) -> FloatArray:
        """Return frames x channels from one frame to before another."""
        self._fill(start, stop)
        low, high = max(start, self._start), min(stop, self._start + len(self._held))
        if low == start and high == stop:
            return self._held[start - self._start : stop - self._start]
        span = np.zeros((stop - start, self._held.shape[1]), np.float32)
        if high > low:
            span[low - start : high - start] = self._held[low - self._start : high - self._start]
        return span

    def _fill(self, start: int, stop: int) -> None:
        if self._ended or stop <= self._start + len(self._held):
            return
        drop = min(max(0, start - self._start), len(self._held))
        parts, have = [self._held[drop:]], len(self._held) - drop
        self._start += drop
        while not self._ended and self._start + have < stop:
            block = next(self._blocks, None)
            if block is None:
                self._ended = True
            elif have == 0 and self._start + len(block) <= start:
                self._start += len(block)
            else:
                parts.append(block)
                have += len(block)
        self._held = np.concatenate(parts)
