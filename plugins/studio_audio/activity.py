"""Where audio sounds and where it is silent, and gain that follows it: ducking, gates, silence cut out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_audio.blocks import change_audio
from studio_audio.join import cut, join
from studio_audio.resample import resample_stream

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

    Flags = npt.NDArray[np.bool_]
    DoubleArray = npt.NDArray[np.float64]

_WINDOWS_PER_SECOND = 100
_WINDOWS = 4096  # windows read at once
_SEAM_SECONDS = 0.005


@dataclass(frozen=True)
class Response:
    """How gain follows audio, in seconds: ramps before and after it, and the gaps that are bridged."""

    attack: float
    hold: float
    release: float


def find_window(rate: int) -> int:
    """Return the samples of 10 ms."""
    return max(1, round(rate / _WINDOWS_PER_SECOND))


def find_active(audio: Audio, threshold: float) -> Flags:
    """Return for each 10 ms whether its RMS, over all channels, exceeds a level in decibels."""
    window, found = find_window(audio.rate), []
    for block in audio.blocks(window * _WINDOWS):
        starts = np.arange(0, len(block), window)
        sums = np.add.reduceat((block.astype(np.float64) ** 2).mean(axis=1), starts)
        found.append(sums / np.diff(np.append(starts, len(block))) > 10 ** (threshold / 10))
    return np.concatenate(found) if found else np.zeros(0, bool)


def find_spans(active: Flags, hold: float) -> list[tuple[int, int]]:
    """Return from and to which window audio sounds; gaps up to `hold` seconds are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]])))
    spans: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if spans and start - spans[-1][1] <= hold * _WINDOWS_PER_SECOND:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def find_longest_silence(audio: Audio, threshold: float) -> tuple[float, float]:
    """Return length and start, in seconds, of the longest time up to a level in decibels; of equal ones the first."""
    active = find_active(audio, threshold)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~active, [False]]))).reshape(-1, 2)
    if not len(edges):
        return 0.0, 0.0
    window = find_window(audio.rate)
    starts, ends = edges[:, 0] * window, np.minimum(edges[:, 1] * window, audio.frames)
    longest = int(np.argmax(ends - starts))
    return float(ends[longest] - starts[longest]) / audio.rate, float(starts[longest]) / audio.rate


def follow(audio: Audio, active: Flags, response: Response, inside: float, outside: float) -> Audio:
    """Change the gain to `inside` decibels where other audio sounds, to `outside` elsewhere, on straight ramps.

    A ramp ends where the audio begins to sound, and another begins where it ends.
    """
    window = find_window(audio.rate)
    times, gains = _draw_ramps(find_spans(active, response.hold), response, inside, outside)

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        at = 0
        for block in blocks:
            seconds = (np.arange(at, at + len(block)) + 0.5) / window
            yield block * (10 ** (np.interp(seconds, times, gains) / 20)).astype(np.float32)[:, None]
            at += len(block)

    return change_audio(audio, change)


def _draw_ramps(
    spans: list[tuple[int, int]], response: Response, inside: float, outside: float
) -> tuple[DoubleArray, DoubleArray]:
    """Return corners of the gain, in windows and decibels."""
    attack, release = (max(s * _WINDOWS_PER_SECOND, 1e-6) for s in (response.attack, response.release))
    corners: list[tuple[float, float]] = [(-np.inf, 0.0)]
    for start, end in spans:
        corners += _meet(corners.pop(), (start - attack, 0.0), attack, release)
        corners += [(start, 1.0), (end, 1.0), (end + release, 0.0)]
    at = np.array([max(time, -1e12) for time, _ in corners])
    depth = np.array([value for _, value in corners])
    return at, outside + depth * (inside - outside)


def _meet(
    fallen: tuple[float, float], rising: tuple[float, float], attack: float, release: float
) -> list[tuple[float, float]]:
    """Return where one ramp ends and the next begins, or the one corner where they cross."""
    if fallen[0] <= rising[0]:
        return [fallen, rising]
    overlap = fallen[0] - rising[0]
    return [(rising[0] + overlap * attack / (attack + release), overlap / (attack + release))]


def duck(music: Audio, active: Flags, amount: float, response: Response) -> Audio:
    """Turn music down by an amount in decibels where a voice is active, for each 10 ms."""
    return follow(music, active, response, -amount, 0.0)


def find_voice(voice: Audio, rate: int, threshold: float) -> Flags:
    """Return for each 10 ms of music of a sample rate whether a voice exceeds a level in decibels."""
    return find_active(resample_stream(voice, rate), threshold)


def gate(audio: Audio, reduction: float, threshold: float, response: Response) -> Audio:
    """Turn audio down by a reduction in decibels where it is softer than a level."""
    return follow(audio, find_active(audio, threshold), response, 0.0, -reduction)


def cut_silence(
    audio: Audio, threshold: float, longest: float, margin: float
) -> tuple[Audio, list[tuple[float, float]]]:
    """Cut out silence that is longer than a time, and return the spans that remain, in seconds.

    Args:
        audio: Audio.
        threshold: Level up to which audio is silent, in decibels.
        longest: Seconds of silence that stay.
        margin: Seconds of silence to leave on both sides of sound; at most half of `longest`.
    """
    window, room = find_window(audio.rate), round(min(margin, longest / 2) * audio.rate)
    spans = [
        (max(0, start * window - room), min(audio.frames, end * window + room))
        for start, end in find_spans(find_active(audio, threshold), longest)
    ]
    if not spans:
        return cut(audio, 0, 0), []
    parts = [cut(audio, start, end) for start, end in spans]
    seam = round(_SEAM_SECONDS * audio.rate)
    overlaps = [min(seam, one.frames // 2, two.frames // 2) for one, two in itertools.pairwise(parts)]
    return join(parts, overlaps, "equal_power"), [(start / audio.rate, end / audio.rate) for start, end in spans]
