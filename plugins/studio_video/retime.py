"""Videos cut, joined, repeated, reversed and played at another pace; streams in, streams out."""

from __future__ import annotations

import itertools
import tempfile
import time as clock
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Audio, Frame, Image, MediaError, Video, VideoType
from studio_video.audio import change_pace, cut, cut_or_pad, join_overlapping, repeat, turn_round
from studio_video.checks import check_span
from studio_video.depth import find_top, match_depth, unweigh_colors, weigh_colors
from studio_video.transitions import blur, cover, reveal, sweep, zoom_in

Array = npt.NDArray[Any]
_EDGE = 1e-6
_SHORTEST = 1e-3
_HELD_BYTES = 64 * 2**20
_PREVIEW_SECONDS = 3.0
_PREVIEW_SIDE = 256

TRANSITIONS = (
    *("cut", "crossfade", "wipe_left", "wipe_right", "wipe_up", "wipe_down", "fade_black", "fade_white"),
    *("slide_left", "slide_right", "slide_up", "slide_down", "circle"),
    *("cover_left", "cover_right", "cover_up", "cover_down"),
    *("reveal_left", "reveal_right", "reveal_up", "reveal_down", "radial", "zoom", "blur"),
)


def create_video(
    like: Video,
    frames: Callable[[], Iterator[Frame]],
    *,
    rate: Fraction | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    count: int | Callable[[], int | None] | None = None,
    duration: float | Callable[[], float] | None = None,
    audio: Audio | Callable[[], Audio | None] | None = None,
) -> Video:
    """Return a video with these frames, otherwise like another."""
    width, height = size or (like.width, like.height)
    return Video(
        frames,
        width=width,
        height=height,
        rate=rate or like.rate,
        channels=channels or like.channels,
        color=like.color,
        count=count,
        duration=duration,
        audio=audio,
    )


def keep_time(
    like: Video,
    frames: Callable[[], Iterator[Frame]],
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> Video:
    """Return a video with these frames, and the times and the audio of another, which is not read now."""
    return create_video(
        like,
        frames,
        size=size,
        channels=channels,
        count=lambda: like.count,
        duration=lambda: like.duration,
        audio=lambda: like.audio,
    )


def trim(video: Video, start: float, end: float | None) -> Video:
    """Return the frames that show between two times, audio included; the first may begin before the start."""
    check_span(end, start)
    lead = next_frame(video, start)
    if lead is None:
        raise MediaError("E701", f"the video ends before {start:g} seconds", hint="start earlier")

    def measure() -> float:
        return (video.duration if end is None else min(end, video.duration)) - start

    def load_audio() -> Audio | None:
        return None if video.audio is None else cut(video.audio, start, end)

    return create_video(video, lambda: _cut_frames(video, start, end), duration=measure, audio=load_audio)


def _cut_frames(video: Video, start: float, end: float | None) -> Iterator[Frame]:
    held: Frame | None = None
    with closing_stream(video) as stream:
        for frame in stream:
            if end is not None and frame.time >= end - _EDGE:
                break
            if frame.time <= start + _EDGE:
                held = frame
                continue
            if held is not None:
                yield Frame(held.image, 0.0)
                held = None
            yield Frame(frame.image, frame.time - start)
    if held is not None:
        yield Frame(held.image, 0.0)


def next_frame(video: Video, time: float) -> Frame | None:
    """Return the frame that shows at a time, or None after the end."""
    found: Frame | None = None
    with closing_stream(video) as stream:
        for frame in stream:
            if frame.time > time + _EDGE:
                return found or frame
            found = frame
    if found is None or time >= find_end(video, found) - _EDGE:
        return None
    return found


def find_end(video: Video, last: Frame) -> float:
    """Return when the last frame of a video ends; call it when the frames have been read."""
    return video.duration if video.duration > last.time + _SHORTEST else last.time + float(1 / video.rate)


def closing_stream(video: Video) -> Any:
    """Return a context that gives the frames and closes them, for a thread may be making them."""
    stream: Any = video.frames()
    return closing(stream if hasattr(stream, "close") else (frame for frame in stream))


def repeat_video(video: Video, times: int) -> Video:
    """Return a video so many times over."""

    def frames() -> Iterator[Frame]:
        length = video.duration
        for index in range(times):
            for frame in video.frames():
                yield Frame(frame.image, index * length + frame.time)

    def count() -> int | None:
        return None if video.count is None else video.count * times

    def load_audio() -> Audio | None:
        return None if video.audio is None else repeat(cut_or_pad(video.audio, video.duration), times)

    return create_video(video, frames, count=count, duration=lambda: video.duration * times, audio=load_audio)


def reverse(video: Video) -> Video:
    """Return a video from its end to its start; it is stored on disk in pieces and each is reversed in memory."""

    def frames() -> Iterator[Frame]:
        each = max(1, _HELD_BYTES // (8 * video.width * video.height * video.channels))
        with tempfile.TemporaryDirectory(prefix="studio-reverse-") as folder:
            pieces, end = _lay_down(video, Path(folder), each)
            codec = VideoType()
            until = end
            for path in reversed(pieces):
                for frame in reversed(list(codec.decode(path).frames())):
                    yield Frame(frame.image, max(0.0, end - until))
                    until = frame.time
                path.unlink()

    def load_audio() -> Audio | None:
        return None if video.audio is None else turn_round(cut_or_pad(video.audio, video.duration))

    return create_video(video, frames, count=lambda: video.count, duration=lambda: video.duration, audio=load_audio)


def _lay_down(video: Video, folder: Path, each: int) -> tuple[list[Path], float]:
    """Store the frames in files of so many; return them, and when the last frame ends."""
    pieces: list[Path] = []
    chunk_end: Frame | None = None
    with closing_stream(video) as stream:
        while chunk := list(itertools.islice(stream, each)):
            path = folder / f"{len(pieces):08d}.nut"
            part = create_video(video, lambda chunk=chunk: iter(chunk))  # type: ignore[misc]  # bound at once
            VideoType().encode(part, path)
            pieces.append(path)
            chunk_end = chunk[-1]
    return pieces, 0.0 if chunk_end is None else find_end(video, chunk_end)


def change_speed(video: Video, factor: float, *, keep_pitch: bool) -> Video:
    """Return a video `factor` times as fast, at the same rate: frames are left out, or shown longer.

    Frames with uneven times keep their share of the time: one is left out only if it would come sooner than the rate
    allows, and go as soon.
    """

    def frames() -> Iterator[Frame]:
        if factor <= 1:
            for frame in video.frames():
                yield Frame(frame.image, frame.time / factor)
            return
        if video.count is not None and abs(video.count - video.duration * video.rate) > 0.5:
            yield from _hurry(video, factor)
            return
        reader = FrameReader(video)
        for index in range(max(1, round(video.duration * video.rate / factor))):
            time = float(index / video.rate)
            yield Frame(reader.find(time * factor).image, time)

    def load_audio() -> Audio | None:
        return None if video.audio is None else change_pace(video.audio, factor, keep_pitch=keep_pitch)

    return create_video(video, frames, duration=lambda: video.duration / factor, audio=load_audio)


def _hurry(video: Video, factor: float) -> Iterator[Frame]:
    least, shown = 0.999 * factor / float(video.rate), float("-inf")
    held: Frame | None = None
    with closing_stream(video) as stream:
        for frame in stream:
            if held is not None and max(held.time - shown, frame.time - held.time) >= least:
                shown = held.time
                yield Frame(held.image, shown / factor)
            held = frame
    if held is not None and max(held.time - shown, find_end(video, held) - held.time) >= least:
        yield Frame(held.image, held.time / factor)


def join_videos(videos: Sequence[Video], kind: str, seconds: float) -> Video:
    """Return videos one after the other, each overlapping the next for some seconds of transition.

    Raises:
        MediaError: E704 if they differ in size, or one is too short for its transitions.
    """
    first = videos[0]
    overlap = 0.0 if kind == "cut" else seconds
    for index, video in enumerate(videos):
        if (video.width, video.height, video.channels) != (first.width, first.height, first.channels):
            message = f"video {index} is {video!r}, the first is {first!r}"
            raise MediaError("E704", message, hint="use video.resize first")
    lengths = [video.duration for video in videos]
    for index, length in enumerate(lengths):
        ends = (index > 0) + (index < len(videos) - 1)
        if overlap and length < ends * overlap - _EDGE:
            message = f"video {index} lasts {length:g} s, too short for transitions of {overlap:g} s"
            raise MediaError("E704", message, hint="give fewer seconds")
    total = sum(lengths) - overlap * (len(videos) - 1)

    def frames() -> Iterator[Frame]:
        return _join(videos, lengths, kind, overlap)

    def load_audio() -> Audio | None:
        return join_overlapping([video.audio for video in videos], lengths, overlap)

    return create_video(first, frames, duration=total, audio=load_audio)


def _join(videos: Sequence[Video], lengths: Sequence[float], kind: str, overlap: float) -> Iterator[Frame]:
    reader, offset, begin = FrameReader(videos[0]), 0.0, 0.0
    for index, length in enumerate(lengths):
        following = FrameReader(videos[index + 1]) if index + 1 < len(videos) else None
        tail = length - overlap if following is not None else float("inf")
        for frame in reader.read_from(begin):
            if frame.time < tail - _EDGE or following is None:
                yield Frame(frame.image, offset + frame.time)
            elif overlap:
                other = following.find(frame.time - tail)
                share = min(1.0, (frame.time - tail) / overlap)
                yield Frame(mix(frame.image, other.image, share, kind), offset + frame.time)
        if following is not None:
            reader, offset, begin = following, offset + tail, overlap


class FrameReader:
    """Reads a video forwards, by time."""

    def __init__(self, video: Video) -> None:
        self._stream = video.frames()
        self._shown: Frame | None = None
        self._next: Frame | None = next(self._stream, None)

    def find(self, time: float) -> Frame:
        """Return the frame that shows at a time, which must not be before the last one asked for."""
        while self._next is not None and (self._shown is None or self._next.time <= time + _EDGE):
            self._shown, self._next = self._next, next(self._stream, None)
        if self._shown is None:
            raise MediaError("E700", "a video has no frames", hint="check what makes it")
        return self._shown

    def read_from(self, time: float) -> Iterator[Frame]:
        """Yield the frames from a time on."""
        while self._next is not None:
            frame, self._next = self._next, next(self._stream, None)
            if frame.time >= time - _EDGE:
                yield frame


def mix(before: Image, after: Image, share: float, kind: str) -> Image:
    """Return an image between two: `share` of the transition is over."""
    a, b = match_depth(before.stored, after.stored)
    if kind.startswith("wipe"):
        return Image.take(_wipe(a, b, share, kind))
    if kind.startswith("slide"):
        return Image.take(_slide(a, b, share, kind))
    if kind.startswith(("cover", "reveal")):
        name, _, direction = kind.partition("_")
        return Image.take((cover if name == "cover" else reveal)(a, b, share, direction))
    if kind == "radial":
        return Image.take(_turn(a, b, share))
    if kind == "zoom":
        grown, passed = zoom_in(weigh_colors(a), share)
        return Image.take(_blend(unweigh_colors(grown, a), b, passed))
    if kind == "blur":
        first, second = (unweigh_colors(blur(weigh_colors(each), share), each) for each in (a, b))
        return Image.take(_blend(first, second, share))
    if kind == "circle":
        return Image.take(_open_circle(a, b, share))
    if kind == "crossfade":
        return Image.take(_blend(a, b, share))
    plain = np.full_like(a, find_top(a) if kind == "fade_white" else 0)
    if a.shape[2] == 4:
        plain[:, :, 3] = find_top(a)
    return Image.take(_blend(a, plain, 2 * share) if share < 0.5 else _blend(plain, b, 2 * share - 1))


def _blend(a: Array, b: Array, share: float) -> Array:
    """Return samples between two; colors count as much as their alpha shows them."""
    import cv2

    mixed: Array = cv2.addWeighted(weigh_colors(a), 1.0 - share, weigh_colors(b), share, 0.0).reshape(a.shape)
    return unweigh_colors(mixed, a) if a.shape[2] == 4 else mixed


def _wipe(a: Array, b: Array, share: float, kind: str) -> Array:
    mixed = a.copy()
    height, width = a.shape[:2]
    across, down = round(share * width), round(share * height)
    if kind == "wipe_right":
        mixed[:, :across] = b[:, :across]
    elif kind == "wipe_left":
        mixed[:, width - across :] = b[:, width - across :]
    elif kind == "wipe_down":
        mixed[:down] = b[:down]
    else:
        mixed[height - down :] = b[height - down :]
    return mixed


def _slide(a: Array, b: Array, share: float, kind: str) -> Array:
    """Return both images side by side, as far as the second has pushed the first out."""
    axis = 1 if kind in ("slide_left", "slide_right") else 0
    moved = round(share * a.shape[axis])
    first, second = (a, b) if kind in ("slide_left", "slide_up") else (b, a)
    start = moved if kind in ("slide_left", "slide_up") else a.shape[axis] - moved
    both = np.concatenate([first, second], axis=axis)
    return np.ascontiguousarray(both[:, start : start + a.shape[1]] if axis else both[start : start + a.shape[0]])


def _open_circle(a: Array, b: Array, share: float) -> Array:
    """Return the second image inside a circle that grows from the middle to the corners."""
    height, width = a.shape[:2]
    y, x = np.ogrid[:height, :width]
    distance = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2)
    inside = distance < share * (np.hypot(width, height) / 2 + 1)
    return np.where(inside[:, :, None], b, a)


def _turn(a: Array, b: Array, share: float) -> Array:
    """Return the second image where a hand has passed; colors count as much as their alpha shows them."""
    passed = sweep(a.shape, share)[:, :, None]
    mixed = weigh_colors(a) * (1 - passed) + weigh_colors(b) * passed
    return unweigh_colors(mixed, a)


def even_out(video: Video, rate: Fraction) -> Video:
    """Return a video with even times: at each the frame that shows then."""

    def frames() -> Iterator[Frame]:
        reader = FrameReader(video)
        total = max(1, round(video.duration * rate))
        for index in range(total):
            time = float(index / rate)
            yield Frame(reader.find(time).image, time)

    return create_video(
        video,
        frames,
        rate=rate,
        count=lambda: max(1, round(video.duration * rate)),
        duration=lambda: video.duration,
        audio=lambda: video.audio,
    )


def count_frames(video: Video, step: Callable[[int, int, Image | None], None]) -> Video:
    """Return a video whose frames are counted, with an image every few seconds."""

    def frames() -> Iterator[Frame]:
        shown = float("-inf")
        with closing_stream(video) as stream:
            for number, frame in enumerate(stream, start=1):
                now = clock.monotonic()
                preview = None
                if now - shown >= _PREVIEW_SECONDS:
                    preview, shown = _shrink(frame.image), now
                step(number, max(video.count or 0, number), preview)
                yield frame

    return keep_time(video, frames)


def _shrink(image: Image) -> Image:
    every = max(1, -(-max(image.width, image.height) // _PREVIEW_SIDE))
    return Image(image.stored[::every, ::every], color=image.color)
