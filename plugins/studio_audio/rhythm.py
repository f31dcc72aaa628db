"""Onsets, tempo and beats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio_audio.resample import resample
from studio_audio.spectra import create_mel
from studio_audio.stft import iterate_spectra

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

    DoubleArray = npt.NDArray[np.float64]

RATE, WINDOW, HOP = 22_050, 2048, 256
_ONSET_WINDOW, _BANDS, _TIGHTNESS = 1024, 48, 100.0
_LAG_SECONDS = 0.008  # a frame's flux rises so long before what sets in; measured on clicks and notes
_USUAL_TEMPO, _SPREAD = 120.0, 0.7  # beats a minute, octaves
_SLOWEST, _FASTEST = 40.0, 240.0


@dataclass(frozen=True)
class Rhythm:
    """When something begins in audio.

    Attributes:
        onsets: How much begins, for each frame of `HOP` samples at `RATE`; its deviation is 1.
        tempo: Beats a minute; 0 where there is none.
        beats: Times of the beats in seconds.
        steadiness: From 0 to 1: how much of the onsets comes back after one beat.
    """

    onsets: DoubleArray
    tempo: float
    beats: DoubleArray
    steadiness: float


def prepare(samples: FloatArray, rate: int) -> FloatArray:
    """Return a mono signal at `RATE`, which all analyses work on."""
    return resample(samples.mean(axis=1, keepdims=True, dtype=np.float32), rate, RATE, "HQ")[:, 0]


def find_rhythm(signal: FloatArray) -> Rhythm:
    """Find onsets, tempo and beats of a signal at `RATE`.

    Spectral flux in mel bands; tempo from its autocorrelation; beats by dynamic programming (Ellis 2007).
    """
    onsets = measure_onsets(signal)
    period, steadiness = _find_period(onsets)
    if not period:
        return Rhythm(onsets, 0.0, np.zeros(0), 0.0)
    beats = _track(onsets, period)
    if len(beats) < 2:
        return Rhythm(onsets, 0.0, np.zeros(0), steadiness)
    places = _refine(onsets, beats) * HOP / RATE + _LAG_SECONDS
    tempo = 60 * (len(places) - 1) / (places[-1] - places[0])
    return Rhythm(onsets, float(tempo), places, steadiness)


def measure_onsets(signal: FloatArray) -> DoubleArray:
    """Return the rise of the level in mel bands, averaged, for each frame."""
    matrix = create_mel(RATE, _ONSET_WINDOW, _BANDS, 30.0, 11_000.0)
    parts = [matrix @ np.abs(part) ** 2 for _, part in iterate_spectra(signal, _ONSET_WINDOW, HOP)]
    power = np.concatenate(parts, axis=1)
    levels = 10 * np.log10(np.maximum(power, 1e-5 * float(power.max(initial=1e-12)) + 1e-12))
    rise = np.maximum(levels[:, 1:] - levels[:, :-1], 0.0).mean(axis=0)
    flux = np.concatenate([[0.0], rise])
    flux[: _ONSET_WINDOW // HOP // 2 + 1] = 0.0  # the audio setting in at its first sample is no onset
    slow = _smooth(flux, round(0.4 * RATE / HOP))
    flux = np.maximum(flux - slow, 0.0)
    deviation = float(flux.std())
    return flux / deviation if deviation > 1e-9 else np.zeros(len(flux))


def _smooth(curve: DoubleArray, width: int) -> DoubleArray:
    from scipy.ndimage import uniform_filter1d

    smooth: DoubleArray = uniform_filter1d(curve, max(1, width), mode="nearest")
    return smooth


def _find_period(onsets: DoubleArray) -> tuple[float, float]:
    """Return frames a beat, and how well the onsets repeat after it; 0 where there is none."""
    if not onsets.any():
        return 0.0, 0.0
    size = 1 << (2 * len(onsets) - 1).bit_length()
    centred = onsets - onsets.mean()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2, size)[: len(onsets)]
    correlation /= max(correlation[0], 1e-12)
    per_minute = 60 * RATE / HOP
    lags = np.arange(round(per_minute / _FASTEST), min(round(per_minute / _SLOWEST) + 1, len(onsets) - 1))
    if len(lags) < 3:
        return 0.0, 0.0
    weight = np.exp(-0.5 * (np.log2(per_minute / lags / _USUAL_TEMPO) / _SPREAD) ** 2)
    double = np.interp(2 * lags, np.arange(len(correlation)), correlation, right=0.0)
    score = (correlation[lags] + 0.5 * np.maximum(double, 0)) * weight
    best = int(np.argmax(score))
    if score[best] <= 0:
        return 0.0, 0.0
    shift = 0.0
    if 0 < best < len(lags) - 1:
        left, middle, right = score[best - 1 : best + 2]
        shift = 0.5 * (left - right) / min(left - 2 * middle + right, -1e-12)
    return float(lags[best] + shift), float(np.clip(correlation[lags[best]], 0, 1))


def _track(onsets: DoubleArray, period: float) -> npt.NDArray[np.int64]:
    """Return the frames of the beats that fit onsets and period best (Ellis 2007)."""
    spread = np.arange(-round(period), round(period) + 1)
    local = np.convolve(onsets, np.exp(-0.5 * (spread * 32.0 / period) ** 2), "same")
    back = np.arange(-round(2 * period), -max(1, round(period / 2)) + 1)
    cost = -_TIGHTNESS * np.log(-back / period) ** 2
    score, link = local.copy(), np.full(len(local), -1)
    started = False
    for now in range(len(local)):
        earlier = now + back
        valid = earlier >= 0
        if started and valid.any():
            total = cost[valid] + score[earlier[valid]]
            best = int(np.argmax(total))
            score[now] += total[best]
            link[now] = earlier[valid][best]
        elif local[now] > 0.01 * local.max():
            started = True
    tail = score[-max(1, round(period)) :]
    at = len(score) - len(tail) + int(np.argmax(tail))
    beats = []
    while at >= 0:
        beats.append(at)
        at = int(link[at])
    found = np.array(beats[::-1], np.int64)
    strong = local[found] > 0.1 * float(np.sqrt((local[found] ** 2).mean()))
    kept = np.flatnonzero(strong)
    return found[kept[0] : kept[-1] + 1] if len(kept) else found[:0]


def _refine(onsets: DoubleArray, beats: npt.NDArray[np.int64]) -> DoubleArray:
    """Move each beat to the top of the onset at it, between frames."""
    places = beats.astype(np.float64)
    for index, at in enumerate(beats):
        if 0 < at < len(onsets) - 1:
            left, middle, right = onsets[at - 1 : at + 2]
            bend = left - 2 * middle + right
            if bend < -1e-9 and middle > 0.2:
                places[index] += np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    return places
