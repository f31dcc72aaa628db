"""Videos at another frame rate, and slower: frames between frames, along the motion between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from studio.api import Audio, Frame, Image, MediaError, Video
from studio_video.cuts import mark_cuts
from studio_video.flow import (
    Array,
    FloatArray,
    enlarge_flow,
    has_motion_to_measure,
    limit_motion,
    make_grid,
    measure_flow,
    project_flow,
    to_grey,
    warp,
)

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]

Method = Literal["flow", "blend", "repeat"]

_MOST_FLOW_PIXELS = 1_000_000  # motion is measured in images of no more
_AGREEMENT_BLUR = 4.0
_AGREEMENT = 20.0 / 3.0 / 255.0  # difference of the two sides at which a motion is doubted
_SNAP_SECONDS = Fraction(3, 2_000_000)  # times are whole microseconds
_MOST_FRAMES = 10_000_000


@dataclass(frozen=True)
class Tempo:
    """At which times a video is to have frames.

    Attributes:
        rate: Frames a second of the result.
        slowdown: How many times longer it lasts.
        method: How to make frames between frames.
        cuts: Whether to look for cuts, and not to mix across them.
    """

    rate: Fraction
    slowdown: Fraction = Fraction(1)
    method: Method = "flow"
    cuts: bool = True


def interpolate(video: Video, tempo: Tempo, step: Step) -> Video:
    """Return a video at another rate; frames are made as they are asked for, and few are held at a time.

    Raises:
        MediaError: E715 if that would be more frames than any video has.
    """
    total = video.count and count_frames(Fraction(video.count) / video.rate, tempo)
    if (total or 0) > _MOST_FRAMES:
        raise MediaError("E715", f"the video would have {total} frames", hint=f'lower "fps"; at most {_MOST_FRAMES}')

    def frames() -> Iterator[Frame]:
        for index, image in enumerate(interpolate_frames(video, tempo)):
            step(index, total or 0, image if index % 24 == 0 else None)
            yield Frame(image, float(index / tempo.rate))

    def count() -> int:
        return count_frames(_find_length(video), tempo)

    slowed = tempo.slowdown != 1
    return Video(
        frames,
        width=video.width,
        height=video.height,
        channels=video.channels,
        rate=tempo.rate,
        count=count,
        audio=(lambda: slow_audio(video.audio, tempo.slowdown)) if slowed else (lambda: video.audio),
    )


def find_rate(rate: float) -> Fraction:
    """Return the exact rate that a number means: 23.976 and 59.94 are those of television."""
    near = Fraction(round(rate * 1.001) * 1000, 1001)
    if near.denominator == 1001 and abs(float(near) - rate) < 0.0051 and rate != round(rate):
        return near
    return Fraction(rate).limit_denominator(1000)


def count_frames(seconds: Fraction, tempo: Tempo) -> int:
    """Return how many frames a video of this length has at a tempo."""
    return max(1, math.ceil((seconds * tempo.slowdown - _SNAP_SECONDS) * tempo.rate))


def _find_length(video: Video) -> Fraction:
    """Return a video's length: exactly, where its times are even."""
    seconds = Fraction(video.duration)
    even = Fraction(video.count or 0) / video.rate
    return even if abs(even - seconds) <= _SNAP_SECONDS else seconds


def interpolate_frames(video: Video, tempo: Tempo) -> Iterator[Image]:
    """Yield the images of a video at the times of a tempo."""
    index = 0
    before: Frame | None = None
    marked: Iterable[tuple[Frame, bool]]
    marked = mark_cuts(video.frames()) if tempo.cuts else ((frame, False) for frame in video.frames())
    for after, is_cut in marked:
        if before is not None:
            times = _find_times(tempo, index, Fraction(after.time) - _SNAP_SECONDS)
            for image in _fill_span(before, after, tempo, times, repeats=is_cut or tempo.method == "repeat"):
                yield image
                index += 1
        before = after
    if before is None:
        return
    last = count_frames(max(_find_length(video), Fraction(before.time) + _SNAP_SECONDS), tempo)
    while index < last:
        yield before.image
        index += 1


def _find_times(tempo: Tempo, index: int, end: Fraction) -> Iterator[Fraction]:
    """Yield the times of the source at which frames of the result are due, from one frame on and before an end."""
    while (time := Fraction(index) / tempo.rate / tempo.slowdown) < end:
        yield time
        index += 1


def _fill_span(
    before: Frame, after: Frame, tempo: Tempo, times: Iterator[Fraction], *, repeats: bool
) -> Iterator[Image]:
    """Yield the images that are due at times from one frame to the next."""
    begin, end = Fraction(before.time), Fraction(after.time)
    between: Between | None = None
    for time in times:
        if time <= begin + _SNAP_SECONDS or repeats:
            yield before.image
        else:
            between = between or Between(before.image, after.image, flow=tempo.method == "flow")
            yield between.make(float((time - begin) / (end - begin)))


class Between:
    """What moves between two images, and the images in between.

    Both images are carried to a time between them along four motions: that of the first, that of the second, the
    mean of both, and none. What the two sides agree on counts most, pixel by pixel.
    """

    def __init__(self, before: Image, after: Image, *, flow: bool = True) -> None:
        self._before, self._after = _to_working(before), _to_working(after)
        self._dtype = np.result_type(before.stored.dtype, after.stored.dtype)
        self._still = not flow or not has_motion_to_measure(before.height, before.width)
        if self._still:
            return
        self._grid = make_grid(before.height, before.width)
        first, _ = limit_motion(to_grey(before), _MOST_FLOW_PIXELS)
        second, _ = limit_motion(to_grey(after), _MOST_FLOW_PIXELS)
        size = before.height, before.width
        self._forth = enlarge_flow(measure_flow(first, second), *size)
        self._back = enlarge_flow(measure_flow(second, first), *size)

    def make(self, time: float) -> Image:
        """Return the image after a share of the time, 0 to 1."""
        share = np.float32(time)
        if self._still:
            return self._finish((1 - share) * self._before + share * self._after)
        forth: FloatArray = project_flow(self._forth, time, self._grid)
        back: FloatArray = -project_flow(self._back, 1 - time, self._grid)
        motions: tuple[FloatArray, ...] = (forth, back, (1 - share) * forth + share * back, np.zeros_like(forth))
        total: FloatArray = np.zeros_like(self._before)
        weights = np.zeros((*self._before.shape[:2], 1), np.float32)
        for motion in motions:
            first = warp(self._before, -share * motion, self._grid)
            second = warp(self._after, (1 - share) * motion, self._grid)
            weight = _weigh(first, second)
            total += weight * ((1 - share) * first + share * second)
            weights += weight
        return self._finish(total / weights)

    def _finish(self, working: Array) -> Image:
        return _from_working(working, self._dtype)


def _weigh(first: FloatArray, second: FloatArray) -> FloatArray:
    difference = cv2.GaussianBlur(np.abs(first - second).mean(axis=2), (0, 0), _AGREEMENT_BLUR)
    weight: FloatArray = (np.exp(-difference / _AGREEMENT) + 1e-6)[..., None].astype(np.float32)
    return weight


def _to_working(image: Image) -> FloatArray:
    """Return samples as floats; colors of an image with alpha weigh as much as they show."""
    pixels = image.pixels
    if pixels.shape[2] != 4:
        return pixels
    return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)


def _from_working(working: Array, dtype: Any) -> Image:
    working = np.clip(working, 0.0, 1.0)
    if working.shape[2] == 4:
        alpha = working[..., 3:]
        colors = np.clip(working[..., :3] / np.maximum(alpha, 1e-6), 0.0, 1.0)
        working = np.concatenate([colors, alpha], axis=2)
    return to_depth(working, dtype)


def to_depth(pixels: Array, dtype: Any) -> Image:
    """Return an image of samples from 0 to 1 with a video's own depth."""
    if np.dtype(dtype).kind == "u":
        top = np.iinfo(dtype).max
        levels: Array = np.rint(pixels * np.float32(top)).astype(dtype)
        return Image(levels)
    return Image(pixels.astype(np.float32))


def slow_audio(audio: Audio | None, slowdown: Fraction) -> Audio | None:
    """Return audio played slower, as a tape is: it gets deeper."""
    if audio is None or audio.frames == 0:
        return audio
    import soxr

    slowed = soxr.resample(audio.samples, audio.rate, audio.rate * float(slowdown), quality="HQ")
    wanted = round(audio.frames * slowdown)
    fitted = np.zeros((wanted, audio.channels), np.float32)
    fitted[: min(wanted, len(slowed))] = slowed[:wanted]
    return Audio(fitted, audio.rate)


__all__ = [
    "Between",
    "Tempo",
    "count_frames",
    "find_rate",
    "interpolate",
    "interpolate_frames",
    "slow_audio",
    "to_depth",
]
