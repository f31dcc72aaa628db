"""Noise taken out by spectral gating."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio_audio.stft import OverlapAdder, choose_window, count_frames, iterate_spectra

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray, Step

_QUIET, _MOST_FRAMES, _PART = 0.2, 4096, 512
_SPREAD = 0.8  # decibels that the gate takes from closed to open, half


def denoise(
    samples: FloatArray, noise: FloatArray | None, rate: int, reduction: float, threshold: float, step: Step
) -> FloatArray:
    """Turn down what is not clearly over the noise, in each bin of the spectrum.

    Spectral gating (Sainburg and Gentner 2021, after Boll 1979): the gate opens where the power, smoothed over
    time and frequency, is over the noise's by `threshold` decibels.

    Args:
        samples: Frames x channels.
        noise: A sound of the noise alone, of the same rate and channels; None takes, bin by bin, the quietest fifth.
        rate: Sample rate in hertz.
        reduction: Decibels by which noise is turned down.
        threshold: Decibels over the noise's mean power from which a bin is sound.
        step: Called with work done and planned.
    """
    size = choose_window(rate, 0.046)
    hop = size // 4
    frames, (length, channels) = count_frames(len(samples), hop), samples.shape
    result = np.zeros_like(samples)
    for channel in range(channels):
        signal = np.ascontiguousarray(samples[:, channel])
        profile = _measure_noise(signal, None if noise is None else noise[:, channel], size, hop)
        if not profile.any():
            result[:, channel] = signal
            continue
        adder = OverlapAdder(size, hop, frames, length)
        for start, spectrum in iterate_spectra(signal, size, hop, _PART):
            step(channel * frames + start, channels * frames)
            adder.add(start, spectrum * _find_gain(np.abs(spectrum) ** 2, profile, reduction, threshold))
        result[:, channel] = adder.finish()
    return result


def _measure_noise(signal: FloatArray, noise: FloatArray | None, size: int, hop: int) -> FloatArray:
    """Return the mean power of the noise in each bin."""
    from scipy.ndimage import uniform_filter1d

    source = signal if noise is None else np.ascontiguousarray(noise)
    stride = max(1, count_frames(len(source), hop) // _MOST_FRAMES)
    powers = [np.abs(part[:, ::stride]) ** 2 for _, part in iterate_spectra(source, size, hop, _PART)]
    power = np.concatenate(powers, axis=1)
    if noise is not None:
        return np.asarray(power.mean(axis=1), np.float32)
    sounding = power[:, power.max(axis=0) > 0]
    if not sounding.shape[1]:
        return np.zeros(len(power), np.float32)
    smooth = np.sort(uniform_filter1d(sounding, 9, axis=1, mode="nearest"), axis=1)
    quiet = smooth[:, : max(1, round(_QUIET * smooth.shape[1]))]
    return np.asarray(quiet.mean(axis=1) * 1.3, np.float32)  # the quietest fifth of noise alone is 1.1 dB low


def _find_gain(power: FloatArray, profile: FloatArray, reduction: float, threshold: float) -> FloatArray:
    from scipy.ndimage import uniform_filter

    smooth = uniform_filter(power, (3, 7), mode="nearest")
    over = 10 * np.log10(np.maximum(smooth, 1e-20) / np.maximum(profile, 1e-20)[:, None]) - threshold
    opened = uniform_filter(1 / (1 + np.exp(-np.clip(over / _SPREAD, -30, 30))), (3, 5), mode="nearest")
    closed = 10 ** (-reduction / 20)
    gain: FloatArray = (closed + (1 - closed) * opened).astype(np.float32)
    return gain
