"""Signals that the tests make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.api import Audio

RATE = 22_050


def make_tone(frequency: float = 440.0, seconds: float = 1.0, *, rate: int = RATE, channels: int = 1) -> Audio:
    """A sine of amplitude 0.5."""
    wave = 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return Audio(np.repeat(wave[:, None], channels, axis=1).astype(np.float32), rate)


def make_noise(seconds: float = 1.0, *, rate: int = RATE, channels: int = 1, seed: int = 0) -> Audio:
    """White noise of RMS 0.1."""
    noise = np.random.default_rng(seed).standard_normal((round(seconds * rate), channels))
    return Audio((0.1 * noise).astype(np.float32), rate)


def make_notes(frequencies: Sequence[float], each: float = 0.5, *, rate: int = RATE, bright: float = 1.0) -> Audio:
    """Plucked notes, one after the other; the brighter, the stronger their harmonics."""
    time = np.arange(round(each * rate)) / rate
    notes = [
        sum(np.sin(2 * np.pi * f * h * time) / h ** (2 - bright) for h in range(1, 7) if f * h < rate / 2)
        * np.exp(-4 * time) * np.minimum(1, time / 0.004)
        for f in frequencies
    ]  # fmt: skip
    return Audio(0.2 * np.concatenate(notes).astype(np.float32), rate)


def make_vowel(pitch: float = 120.0, formants: Sequence[float] = (700, 1200, 2600), seconds: float = 0.8) -> Audio:
    """A sung vowel: pulses through resonances, with a little vibrato."""
    from scipy.signal import lfilter

    time = np.arange(round(seconds * RATE)) / RATE
    phase = np.cumsum(pitch * (1 + 0.01 * np.sin(2 * np.pi * 5 * time))) / RATE
    wave = np.diff(np.floor(phase), prepend=0.0)
    for formant in formants:
        radius = np.exp(-np.pi * 90 / RATE)
        wave = lfilter([1.0], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], wave)
    return Audio((0.4 * wave / np.abs(wave).max()).astype(np.float32), RATE)


def find_frequency(audio: Audio) -> float:
    """The strongest frequency of the first channel, in hertz."""
    signal = audio.samples[:, 0] * np.hanning(audio.frames)
    level = np.log(np.abs(np.fft.rfft(signal, 1 << 17)) + 1e-12)
    return float(np.argmax(level)) * audio.rate / (1 << 17)


def find_rms(audio: Audio) -> float:
    """The RMS of all samples."""
    return float(np.sqrt((audio.samples.astype(np.float64) ** 2).mean()))


def make_song(beats: int = 48, tempo: float = 120.0) -> Audio:
    """Four bars soft and low, four bars loud and high, and so on, with a stroke at each beat."""
    scale = [220, 262, 330, 262, 349, 330, 294, 247]
    notes = [scale[i % 8] * (2 if i // 16 % 2 else 1) for i in range(beats)]
    sound = make_notes(notes, 60 / tempo).samples.copy()
    length = len(sound) // beats
    stroke = make_noise(0.03).samples * np.exp(-np.arange(662) / 150)[:, None]
    for beat in range(beats):
        level = 2.5 if beat // 16 % 2 else 0.5
        sound[beat * length : (beat + 1) * length] *= level
        sound[beat * length : beat * length + 662] += stroke * level
    return Audio(sound * 0.5, RATE)
