"""The level of audio over time, as numbers for the frames of a video."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio, MediaError
from studio_audio.blocks import BLOCK, change_audio
from studio_audio.filters import create_biquad, filter_blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    DoubleArray = npt.NDArray[np.float64]

MOST_VALUES = 1_000_000


def filter_band(audio: Audio, low: float, high: float) -> Audio:
    """Return the part of audio between two frequencies; a limit of 0 or from half the rate on is none."""
    sections = []
    if low > 0:
        sections += [create_biquad("high_pass", audio.rate, low)] * 2
    if high < audio.rate / 2:
        sections += [create_biquad("low_pass", audio.rate, high)] * 2
    return change_audio(audio, lambda blocks: filter_blocks(blocks, sections)) if sections else audio


def measure_levels(audio: Audio, fps: float) -> DoubleArray:
    """Return the RMS of each frame of a video with so many frames a second; the last frame may be shorter."""
    count = math.ceil(audio.frames * fps / audio.rate - 1e-9)
    if count > MOST_VALUES:
        raise MediaError("E640", f"that makes {count} values, over the limit of {MOST_VALUES}", hint="take a lower fps")
    edges = np.minimum(np.rint(np.arange(count + 1) * audio.rate / fps).astype(np.int64), audio.frames)
    sums, at = np.zeros(count), 0
    for block in audio.blocks(BLOCK):
        power = (block.astype(np.float64) ** 2).mean(axis=1)
        total = np.concatenate([[0.0], np.cumsum(power)])
        inside = np.clip(edges - at, 0, len(block))
        sums += np.diff(total[inside])
        at += len(block)
    return np.asarray(np.sqrt(sums / np.maximum(np.diff(edges), 1)), np.float64)


def smooth_levels(levels: DoubleArray, fps: float, release: float) -> DoubleArray:
    """Let levels fall no faster than by 63 % in `release` seconds."""
    if release <= 0:
        return levels
    keep, now, made = math.exp(-1 / fps / release), 0.0, []
    for level in levels.tolist():
        now = max(level, keep * now)
        made.append(now)
    return np.array(made)
