"""How sharp pictures are: the share of their energy in fine detail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LIMIT = 0.25
"""Frequency above which detail is fine, in cycles a pixel: a quarter of the sampling rate."""


def measure_fine_energy(picture: np.ndarray, limit: float = LIMIT) -> float:
    """Return the share of a picture's energy (without its mean) above a frequency, 0..1.

    Args:
        picture: height x width x 3, uint8 or float.
        limit: The frequency, in cycles a pixel, at most 0.5.
    """
    gray = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    window = np.hanning(gray.shape[0])[:, None] * np.hanning(gray.shape[1])[None]
    mean = (gray * window).sum() / window.sum()
    power = np.abs(np.fft.fft2((gray - mean) * window)) ** 2
    down, across = (np.fft.fftfreq(length) for length in gray.shape)
    fine = np.hypot(down[:, None], across[None]) > limit
    total = float(power.sum())
    return float(power[fine].sum()) / total if total > 1e-9 else 0.0


def measure_sharpness(pictures: Sequence[np.ndarray], drawn: Sequence[np.ndarray]) -> float:
    """Return the mean share of fine energy of pictures, as a share of that of drawn ones."""
    made, asked = (float(np.mean([measure_fine_energy(p) for p in some])) for some in (pictures, drawn))
    return made / asked if asked else 0.0
