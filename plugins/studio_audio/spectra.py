"""Audio turned into spectrograms and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio, MediaError
from studio_audio import constant_q, stft
from studio_audio.spectrogram import Spectrogram

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

_LEAST_GAIN, _GREATEST_GAIN = 0.0, 1e4
_MOST_VALUES = 1 << 29


def analyse_stft(audio: Audio, window: int, hop: int) -> Spectrogram:
    """Return the short-time Fourier transform of every channel."""
    _check_size(audio, (window // 2 + 1) * stft.count_frames(audio.frames, hop))
    spectrum = np.stack([stft.transform(channel, window, hop) for channel in _split(audio)])
    return Spectrogram(
        "stft", audio.rate, audio.frames, window, hop, magnitude=np.abs(spectrum), phase=np.angle(spectrum)
    )


def analyse_mel(audio: Audio, window: int, hop: int, bands: int, low: float, high: float) -> Spectrogram:
    """Return mel bands of every channel, with the underlying spectrum as carrier."""
    columns = stft.count_frames(audio.frames, hop)
    _check_size(audio, (window // 2 + 1) * columns)
    matrix = create_mel(audio.rate, window, bands, low, high)
    spectrum = np.stack([stft.transform(channel, window, hop) for channel in _split(audio)])
    magnitude = np.sqrt(matrix @ np.abs(spectrum) ** 2)
    carrier = np.stack([spectrum.real, spectrum.imag], axis=-1)
    top = min(high, audio.rate / 2)
    return Spectrogram(
        "mel", audio.rate, audio.frames, window, hop, magnitude=magnitude, carrier=carrier, low=low, high=top
    )


def analyse_cqt(audio: Audio, low: float, high: float, octave: int) -> Spectrogram:
    """Return the constant-Q transform of every channel."""
    bins = constant_q.count_bins(audio.rate, low, high, octave)
    if bins < 2:
        raise MediaError(
            "E641", f"audio of {audio.rate} hertz has no two bins from {low:g} hertz on", hint="begin lower"
        )
    grid = constant_q.plan_grid(audio.frames, audio.rate, low, octave, bins)
    _check_size(audio, bins * grid.columns)
    found = np.stack([constant_q.transform(channel, grid) for channel in _split(audio)])
    back = np.stack([constant_q.invert(one, grid, audio.frames) for one in found])
    return Spectrogram(
        "cqt",
        audio.rate,
        audio.frames,
        grid.size,
        grid.size / grid.columns,
        magnitude=np.abs(found),
        phase=np.angle(found),
        rest=audio.samples.T - back,
        low=low,
        octave=octave,
    )


def create_mel(rate: int, window: int, bands: int, low: float, high: float) -> FloatArray:
    """Return triangles on the mel scale (O'Shaughnessy 1987): bands x bins, each with a greatest weight of 1.

    Raises:
        MediaError: E641 if the edges do not rise.
    """
    high = min(high, rate / 2)
    if not low < high:
        raise MediaError("E641", f"no bands lie from {low:g} to {high:g} hertz", hint="end higher than you begin")
    edges = _space_mel(low, high, bands + 2)
    bins = np.arange(window // 2 + 1) * rate / window
    width = rate / window
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - middle) / np.maximum(middle - left, width) + 1  # no triangle is narrower than a bin
    falling = (middle - bins) / np.maximum(right - middle, width) + 1
    triangles: FloatArray = np.clip(np.minimum(rising, falling), 0, 1).astype(np.float32)
    return triangles


def _space_mel(low: float, high: float, count: int) -> npt.NDArray[np.float64]:
    """Return frequencies in hertz that are evenly spaced on the mel scale, both ends included."""
    first, last = 2595 * np.log10(1 + np.array([low, high]) / 700)
    frequencies: npt.NDArray[np.float64] = 700 * (10 ** (np.linspace(first, last, count) / 2595) - 1)
    return frequencies


def find_frequencies(spectrogram: Spectrogram) -> npt.NDArray[np.float64]:
    """Return the frequency of each bin in hertz."""
    if spectrogram.kind == "cqt":
        return constant_q.find_frequencies(spectrogram.low, spectrogram.octave, spectrogram.bins)
    if spectrogram.kind == "stft":
        return np.arange(spectrogram.bins) * spectrogram.rate / spectrogram.window
    return _space_mel(spectrogram.low, spectrogram.high, spectrogram.bins + 2)[1:-1]


def synthesise(spectrogram: Spectrogram, rounds: int, rng: np.random.Generator, step: Step) -> Audio:
    """Return the audio of a spectrogram: with its phases where it has them, otherwise with phases that are found."""
    audio = np.zeros((spectrogram.length, spectrogram.channels), np.float32)
    for channel in range(spectrogram.channels):
        step(channel, spectrogram.channels)
        audio[:, channel] = _synthesise_channel(spectrogram, channel, rounds, rng, step)
        if spectrogram.rest is not None:
            audio[:, channel] += spectrogram.rest[channel]
    return Audio(audio, spectrogram.rate)


def _synthesise_channel(
    spectrogram: Spectrogram, channel: int, rounds: int, rng: np.random.Generator, step: Step
) -> FloatArray:
    window, hop, length = spectrogram.window, round(spectrogram.hop), spectrogram.length
    magnitude = spectrogram.magnitude[channel]

    def analyse(signal: FloatArray) -> ComplexArray:
        return stft.transform(signal, window, hop)

    def synthesise_spectrum(spectrum: ComplexArray) -> FloatArray:
        return stft.invert(spectrum, window, hop, length)

    if spectrogram.kind == "cqt":
        grid = constant_q.plan_grid(length, spectrogram.rate, spectrogram.low, spectrogram.octave, spectrogram.bins)

        def analyse(signal: FloatArray) -> ComplexArray:
            return constant_q.transform(signal, grid)

        def synthesise_spectrum(spectrum: ComplexArray) -> FloatArray:
            return constant_q.invert(spectrum, grid, length)

    elif spectrogram.kind == "mel":
        if spectrogram.carrier is not None:
            return synthesise_spectrum(_lay_on_carrier(spectrogram, channel))
        magnitude = spread_bands(spectrogram, magnitude)
    if spectrogram.phase is not None:
        return synthesise_spectrum(magnitude * np.exp(1j * spectrogram.phase[channel]).astype(np.complex64))
    angles = rng.uniform(-np.pi, np.pi, magnitude.shape).astype(np.float32)
    start = np.exp(1j * angles).astype(np.complex64)
    return stft.find_phase(
        magnitude, analyse, synthesise_spectrum, start, rounds=rounds, momentum=0.99, step=lambda *_: step(0, 0)
    )


def _lay_on_carrier(spectrogram: Spectrogram, channel: int) -> ComplexArray:
    """Return the spectrum under mel bands, with changes of the bands applied as gains."""
    assert spectrogram.carrier is not None
    matrix = create_mel(spectrogram.rate, spectrogram.window, spectrogram.bins, spectrogram.low, spectrogram.high)
    carrier = spectrogram.carrier[channel, ..., 0] + 1j * spectrogram.carrier[channel, ..., 1]
    before = np.sqrt(matrix @ np.abs(carrier) ** 2)
    wanted = spectrogram.magnitude[channel]
    if np.allclose(before, wanted, rtol=1e-5, atol=1e-9):
        return carrier
    floor = 1e-6 * max(float(before.max()), 1e-12)
    gains = np.clip((wanted + floor) / (before + floor), _LEAST_GAIN, _GREATEST_GAIN)
    total = matrix.sum(axis=0)[:, None]
    spread = (matrix.T @ gains) / np.maximum(total, 1e-6)
    changed: ComplexArray = carrier * np.where(total > 1e-6, spread, 1.0).astype(np.float32)
    return changed


def spread_bands(spectrogram: Spectrogram, bands: FloatArray, rounds: int = 30) -> FloatArray:
    """Return magnitudes of bins that have these mel bands: least squares without negatives (Lee and Seung 2001)."""
    matrix = create_mel(spectrogram.rate, spectrogram.window, spectrogram.bins, spectrogram.low, spectrogram.high)
    wanted = bands**2
    power = (matrix.T @ wanted) / np.maximum(matrix.sum(axis=0)[:, None] ** 2, 1e-6)
    above = matrix.T @ wanted
    for _ in range(rounds):
        power *= above / np.maximum(matrix.T @ (matrix @ power), 1e-20)
    magnitude: FloatArray = np.sqrt(power)
    return magnitude


def _split(audio: Audio) -> list[FloatArray]:
    return [np.ascontiguousarray(channel) for channel in audio.samples.T]


def _check_size(audio: Audio, values: int) -> None:
    if values * audio.channels > _MOST_VALUES:
        raise MediaError(
            "E640",
            f"the spectrogram of {audio.duration:.0f} seconds would contain {values * audio.channels} values, "
            f"over the limit of {_MOST_VALUES}",
            hint="trim the audio, resample it, or take a longer hop",
        )
