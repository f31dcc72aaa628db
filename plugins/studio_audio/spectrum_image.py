"""Spectrograms as grey images, in decibels, and images as spectrograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.api import MediaError, MediaLimits
from studio_audio.spectrogram import Spectrogram

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray


def draw_levels(spectrogram: Spectrogram, low: float, high: float) -> FloatArray:
    """Return rows x columns in [0, 1]: black at `low` and white at `high` decibels, the highest bin on top.

    Channels are averaged by power. 0 dB is a sine of full scale.

    Raises:
        MediaError: E640 for more columns or rows than an image may have.
    """
    limits = MediaLimits()
    if max(spectrogram.bins, spectrogram.columns) > limits.max_side:
        raise MediaError(
            "E640",
            f"an image of {spectrogram.columns} x {spectrogram.bins} pixels is over the limit of "
            f"{limits.max_side} a side",
            hint="trim the audio or take a longer hop",
        )
    levels = 20 * np.log10(np.maximum(_find_mean(spectrogram), 1e-20))
    return np.clip((levels[::-1] - low) / (high - low), 0.0, 1.0).astype(np.float32)


def _find_scale(spectrogram: Spectrogram) -> float:
    """Return the magnitude of a sine of full scale."""
    return 1.0 if spectrogram.kind == "cqt" else spectrogram.window / 4


def _find_mean(spectrogram: Spectrogram) -> FloatArray:
    mean: FloatArray = np.sqrt((spectrogram.magnitude**2).mean(axis=0)) / _find_scale(spectrogram)
    return mean


def apply_levels(spectrogram: Spectrogram, levels: FloatArray, low: float, high: float) -> Spectrogram:
    """Return a spectrogram that looks like an image: where it has changed, all channels change alike.

    Phases, and what lies below `low` where the image stays black, are kept, so that an unchanged image gives
    the same spectrogram.
    """
    before = draw_levels(spectrogram, low, high)
    mean, wanted = _find_mean(spectrogram)[::-1], _to_amplitude(levels, low, high)
    darkest = 10 ** (low / 20)
    brightest = before >= 1.0
    base = np.where(brightest, _to_amplitude(before, low, high), mean)  # what is over `high` keeps its excess
    same = np.abs(levels - before) < 1e-6
    gain = np.where(same, 1.0, wanted / np.maximum(base, 1e-20))
    faint = ~same & (mean < darkest * 1e-3)
    gain = np.where(faint, 0.0, gain)[::-1].astype(np.float32)
    magnitude = spectrogram.magnitude * gain
    magnitude += (np.where(faint, wanted, 0.0)[::-1] * _find_scale(spectrogram)).astype(np.float32)
    return spectrogram.replace(magnitude=magnitude)


def _to_amplitude(levels: FloatArray, low: float, high: float) -> FloatArray:
    """Return amplitudes; black is silence."""
    amplitude: FloatArray = np.where(levels <= 0, 0.0, 10 ** ((low + levels * (high - low)) / 20)).astype(np.float32)
    return amplitude


def read_levels(levels: FloatArray, rate: int, hop: int, low: float, high: float) -> Spectrogram:
    """Return a short-time spectrogram without phases from an image; its rows are spread over the bins."""
    columns = levels.shape[1]
    window = 4 * hop
    bins = window // 2 + 1
    amplitude = _to_amplitude(resize_levels(levels, bins, columns), low, high)[::-1] * (window / 4)
    return Spectrogram("stft", rate, (columns - 1) * hop, window, hop, magnitude=amplitude[None])


def resize_levels(levels: FloatArray, rows: int, columns: int) -> FloatArray:
    """Resize a grey image, averaging where it becomes smaller."""
    import PIL.Image

    if levels.shape == (rows, columns):
        return levels
    image = PIL.Image.fromarray(np.ascontiguousarray(levels, np.float32))
    resized = image.resize((columns, rows), PIL.Image.Resampling.BILINEAR)
    return np.clip(np.asarray(resized, np.float32), 0.0, 1.0)
