"""Marks audio and finds marks in it: waves under the level of the sound around each of their frequencies.

Spread spectrum under a mask: Boney, Tewfik and Hamdy, "Digital watermarks for audio signals", IEEE Multimedia 1996;
a block that repeats and a search over time: Kirovski and Malvar, "Spread-spectrum watermarking of audio signals",
IEEE Trans. Signal Processing 51, 2003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Audio, MediaError
from studio.api.audio_blocks import regroup
from studio_provenance.audio_waves import (
    HIGHEST,
    HOP,
    LOWEST,
    PERIOD,
    RATE,
    SILENT,
    AudioWaves,
    create_waves,
    join_frames,
    measure_levels,
    measure_waves,
    render_waves,
    split_frames,
)
from studio_provenance.found_mark import FoundMark
from studio_provenance.keyed_phases import whiten_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

SHORTEST_SECONDS = 2.0
_LEVEL = 10 ** (-15 / 20)  # of the mark, below the geometric mean around a frequency
_SECONDS = 8  # worked on at once, and one second more on both sides
_SHIFTS = 2 * PERIOD
PLACES = _SHIFTS


def check_duration(audio: Audio) -> None:
    """Raise MediaError E651 for audio that is too short for a mark."""
    if audio.duration < SHORTEST_SECONDS:
        message = (
            f"audio of {audio.duration:.2f} seconds is too short for a mark (at least {SHORTEST_SECONDS:g} seconds)"
        )
        raise MediaError("E651", message, hint="give longer audio, or sign the file instead")


def mark_audio(audio: Audio, key: bytes, payload: int, strength: float = 1.0) -> Audio:
    """Return audio with a mark; the same number of samples, block by block."""
    waves = create_waves(key)
    reference = render_waves(waves.keyed.build_waves(payload)) * strength

    def mark_blocks() -> Iterator[FloatArray]:
        for block, inner, start in _iterate_seconds(audio.blocks(), audio.rate):
            added = np.stack([_mark_channel(channel, reference, audio.rate, start) for channel in block.T], axis=1)
            yield (block[inner] + added[inner]).astype(np.float32)

    return Audio.from_blocks(mark_blocks, rate=audio.rate, channels=audio.channels, frames=audio.frames)


def find_in_audio(audio: Audio, key: bytes) -> FoundMark:
    """Search audio for the mark of a key, at any time; in constant memory."""
    waves = create_waves(key)
    period = np.zeros(PERIOD)
    for block, inner, start in _iterate_seconds(audio.blocks(), audio.rate):
        flat = _flatten(_resample(block.mean(axis=1), audio.rate, RATE))
        first, last = (round(edge * RATE / audio.rate) for edge in (inner.start, inner.stop))
        places = (start * RATE + np.arange(first, min(last, len(flat)))) % PERIOD
        period += np.bincount(places, flat[first:last][: len(places)], PERIOD)
    heard = whiten_groups(measure_waves(period), waves.groups)
    z, shift = _correlate(heard, waves)
    found = FoundMark(None, z, PLACES)
    if not found.is_found:
        return found
    aligned = heard * np.exp(2j * np.pi * np.arange(LOWEST, HIGHEST) * _refine_shift(heard, waves, shift))
    return FoundMark(waves.keyed.read_payload(aligned, waves.groups), z, PLACES)


def _iterate_seconds(blocks: Iterable[FloatArray], rate: int) -> Iterator[tuple[FloatArray, slice, int]]:
    """Yield spans of whole seconds with a second on both sides: samples, the inner part, and the second they begin at.

    What is missing at the ends is silence, so that each span begins at a whole second.
    """
    before: Any = None
    now: Any = None
    second = -1
    for block in regroup(blocks, _SECONDS * rate):
        if now is not None:
            yield _surround(before, now, block[:rate], rate), slice(rate, rate + len(now)), second
            before, second = now[-rate:], second + _SECONDS
        now = block
    if now is not None and len(now):
        yield _surround(before, now, now[:0], rate), slice(rate, rate + len(now)), second


def _surround(before: Any, now: FloatArray, after: FloatArray, rate: int) -> FloatArray:
    head = np.zeros((rate, now.shape[1]), np.float32) if before is None else before
    tail = np.zeros((rate - len(after) + rate, now.shape[1]), np.float32)
    return np.concatenate([head, now, after, tail])


def _mark_channel(samples: FloatArray, reference: npt.NDArray[Any], rate: int, second: int) -> npt.NDArray[Any]:
    """Return what is added to one channel of a span that begins at a whole second."""
    host = split_frames(_resample(samples, rate, RATE))
    places = (second * RATE + np.arange((len(host) + 1) * HOP)) % PERIOD
    levels = measure_levels(host)
    calm = np.minimum(levels, np.minimum(np.roll(levels, 1, axis=0), np.roll(levels, -1, axis=0)))  # no echo beforehand
    calm = np.maximum(calm - SILENT, 0)
    scale = _LEVEL / _measure_reference(reference)
    added = _resample(join_frames(split_frames(reference[places]) * calm * scale), RATE, rate)
    result = np.zeros(len(samples))
    result[: len(added)] = added[: len(samples)]
    return result


def _measure_reference(reference: npt.NDArray[Any]) -> float:
    """Return the root mean square of the reference in its frequencies, as frames have it."""
    spectra = split_frames(reference)[:, 20:260]
    return float(np.sqrt(np.mean(np.abs(spectra) ** 2)))


def _flatten(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return samples of which all times and frequencies are equally strong, and silence stays silent."""
    spectra = split_frames(samples)
    flat = spectra / (measure_levels(spectra) + SILENT)
    return join_frames(flat / np.maximum(np.abs(flat) / 3, 1))


def _resample(samples: npt.NDArray[Any], source: int, target: int) -> npt.NDArray[Any]:
    import soxr

    if source == target:
        return samples
    result: npt.NDArray[Any] = soxr.resample(np.ascontiguousarray(samples, np.float32), source, target, quality="HQ")
    return result


def _correlate(heard: npt.NDArray[Any], waves: AudioWaves) -> tuple[float, float]:
    """Return the strongest agreement over all shifts, and that shift in periods."""
    search = waves.keyed.search
    spectrum = np.zeros(_SHIFTS, np.complex128)
    spectrum[search + LOWEST] = (heard * waves.keyed.phases.conj())[search]
    surface = np.fft.ifft(spectrum).real * _SHIFTS
    index = int(np.argmax(surface))
    spread = float(np.sqrt(np.sum(np.abs(heard[search]) ** 2) / 2))
    return float(surface[index]) / max(spread, 1e-12), index / _SHIFTS


def _refine_shift(heard: npt.NDArray[Any], waves: AudioWaves, shift: float) -> float:
    """Return the shift, in fractions of a sample."""
    search = waves.keyed.search
    terms, numbers = (heard * waves.keyed.phases.conj())[search], search + LOWEST
    step = 0.5 / _SHIFTS
    for _ in range(5):
        near = (shift, shift - step, shift + step)
        shift = max(near, key=lambda place: float(np.sum((terms * np.exp(2j * np.pi * numbers * place)).real)))
        step /= 2
    return shift
