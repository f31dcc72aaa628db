"""Tones, noise and silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray


def create_tone(frames: int, rate: int, start: float, end: float, shape: str) -> FloatArray:
    """Return a wave of amplitude 1 whose frequency goes from `start` to `end` hertz exponentially.

    All but the sine are sums of sines below half the rate, so nothing aliases.
    """
    time = np.arange(frames) / rate
    seconds = max(frames / rate, 1e-9)
    if start == end:
        phase, frequency = 2 * np.pi * start * time, np.full(frames, start)
    else:
        slope = np.log(end / start) / seconds
        frequency = start * np.exp(slope * time)
        phase = 2 * np.pi * (frequency - start) / slope
    if shape == "sine":
        return np.sin(phase).astype(np.float32)
    wave = np.zeros(frames)
    for number in range(1, int(min(rate / 2 / max(min(start, end), 1e-3), 2048)) + 1):
        if shape != "sawtooth" and number % 2 == 0:
            continue
        weight = {"sawtooth": 2 / np.pi / number, "square": 4 / np.pi / number}.get(
            shape, 8 / np.pi**2 / number**2 * (-1) ** (number // 2)
        )
        wave += weight * np.sin(number * phase) * (number * frequency < rate / 2)
    return wave.astype(np.float32)


def create_noise(frames: int, channels: int, rng: np.random.Generator, color: str) -> FloatArray:
    """Return noise with an RMS of 1: white, pink (power falls by 3 dB an octave) or brown (6 dB)."""
    noise = rng.standard_normal((frames, channels))
    if color != "white" and frames > 1:
        spectrum = np.fft.rfft(noise, axis=0)
        number = np.arange(len(spectrum), dtype=np.float64)
        number[0] = np.inf
        spectrum *= (number ** (-0.5 if color == "pink" else -1.0))[:, None]
        noise = np.fft.irfft(spectrum, n=frames, axis=0)
        noise /= max(float(np.sqrt((noise**2).mean())), 1e-12)
    return noise.astype(np.float32)
