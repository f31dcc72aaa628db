"""The waves of a mark in audio: a sum of waves that repeats every four seconds, and frames of short spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studio_provenance.keyed_phases import KeyedPhases, draw_phases

if TYPE_CHECKING:
    import numpy.typing as npt

    ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]
    FloatArray = npt.NDArray[np.floating[Any]]

RATE = 16_000  # hertz at which marks are made and found: resampling of a file changes nothing there
PERIOD = 1 << 16  # samples after which the mark repeats
HOP = 320  # samples; a second has a whole number of hops
WINDOW = 2 * HOP
LOWEST, HIGHEST = 2048, 26_624  # periods of the waves in PERIOD: 500 to 6,500 Hz
_GROUPS = 12
_QUIETEST = 1e-4  # amplitude of a wave in a frame that counts as silent
SILENT = 1.25 * _QUIETEST * WINDOW / 4  # level of such a wave in the spectrum of a frame
_NEIGHBORHOOD = 7  # frequencies of a frame, 25 Hz apart, whose level is measured together


@dataclass(frozen=True)
class AudioWaves:
    """What a key draws for the waves, and which are similar in length."""

    keyed: KeyedPhases
    groups: npt.NDArray[np.int64]


def create_waves(key: bytes) -> AudioWaves:
    """Return the waves of a mark under a key."""
    count = HIGHEST - LOWEST
    return AudioWaves(draw_phases(key, "audio", count), np.arange(count) * _GROUPS // count)


def render_waves(waves: ComplexArray) -> FloatArray:
    """Return one period of the sum of waves, scaled to a standard deviation of 1."""
    spectrum = np.zeros(PERIOD // 2 + 1, np.complex128)
    spectrum[LOWEST:HIGHEST] = waves
    samples = np.fft.irfft(spectrum)
    return np.asarray(samples / samples.std())


def measure_waves(period: FloatArray) -> ComplexArray:
    """Return how strongly each wave is in one period."""
    heard: ComplexArray = np.fft.rfft(period)[LOWEST:HIGHEST]
    return heard


def create_window() -> FloatArray:
    """Return the window of a frame; its squares add up to 1 at half overlap."""
    return np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)


def split_frames(samples: FloatArray) -> ComplexArray:
    """Return the spectra of frames, HOP apart: frames x frequencies."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    spectra: ComplexArray = np.fft.rfft(frames * create_window(), axis=1)
    return spectra


def join_frames(spectra: ComplexArray) -> FloatArray:
    """Return samples from the spectra of frames."""
    frames = np.fft.irfft(spectra, WINDOW, axis=1) * create_window()
    samples = np.zeros((len(frames) + 1) * HOP)
    for half in (0, 1):
        part = frames[:, half * HOP : (half + 1) * HOP].reshape(-1)
        samples[half * HOP : half * HOP + len(part)] += part
    return samples


def measure_levels(spectra: ComplexArray) -> FloatArray:
    """Return the level around each frequency of each frame: the geometric mean, low where single tones stick out."""
    import cv2

    power = np.log(np.abs(spectra) ** 2 + (_QUIETEST * WINDOW / 4) ** 2)
    smooth = cv2.blur(power, (_NEIGHBORHOOD, 1), borderType=cv2.BORDER_REFLECT)
    return np.exp(smooth / 2)
