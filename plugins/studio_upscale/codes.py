"""Codes: numbers about a whole image that a network takes beside each tile of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from studio_upscale.gauge import KERNELS, Gauge
from studio_upscale.jpeg import find_code
from studio_upscale.pixels import AnyArray, FloatArray

CODES = 3
EVEN = dict.fromkeys(KERNELS, 1.0)
USUAL = EVEN | {"antialiased": 2.0}
"""How often images are made small in each way, in proportion: most software smooths."""


def find_codes(
    plane: FloatArray, gauge: Gauge, scale: int, odds: Mapping[str, float] = EVEN
) -> tuple[float, float, float]:
    """Inspect an image that is to be enlarged.

    Args:
        plane: Brightness, height x width, 0 to 1.
        gauge: What guesses how it was made small.
        scale: By how many times it is to be enlarged.
        odds: How often images are made small in each way; the gauge takes each for as usual as the others.

    Returns:
        How likely it was sampled without smoothing, how likely it is the mean of areas, and how hard it was
        compressed; each 0 to 1.
    """
    return _weigh(gauge.guess(plane, scale), odds, find_code(plane))


def _weigh(guess: AnyArray, odds: Mapping[str, float], pressed: float) -> tuple[float, float, float]:
    weighed = guess * np.array([odds[kernel] for kernel in KERNELS])
    shares = dict(zip(KERNELS, weighed / weighed.sum(), strict=True))
    return float(shares["cubic"]), float(shares["area"]), pressed


UNSEEN = _weigh(np.ones(len(KERNELS)), USUAL, 0.0)
"""What a network is told of an image that inspection would say nothing of: what is usual, without a trace of JPEG."""
