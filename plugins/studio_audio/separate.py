"""A sound split into what sings and what strikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio_audio.stft import OverlapAdder, choose_window, count_frames, iterate_spectra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

_ALONG_SECONDS, _ACROSS_HERTZ = 0.2, 500.0
_PART = 512


def split(samples: FloatArray, rate: int, margin: float, step: Step) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return harmonic, percussive and remaining parts, which add up to the sound.

    Medians along time and along frequency (Fitzgerald 2010) as soft masks; a margin above 1 leaves what is
    neither (Driedger, Mueller and Disch 2014). Done in parts, so that memory does not grow with the spectrum.
    """
    size = choose_window(rate, 0.046)
    hop = size // 4
    along = 2 * max(1, round(_ALONG_SECONDS * rate / hop / 2)) + 1
    across = 2 * max(1, round(_ACROSS_HERTZ * size / rate / 2)) + 1
    parts = [np.zeros_like(samples) for _ in range(2)]
    frames, (length, channels) = count_frames(len(samples), hop), samples.shape
    for channel in range(channels):
        adders = [OverlapAdder(size, hop, frames, length) for _ in range(2)]
        signal = np.ascontiguousarray(samples[:, channel])
        for start, spectrum, masks in _iterate_masks(signal, size, hop, along, across, margin):
            step(channel * frames + start, channels * frames)
            for adder, mask in zip(adders, masks, strict=True):
                adder.add(start, spectrum * mask)
        for part, adder in zip(parts, adders, strict=True):
            part[:, channel] = adder.finish()
    harmonic, percussive = parts
    if margin <= 1.0:
        harmonic = samples - percussive  # the masks add up to 1; so do the parts, to the last bit
        return harmonic, percussive, np.zeros_like(samples)
    return harmonic, percussive, samples - harmonic - percussive


def _iterate_masks(
    signal: FloatArray, size: int, hop: int, along: int, across: int, margin: float
) -> Iterator[tuple[int, ComplexArray, tuple[FloatArray, FloatArray]]]:
    """Yield parts of the spectrum with both masks; neighbours are there for the medians."""
    from scipy.ndimage import median_filter

    reach = along // 2
    before = np.zeros((size // 2 + 1, 0), np.complex64)
    pending: tuple[int, ComplexArray] | None = None

    def finish(
        start: int, middle: ComplexArray, after: ComplexArray
    ) -> tuple[int, ComplexArray, tuple[FloatArray, FloatArray]]:
        wide = np.abs(np.concatenate([before[:, -reach:], middle, after[:, :reach]], axis=1))
        own = slice(min(before.shape[1], reach), min(before.shape[1], reach) + middle.shape[1])
        tones = median_filter(wide, size=(1, along), mode="reflect")[:, own]
        strikes = median_filter(wide[:, own], size=(across, 1), mode="reflect")
        return start, middle, (compute_mask(tones, strikes * margin), compute_mask(strikes, tones * margin))

    for start, spectrum in iterate_spectra(signal, size, hop, _PART):
        if pending is not None:
            yield finish(*pending, spectrum)
            before = pending[1]
        pending = (start, spectrum)
    if pending is not None:
        yield finish(*pending, np.zeros((size // 2 + 1, 0), np.complex64))


def compute_mask(wanted: FloatArray, other: FloatArray) -> FloatArray:
    """Return the share of the wanted power, between 0 and 1; a half where there is none."""
    scale = np.maximum(np.maximum(wanted, other), 1e-20)
    first, second = (wanted / scale) ** 2, (other / scale) ** 2
    total = first + second
    mask: FloatArray = np.where(total > 0, first / np.maximum(total, 1e-20), 0.5).astype(np.float32)
    return mask
