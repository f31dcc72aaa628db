"""Schedules: the noise levels that a sampler visits, by the names of the field, for noise and flow models.

A noise model holds x0 + sigma n; a flow model holds (1 - sigma) x0 + sigma n. Formulas: Karras et al. 2022 (karras),
Esser et al. 2024 (shift), Sabour et al. 2024 (kl_optimal), Lee et al. 2024 (beta), Polyak et al. 2024
(linear_quadratic). The others walk the levels that the model was trained with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Levels = npt.NDArray[np.float64]

_SMALLEST = 1e-5
_KARRAS_EXPONENT = 7.0
_BETA = 0.6
_THRESHOLD = 0.025  # of the linear part of linear_quadratic
_NEARLY_ZERO_SHARE = 4.8973451890853435e-08  # of the image in pure noise, where a model has zero terminal SNR


@dataclass(frozen=True, eq=False)
class NoiseLevels:
    """The noise levels that a model was trained with.

    Attributes:
        sigmas: Ascending.
        flow: Whether it is a flow model, whose levels end at 1.
        shift: The shift of a flow model; 1 for none.
        steps: Timesteps of the training; the denoiser is told one of them.
    """

    sigmas: Levels
    flow: bool
    shift: float = 1.0
    steps: int = 1000

    @property
    def largest(self) -> float:
        """The level of pure noise."""
        return float(self.sigmas[-1])

    @property
    def smallest(self) -> float:
        """The lowest level."""
        return float(self.sigmas[0])

    def find_timestep(self, sigma: float) -> float:
        """Return the timestep that the denoiser is told at a level."""
        if self.flow:
            return sigma * self.steps
        if sigma <= 0:
            return 0.0
        return float(np.abs(np.log(self.sigmas) - math.log(sigma)).argmin())

    def find_level(self, timestep: float) -> float:
        """Return the level at a timestep; between two, the logarithm is interpolated."""
        if self.flow:
            return shift_level(timestep / self.steps, self.shift)
        place = min(max(timestep, 0.0), len(self.sigmas) - 1.0)
        low, high = math.floor(place), math.ceil(place)
        weight = place - low
        logs = np.log(self.sigmas)
        return float(np.exp((1 - weight) * logs[low] + weight * logs[high]))


def shift_level(level: float, shift: float) -> float:
    """Shift a level of a flow model (Esser et al. 2024, equation 23)."""
    return shift * level / (1.0 + (shift - 1.0) * level)


def make_noise_levels(shares: Sequence[float]) -> NoiseLevels:
    """Return the levels of a noise model from its cumulative products of alpha."""
    kept = np.maximum(np.asarray(shares, np.float64), _NEARLY_ZERO_SHARE)
    return NoiseLevels(np.sqrt((1.0 - kept) / kept), flow=False, steps=len(kept))


def make_flow_levels(shift: float, *, count: int = 1000, steps: int = 1000) -> NoiseLevels:
    """Return the levels of a flow model with a shift."""
    levels = np.arange(1, count + 1, dtype=np.float64) / count
    return NoiseLevels(shift_level_array(levels, shift), flow=True, shift=shift, steps=steps)


def shift_level_array(levels: Levels, shift: float) -> Levels:
    """Shift many levels."""
    return shift * levels / (1.0 + (shift - 1.0) * levels)


def find_sigmas(levels: NoiseLevels, schedule: str, steps: int) -> Levels:
    """Return the levels of a schedule, from the noisiest to 0: one more than steps, in most schedules.

    Args:
        levels: Those of the model.
        schedule: One of `SCHEDULES`.
        steps: How many steps.
    """
    return np.asarray(SCHEDULES[schedule](levels, steps), np.float64)


def _walk_normal(levels: NoiseLevels, steps: int, *, open_end: bool = False) -> list[float]:
    start, end = _find_ends(levels)
    if open_end:
        times = np.linspace(start, end, steps + 1)[:-1]
    elif math.isclose(levels.find_level(end), 0.0, abs_tol=_SMALLEST):
        return [levels.find_level(float(time)) for time in np.linspace(start, end, steps + 1)]
    else:
        times = np.linspace(start, end, steps)
    return [*(levels.find_level(float(time)) for time in times), 0.0]


def _find_ends(levels: NoiseLevels) -> tuple[float, float]:
    """Return the timesteps of the highest and the lowest level."""
    if levels.flow:
        return levels.largest * levels.steps, levels.smallest * levels.steps
    return len(levels.sigmas) - 1.0, 0.0


def _walk_sgm_uniform(levels: NoiseLevels, steps: int) -> list[float]:
    return _walk_normal(levels, steps, open_end=True)


def _walk_simple(levels: NoiseLevels, steps: int) -> list[float]:
    stride = len(levels.sigmas) / steps
    return [*(float(levels.sigmas[-(1 + int(index * stride))]) for index in range(steps)), 0.0]


def _walk_ddim_uniform(levels: NoiseLevels, steps: int) -> list[float]:
    found = [0.0]
    if math.isclose(float(levels.sigmas[1]), 0.0, abs_tol=_SMALLEST):
        found, steps = [], steps + 1
    stride = max(len(levels.sigmas) // steps, 1)
    return [*found, *(float(levels.sigmas[at]) for at in range(1, len(levels.sigmas), stride))][::-1]


def _walk_karras(levels: NoiseLevels, steps: int) -> list[float]:
    low, high = levels.smallest ** (1 / _KARRAS_EXPONENT), levels.largest ** (1 / _KARRAS_EXPONENT)
    return [*((high + np.linspace(0, 1, steps) * (low - high)) ** _KARRAS_EXPONENT), 0.0]


def _walk_exponential(levels: NoiseLevels, steps: int) -> list[float]:
    return [*np.exp(np.linspace(math.log(levels.largest), math.log(levels.smallest), steps)), 0.0]


def _walk_beta(levels: NoiseLevels, steps: int) -> list[float]:
    from scipy.stats import beta

    last = len(levels.sigmas) - 1
    places = np.rint(beta.ppf(1 - np.linspace(0, 1, steps, endpoint=False), _BETA, _BETA) * last).astype(int)
    return [*(float(levels.sigmas[place]) for place in dict.fromkeys(places.tolist())), 0.0]


def _walk_linear_quadratic(levels: NoiseLevels, steps: int) -> list[float]:
    if steps == 1:
        return [levels.largest, 0.0]
    straight = steps // 2
    curved = steps - straight
    missing = straight - _THRESHOLD * steps
    square = missing / (straight * curved**2)
    slope = _THRESHOLD / straight - 2 * missing / curved**2
    first = [_THRESHOLD * index / straight for index in range(straight)]
    second = [square * index**2 + slope * index + square * straight**2 for index in range(straight, steps)]
    return [(1.0 - share) * levels.largest for share in (*first, *second, 1.0)]


def _walk_kl_optimal(levels: NoiseLevels, steps: int) -> list[float]:
    share = np.arange(steps) / max(steps - 1, 1)
    return [*np.tan(share * math.atan(levels.smallest) + (1 - share) * math.atan(levels.largest)), 0.0]


SCHEDULES: Mapping[str, Callable[[NoiseLevels, int], Sequence[Any]]] = {
    "normal": _walk_normal,
    "simple": _walk_simple,
    "sgm_uniform": _walk_sgm_uniform,
    "ddim_uniform": _walk_ddim_uniform,
    "karras": _walk_karras,
    "exponential": _walk_exponential,
    "beta": _walk_beta,
    "linear_quadratic": _walk_linear_quadratic,
    "kl_optimal": _walk_kl_optimal,
}
"""Schedules by name: each makes the levels for a number of steps."""
