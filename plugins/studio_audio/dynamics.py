"""Compressor, limiter and loudness normalisation; channels are always turned down together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio.api.audio_blocks import regroup
from studio_audio.blocks import BLOCK, change_audio, surround
from studio_audio.loudness import SILENT, find_true_peak, integrate, measure_stream, oversample_blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.blocks import Keep
    from studio_audio.bounds import FloatArray, Step

    DoubleArray = npt.NDArray[np.float64]

_CONTROL_SECONDS = 0.0007
_TOLERANCE = 0.05  # LU that normalised audio may be off when it is limited
_ATTEMPTS = 8
_PASSES = 5
_STEPS = 2048
_FLOOR = 1e-9


@dataclass(frozen=True)
class Curve:
    """How a compressor answers: threshold, ratio and knee in decibels, attack and release in seconds."""

    threshold: float
    ratio: float
    knee: float
    attack: float
    release: float


def compress(audio: Audio, curve: Curve, makeup: float, key: Audio | None = None) -> tuple[Audio, float]:
    """Compress feed-forward with a soft knee (Giannoulis, Massberg and Reiss 2012).

    The level is the peak of 0.7 ms; the gain moves smoothly between these steps. With a key, which has the same rate
    and length, its level is what counts.

    Returns:
        The audio, and the greatest reduction in decibels.
    """
    rate = audio.rate
    heard = audio if key is None else key
    deepest = (float(reductions.max(initial=0.0)) for _, reductions in _follow(heard.blocks(BLOCK), rate, curve))
    reduction = max(deepest, default=0.0)

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        if key is None:
            return _compress_blocks(_follow(blocks, rate, curve), rate, makeup)
        followed = _follow(key.blocks(BLOCK), rate, curve)
        own = regroup(blocks, _find_step(rate) * _STEPS)
        pairs = ((block, reductions) for block, (_, reductions) in zip(own, followed, strict=True))
        return _compress_blocks(pairs, rate, makeup)

    return change_audio(audio, change), reduction


def _find_step(rate: int) -> int:
    return max(1, round(rate * _CONTROL_SECONDS))


def _compress_blocks(pairs: Iterator[tuple[FloatArray, DoubleArray]], rate: int, makeup: float) -> Iterator[FloatArray]:
    step = _find_step(rate)
    before: float | None = None
    now = next(pairs, None)
    while now is not None:
        (block, reductions), now = now, next(pairs, None)
        first = reductions[0] if before is None else before
        last = reductions[-1] if now is None else now[1][0]
        centres = (np.arange(-1, len(reductions) + 1) + 0.5) * step
        decibels = np.interp(np.arange(len(block)), centres, [first, *reductions, last]).astype(np.float32)
        before = float(reductions[-1])
        yield block * np.exp((np.float32(makeup) - decibels) * np.float32(math.log(10) / 20))[:, None]


def _follow(blocks: Iterator[FloatArray], rate: int, curve: Curve) -> Iterator[tuple[FloatArray, DoubleArray]]:
    """Yield blocks and the reduction in each of their steps, in decibels."""
    step, now = _find_step(rate), 0.0
    attack, release = (math.exp(-step / rate / seconds) for seconds in (curve.attack, curve.release))
    for block in regroup(blocks, step * _STEPS):
        levels = 20 * np.log10(np.maximum(_find_peaks(block, step), _FLOOR))
        reductions = _smooth(_find_reduction(levels, curve), attack, release, now)
        now = float(reductions[-1])
        yield block, reductions


def _find_peaks(samples: FloatArray, step: int) -> FloatArray:
    peaks = np.abs(samples).max(axis=1)
    padded = np.zeros(-(-len(peaks) // step) * step, np.float32)
    padded[: len(peaks)] = peaks
    found: FloatArray = padded.reshape(-1, step).max(axis=1)
    return found


def _find_reduction(levels: FloatArray, curve: Curve) -> DoubleArray:
    over, slope = levels - curve.threshold, 1 - 1 / curve.ratio
    knee = max(curve.knee, 1e-6)
    inside = slope * np.clip(over + knee / 2, 0, None) ** 2 / (2 * knee)
    reduction: DoubleArray = np.where(2 * over > knee, slope * over, inside)
    return reduction


def _smooth(wanted: DoubleArray, attack: float, release: float, now: float) -> DoubleArray:
    smooth = []
    for value in wanted.tolist():
        keep = attack if value > now else release
        now = keep * now + (1 - keep) * value
        smooth.append(now)
    return np.array(smooth)


@dataclass(frozen=True)
class Ceiling:
    """What a limiter holds: a greatest amplitude, turned down in `ahead` seconds, 10 dB given back in `release`."""

    amplitude: float
    ahead: float
    release: float
    true_peak: bool = True


def limit(audio: Audio, ceiling: Ceiling, keep: Keep, step: Step) -> Audio:
    """Keep audio under a ceiling by turning it down beforehand.

    No sample is over the ceiling; with `true_peak` none of the instants between samples either (ITU-R BS.1770-4).
    What is between samples changes as the gain does, so that is done up to three times more where it is needed.

    Args:
        audio: Audio.
        ceiling: What to hold.
        keep: Puts audio between two passes somewhere.
        step: Called with passes done and planned.
    """
    top = ceiling.amplitude
    if not ceiling.true_peak:
        if max((float(np.abs(block).max()) for block in audio.blocks(BLOCK)), default=0.0) <= top:
            return audio
        limited = _turn_down(audio, 1.0, top, ceiling)
        return change_audio(limited, lambda blocks: (np.clip(block, -top, top) for block in blocks))  # rounding only
    aim = top
    for done in range(_PASSES):
        step(done, _PASSES)
        highest = find_true_peak(audio.blocks(BLOCK))
        if highest <= top:
            return audio
        if done == _PASSES - 1:
            return change_gain(audio, top / highest)
        audio = keep(_turn_down(audio, 1.0, aim, ceiling))
        aim = top * 0.995
    return audio


def change_gain(audio: Audio, factor: float) -> Audio:
    """Multiply audio."""
    return change_audio(audio, lambda blocks: (block * np.float32(factor) for block in blocks))


def follow_curve(audio: Audio, points: Sequence[tuple[float, float]]) -> Audio:
    """Change the gain along points in seconds and decibels, on straight lines."""
    times, gains = zip(*points, strict=True)

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        at = 0
        for block in blocks:
            decibels = np.interp(np.arange(at, at + len(block)) / audio.rate, times, gains)
            yield block * (10 ** (decibels / 20)).astype(np.float32)[:, None]
            at += len(block)

    return change_audio(audio, change)


def _turn_down(audio: Audio, factor: float, aim: float, ceiling: Ceiling, peaks: Audio | None = None) -> Audio:
    """Return audio times a factor, turned down wherever it is over the aim.

    Args:
        audio: Audio.
        factor: Gain beforehand.
        aim: Amplitude not to be exceeded.
        ceiling: How it is turned down.
        peaks: The peaks of the audio without the gain, if they are known.
    """

    def create_blocks() -> Iterator[FloatArray]:
        # a frame that several blocks away is too loud must not be missed, and filters start alike for every block
        reach = 2 * max(1, round(ceiling.ahead * audio.rate / 2)) + 1
        size = max(BLOCK // 2, reach)
        found = find_peaks(audio, ceiling.true_peak) if peaks is None else peaks.blocks(size)
        needed = _find_needed(regroup(found, size), audio.rate, factor, aim, ceiling.release)
        for block, gain in zip(audio.blocks(size), _smooth_gain(needed, reach), strict=True):
            yield block * np.float32(factor) * gain.astype(np.float32)[:, None]

    return Audio.from_blocks(create_blocks, rate=audio.rate, channels=audio.channels, frames=audio.frames)


def find_peaks(audio: Audio, true_peak: bool) -> Iterator[FloatArray]:
    """Yield the greatest absolute value around each frame, of all channels: frames x 1."""
    if not true_peak:
        for block in audio.blocks(BLOCK):
            yield np.abs(block).max(axis=1, initial=0.0)[:, None]
        return
    last = np.float32(0.0)
    for peaks in oversample_blocks(audio.blocks(BLOCK)):
        both = np.maximum(peaks, np.concatenate([[last], peaks[:-1]]))  # the instants before a frame count as well
        last = peaks[-1]
        yield both[:, None]


def _find_needed(
    peaks: Iterable[FloatArray], rate: int, factor: float, aim: float, release: float
) -> Iterator[DoubleArray]:
    """Yield the gain that each frame needs, in decibels up to 0, given back at an even pace."""
    slope, now = 10 / release / rate, 0.0
    for block in peaks:
        levels = np.maximum(block[:, 0].astype(np.float64) * factor, _FLOOR)
        needed = np.minimum(20 * np.log10(aim / levels), 0.0)
        rise = np.arange(1, len(needed) + 1) * slope
        needed = np.minimum(np.minimum(np.minimum.accumulate(needed - rise), now) + rise, 0.0)
        now = float(needed[-1])
        yield needed


def _smooth_gain(needed: Iterator[DoubleArray], width: int) -> Iterator[DoubleArray]:
    """Yield the gain: the least within the width, its corners rounded over the width."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    for around, own in surround(needed, width):
        least = minimum_filter1d(10.0 ** (around / 20), width, mode="nearest")
        yield np.minimum(uniform_filter1d(least, width, mode="nearest"), 1.0)[own]


@dataclass(frozen=True)
class Loudness:
    """Audio, the loudness that it had, and the one that it has, in LUFS: minus infinity for silence."""

    audio: Audio
    before: float
    after: float


def normalize(audio: Audio, target: float, top: float, peaks: str, keep: Keep, step: Step) -> Loudness:
    """Bring audio to a loudness, with its true peak under a ceiling.

    Args:
        audio: Audio.
        target: LUFS.
        top: Amplitude of the true peak.
        peaks: What to do where the gain would break the ceiling: "limit" the peaks, "reduce" the gain, or "allow".
        keep: Puts audio between two passes somewhere.
        step: Called with passes done and planned.
    """
    step(0, _ATTEMPTS)
    before = measure_audio(audio)
    if before == SILENT:
        return Loudness(audio, before, before)
    gain = 10 ** ((target - before) / 20)
    if peaks == "allow":
        return Loudness(change_gain(audio, gain), before, target)
    found = Audio.from_blocks(lambda: find_peaks(audio, True), rate=audio.rate, channels=1, frames=audio.frames)
    found = keep(found)
    highest = max(float(block.max()) for block in found.blocks(BLOCK))
    if highest * gain <= top or peaks == "reduce":
        gain = min(gain, top / highest)
        return Loudness(change_gain(audio, gain), before, before + 20 * math.log10(gain))
    return _limit_to(audio, found, Loudness(audio, before, target), top, keep, step)


def _limit_to(audio: Audio, found: Audio, wanted: Loudness, top: float, keep: Keep, step: Step) -> Loudness:
    """Limit audio with as much gain as it takes to have the loudness nevertheless."""
    ceiling = Ceiling(top, ahead=0.003, release=0.08)
    gain = wanted.after - wanted.before
    for attempt in range(1, _ATTEMPTS):
        step(attempt, _ATTEMPTS)
        loud = _turn_down(audio, 10 ** (gain / 20), top, ceiling, found)
        missing = wanted.after - measure_audio(loud)
        if abs(missing) < _TOLERANCE:
            break
        gain += min(1.5 * missing, 6.0)  # the limiter takes part of it again
    held = limit(keep(loud), ceiling, keep, lambda done, total: step(_ATTEMPTS, _ATTEMPTS))
    return Loudness(held, wanted.before, measure_audio(held))


def measure_audio(audio: Audio) -> float:
    """Return the integrated loudness in LUFS; minus infinity for silence."""
    return integrate(*measure_stream(audio.blocks(BLOCK), audio.frames, audio.rate))
