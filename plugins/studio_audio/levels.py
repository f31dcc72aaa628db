"""What the samples alone show: clipping and offset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio_audio.blocks import BLOCK, surround

if TYPE_CHECKING:
    from studio.api import Audio


def count_clipped(audio: Audio) -> int:
    """Return how many samples are in runs of three and more at the greatest value, if that is 0.5 or more."""
    top = max((float(np.abs(block).max()) for block in audio.blocks(BLOCK)), default=0.0)
    if top < 0.5:
        return 0
    count = 0
    for piece, own in surround(audio.blocks(BLOCK), 2):
        flat = np.abs(piece) >= top * (1 - 1e-5)
        run = flat[2:] & flat[1:-1] & flat[:-2]
        marked = np.zeros_like(flat)
        for shift in range(3):
            marked[shift : shift + len(run)] |= run
        count += int(marked[own].sum())
    return count


def find_offset(audio: Audio) -> float:
    """Return the greatest mean of a channel."""
    total = np.zeros(audio.channels)
    for block in audio.blocks(BLOCK):
        total += block.sum(axis=0, dtype=np.float64)
    return float(np.abs(total).max()) / max(audio.frames, 1)
