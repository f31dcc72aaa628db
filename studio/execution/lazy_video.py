"""Lazy videos: a video that is fast to make and has one reader is made while it is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studio.api import Frame, Video
from studio.api.video import replace_frames
from studio.cache import hash_parts
from studio.errors import Cancelled
from studio.execution.call import Call
from studio.execution.failure import explain_failure
from studio.execution.progress import FrameProgress
from studio.execution.services import Services
from studio.execution.stopwatch import Stopwatch

_PROBED_FRAMES = 3
_MOST_SECONDS_TO_BEGIN = 1.0
_MEGAPIXEL_FACTOR = 5.0


class LazyVideos:
    """Decides which videos of a run are lazy.

    Args:
        services: The limit of what is fast.
        is_read_once: Whether an output of a call is read once only.
    """

    def __init__(self, services: Services, is_read_once: Callable[[Call, str], bool]) -> None:
        self._services = services
        self._is_read_once = is_read_once

    def find_limit(self, width: int, height: int) -> float:
        """Return the seconds below which making a frame is faster than keeping it."""
        return self._services.fast_frame_seconds * (1.0 + _MEGAPIXEL_FACTOR * width * height / 1e6)

    def decide_from_frames(self, call: Call, name: str, video: Video) -> bool:
        """Read a few frames of a video; return whether it is better made while it is read than stored.

        It is stored if several nodes read it, if the run returns it, or if it has no fingerprint. It is also stored
        if it needs the call's scratch folder. Frames that take longer to make than to keep are stored, too. So nothing
        slow is ever made twice. A video whose samples may pass 1 is always stored, as storing rounds them to half
        floats: what a reader gets does not depend on who else reads.
        """
        return (
            video.color.is_bounded
            and self._may_be_lazy(call, name)
            and self._time_frames(video)
            and not (call.context is not None and call.context.has_scratch)
        )

    def _may_be_lazy(self, call: Call, name: str) -> bool:
        node_type = call.node_type
        if call.fingerprint is None or node_type.cache != "pure" or call.lane == "device" or call.state.mapped:
            return False
        if call.remaking and call.results[name].digest != digest_lazy_video(call, name):
            return False  # it was stored before, and keeps its digest
        return self._is_read_once(call, name)

    def _time_frames(self, video: Video) -> bool:
        """Read a few frames; return whether they are fast to make."""
        limit = self.find_limit(video.width, video.height)
        if limit <= 0:
            return False
        seconds: list[float] = []
        frames = video.frames()
        try:
            for _ in range(_PROBED_FRAMES):
                begin = time.perf_counter()
                if next(frames, None) is None:
                    break
                seconds.append(time.perf_counter() - begin)
        finally:
            _close(frames)
        return bool(seconds) and seconds[0] <= _MOST_SECONDS_TO_BEGIN and min(seconds) <= limit


def digest_lazy_video(call: Call, name: str) -> str:
    """Return the digest of a lazy video: it depends on what makes the video, as its content is unknown."""
    # the words are part of every such digest in existing caches
    return hash_parts({"promised film": call.fingerprint or "", "output": name})


def watch_video(
    call: Call, video: Video, inputs: Mapping[str, Any], stopwatch: Stopwatch, describe: Callable[[Any], str]
) -> Video:
    """Return the video with progress, pause and cancel, its time measured, and the node's name in its errors."""
    context, state = call.context, call.state
    assert context is not None
    counts = not state.node.stream  # a mapped node counts the frames itself

    def frames() -> Iterator[Frame]:
        progress = FrameProgress(context.step, video.count or 0)
        stream = video.frames()
        try:
            while True:
                mark = stopwatch.start()
                try:
                    frame = next(stream, None)
                finally:
                    stopwatch.add(state, stopwatch.stop(mark))
                if frame is None:
                    return
                context.wait()
                yield frame
                if counts:
                    progress.add(frame.image)
        except (Cancelled, GeneratorExit):
            raise
        except Exception as error:  # a node type may raise anything
            raise explain_failure(error, state.node.id, state.node.type_name, inputs, describe) from None
        finally:
            _close(stream)

    return replace_frames(video, frames)


def _close(frames: Iterator[Frame]) -> None:
    close: Callable[[], None] | None = getattr(frames, "close", None)
    if close is not None:
        close()
