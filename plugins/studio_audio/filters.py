"""Biquad filters after the Audio EQ Cookbook (Bristow-Johnson, W3C note 2021), and their use in blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api.audio_blocks import gather_blocks
from studio_audio.blocks import cut_blocks
from studio_audio.bounds import check_frequency

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bands import Band
    from studio_audio.bounds import FloatArray

    Sections = npt.NDArray[np.float64]


def create_biquad(kind: str, rate: int, frequency: float, gain: float = 0.0, q: float = math.sqrt(0.5)) -> list[float]:
    """Return one second-order section b0, b1, b2, 1, a1, a2.

    Args:
        kind: One of `studio_audio.bands.KINDS`.
        rate: Sample rate in hertz.
        frequency: Centre or corner in hertz, below half the rate.
        gain: Decibels, for peaks and shelves.
        q: Quality; for shelves 0.707 is the steepest without overshoot.
    """
    angle = 2 * math.pi * frequency / rate
    cos, alpha, level = math.cos(angle), math.sin(angle) / (2 * q), 10.0 ** (gain / 40)
    root = 2 * math.sqrt(level) * alpha
    up, down, sign = level + 1, level - 1, 1 if kind == "low_shelf" else -1
    if kind.endswith("_shelf"):
        b = [level * (up - sign * down * cos + root), sign * 2 * level * (down - sign * up * cos),
             level * (up - sign * down * cos - root)]  # fmt: skip
        a = [up + sign * down * cos + root, -sign * 2 * (down + sign * up * cos), up + sign * down * cos - root]
    else:
        a = [1 + alpha, -2 * cos, 1 - alpha]
        b = {
            "low_pass": [(1 - cos) / 2, 1 - cos, (1 - cos) / 2],
            "high_pass": [(1 + cos) / 2, -1 - cos, (1 + cos) / 2],
            "band_pass": [alpha, 0.0, -alpha],
            "notch": [1.0, -2 * cos, 1.0],
            "peak": [1 + alpha * level, -2 * cos, 1 - alpha * level],
        }[kind]
        if kind == "peak":
            a = [1 + alpha / level, -2 * cos, 1 - alpha / level]
    return [value / a[0] for value in (*b, *a)]


def create_bands(bands: Sequence[Band], rate: int) -> list[list[float]]:
    """Turn bands into second-order sections.

    Raises:
        MediaError: E641 for a frequency of half the rate or more.
    """
    return [create_biquad(band.kind, rate, check_frequency(band.frequency, rate), band.gain, band.q) for band in bands]


def filter_samples(samples: FloatArray, sections: Any) -> FloatArray:
    """Filter frames x channels, in double precision and in blocks."""
    if not len(sections):
        return samples
    return gather_blocks(filter_blocks(cut_blocks(samples), sections), samples.shape[1], len(samples))


def filter_blocks(blocks: Iterable[FloatArray], sections: Any) -> Iterator[FloatArray]:
    """Filter a stream, in double precision."""
    from scipy.signal import sosfilt

    sections = np.asarray(sections, np.float64).reshape(-1, 6)
    state = None
    for block in blocks:
        if not len(sections):
            yield block
            continue
        if state is None:
            state = np.zeros((len(sections), 2, block.shape[1]))
        filtered, state = sosfilt(sections, block.astype(np.float64), axis=0, zi=state)
        yield filtered.astype(np.float32)
