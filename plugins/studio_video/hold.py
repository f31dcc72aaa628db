"""Videos that stand still, and videos that play until a time, also back and forth; streams in, streams out."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from studio.api import Audio, Frame, MediaError, Video
from studio_video.audio import BLOCK, create_silence, cut_or_pad
from studio_video.retime import closing_stream, create_video, find_end, join_videos, next_frame, repeat_video, reverse
from studio_video.retime import trim as cut_video

_EDGE = 1e-6
_MOST_TIMES = 10_000


def freeze(video: Video, at: float | None, seconds: float) -> Video:
    """Return a video that stands still on the frame that shows at a time, or on its last one, with silence meanwhile.

    The frame is repeated at the frame rate; then it shows for as long as it would have without the pause.

    Raises:
        MediaError: E701 if the video ends before the time.
    """
    if at is not None and next_frame(video, at) is None:
        raise MediaError("E701", f"the video ends before {at:g} seconds", hint="freeze it earlier, or leave 'at' out")

    def load_audio() -> Audio | None:
        return None if video.audio is None else _insert_silence(video.audio, video.duration, at, seconds)

    def frames() -> Iterator[Frame]:
        return _hold_last(video, seconds) if at is None else _hold(video, at, seconds)

    return create_video(video, frames, duration=lambda: video.duration + seconds, audio=load_audio)


def _hold(video: Video, at: float, seconds: float) -> Iterator[Frame]:
    held: Frame | None = None
    goes_on = False
    with closing_stream(video) as stream:
        for frame in stream:
            if not goes_on and frame.time > at + _EDGE:
                yield from _repeat(held or frame, video, at, seconds)
                yield Frame((held or frame).image, at + seconds)
                goes_on = True
            if goes_on:
                yield Frame(frame.image, frame.time + seconds)
            elif frame.time < at - _EDGE:
                yield frame
            held = frame
    if held is not None and not goes_on:
        yield from _repeat(held, video, at, seconds)
        yield Frame(held.image, at + seconds)


def _hold_last(video: Video, seconds: float) -> Iterator[Frame]:
    held: Frame | None = None
    with closing_stream(video) as stream:
        for frame in stream:
            yield frame
            held = frame
    if held is not None:
        yield from _repeat(held, video, find_end(video, held), seconds)


def _repeat(frame: Frame, video: Video, start: float, seconds: float) -> Iterator[Frame]:
    for index in range(math.ceil(seconds * video.rate - _EDGE)):
        yield Frame(frame.image, start + float(index / video.rate))


def _insert_silence(audio: Audio, length: float, at: float | None, seconds: float) -> Audio:
    """Return audio of a length, with silence from a time on, or at its end, and the rest after that."""
    whole = cut_or_pad(audio, length)
    first = whole.frames if at is None else min(round(at * audio.rate), whole.frames)
    silent = round((length + seconds) * audio.rate) - whole.frames

    def blocks() -> Iterator[npt.NDArray[np.float32]]:
        yield from whole.blocks(BLOCK, 0, first)
        yield from create_silence(silent, audio.channels)
        yield from whole.blocks(BLOCK, first, whole.frames)

    return Audio.from_blocks(blocks, rate=audio.rate, channels=audio.channels, frames=whole.frames + silent)


def loop(video: Video, count: int, seconds: float | None, *, back_and_forth: bool) -> Video:
    """Return a video so many times over, or as often as it takes to fill a time; each time also backwards, if asked.

    Raises:
        MediaError: E701 for a time of more than 10,000 repetitions.
    """
    once = join_videos([video, reverse(video)], "cut", 0.0) if back_and_forth else video
    if seconds is None:
        return repeat_video(once, count)
    times = math.ceil(seconds / once.duration - _EDGE)
    if times > _MOST_TIMES:
        message = f"{once.duration:g} seconds fit {times} times into {seconds:g} seconds"
        raise MediaError("E701", message, hint=f"a video plays {_MOST_TIMES} times at most")
    return cut_video(repeat_video(once, max(times, 1)), 0.0, seconds)
