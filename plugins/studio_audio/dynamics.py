"""Compressor, limiter and loudness normalisation; channels are always turned down together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio_audio.loudness import SILENT, measure_loudness, oversample_peaks

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

_CONTROL_SECONDS = 0.0007
_TOLERANCE = 0.05  # LU that a normalised sound may be off when it is limited
_ATTEMPTS = 8
_FLOOR = 1e-9


@dataclass(frozen=True)
class Curve:
    """How a compressor answers: threshold, ratio and knee in decibels, attack and release in seconds."""

    threshold: float
    ratio: float
    knee: float
    attack: float
    release: float


def compress(samples: FloatArray, rate: int, curve: Curve, makeup: float) -> tuple[FloatArray, float]:
    """Compress feed-forward with a soft knee (Giannoulis, Massberg and Reiss 2012).

    The level is the peak of 0.7 ms; the gain moves smoothly between these steps.

    Returns:
        The sound, and the greatest reduction in decibels.
    """
    step = max(1, round(rate * _CONTROL_SECONDS))
    if not len(samples):
        return samples, 0.0
    levels = 20 * np.log10(np.maximum(_find_peaks(samples, step), _FLOOR))
    wanted = _find_reduction(levels, curve)
    smooth = _smooth(wanted, math.exp(-step / rate / curve.attack), math.exp(-step / rate / curve.release))
    centres = (np.arange(len(smooth)) + 0.5) * step
    decibels = np.interp(np.arange(len(samples)), centres, smooth).astype(np.float32)
    gain = np.exp((np.float32(makeup) - decibels) * np.float32(math.log(10) / 20))
    return samples * gain[:, None], float(smooth.max(initial=0.0))


def _find_peaks(samples: FloatArray, step: int) -> FloatArray:
    peaks = np.abs(samples).max(axis=1)
    padded = np.zeros(-(-len(peaks) // step) * step, np.float32)
    padded[: len(peaks)] = peaks
    found: FloatArray = padded.reshape(-1, step).max(axis=1)
    return found


def _find_reduction(levels: FloatArray, curve: Curve) -> npt.NDArray[np.float64]:
    over, slope = levels - curve.threshold, 1 - 1 / curve.ratio
    knee = max(curve.knee, 1e-6)
    inside = slope * np.clip(over + knee / 2, 0, None) ** 2 / (2 * knee)
    reduction: npt.NDArray[np.float64] = np.where(2 * over > knee, slope * over, inside)
    return reduction


def _smooth(wanted: npt.NDArray[np.float64], attack: float, release: float) -> npt.NDArray[np.float64]:
    smooth, now = [], 0.0
    for value in wanted.tolist():
        keep = attack if value > now else release
        now = keep * now + (1 - keep) * value
        smooth.append(now)
    return np.array(smooth)


def limit(
    samples: FloatArray, rate: int, ceiling: float, *, ahead: float, release: float, true_peak: bool
) -> FloatArray:
    """Keep a sound under a ceiling (an amplitude) by turning it down beforehand.

    No sample is over the ceiling; with `true_peak` none of the instants between samples either (ITU-R BS.1770-4).

    Args:
        samples: Frames x channels.
        rate: Sample rate in hertz.
        ceiling: Greatest absolute value of the result.
        ahead: Seconds over which it is turned down.
        release: Seconds in which 10 dB come back.
        true_peak: Look at what lies between samples too.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    aim = ceiling
    for _ in range(4):
        peaks = oversample_peaks(samples) if true_peak else np.abs(samples).max(axis=1, initial=0.0)
        if not len(peaks) or peaks.max() <= ceiling:
            return samples
        if true_peak:
            np.maximum(peaks[1:], peaks[:-1], out=peaks[1:])  # the instants before a frame count as well
        needed = np.minimum(20 * np.log10(aim / np.maximum(peaks.astype(np.float64), _FLOOR)), 0.0)
        slope = np.arange(len(needed)) * (10 / release / rate)
        needed = np.minimum(np.minimum.accumulate(needed - slope) + slope, 0.0)
        width = 2 * max(1, round(ahead * rate / 2)) + 1
        gain = uniform_filter1d(minimum_filter1d(10.0 ** (needed / 20), width, mode="nearest"), width, mode="nearest")
        samples = samples * np.minimum(gain, 1.0).astype(np.float32)[:, None]
        if not true_peak:
            return np.clip(samples, -ceiling, ceiling)  # rounding only
        aim = ceiling * 0.995
    return samples * np.float32(min(1.0, ceiling / float(oversample_peaks(samples).max())))


def normalize(samples: FloatArray, rate: int, target: float, ceiling: float, peaks: str) -> tuple[FloatArray, float]:
    """Bring a sound to a loudness, with its true peak under a ceiling.

    Args:
        samples: Frames x channels.
        rate: Sample rate in hertz.
        target: LUFS.
        ceiling: Amplitude of the true peak.
        peaks: What to do where the gain would break the ceiling: "limit" the peaks, "reduce" the gain, or "allow".

    Returns:
        The sound, and the loudness that it had, minus infinity for silence (which stays silence).
    """
    before = measure_loudness(samples, rate)
    if before == SILENT:
        return samples, before
    gain, result = target - before, samples
    for _ in range(_ATTEMPTS):
        result = samples * np.float32(10 ** (gain / 20))
        if peaks == "allow":
            break
        highest = float(oversample_peaks(result).max(initial=0.0))
        if highest <= ceiling:
            break
        if peaks == "reduce":
            result = result * np.float32(ceiling / highest)
            break
        result = limit(result, rate, ceiling, ahead=0.003, release=0.08, true_peak=True)
        missing = target - measure_loudness(result, rate)
        if abs(missing) < _TOLERANCE:
            break
        gain += min(1.5 * missing, 6.0)  # the limiter takes part of it again
    return result, before
