"""Films that are promised rather than stored: a cheap one that a single node reads is made while it is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio.api import Frame, Video
from studio.cache.digest import hash_parts
from studio.errors import Cancelled
from studio.execution.failure import explain_failure
from studio.execution.progress import FrameProgress
from studio.graph.source import Reference

if TYPE_CHECKING:
    from studio.execution.call import Call
    from studio.execution.run import Run

_PROBED_FRAMES = 3
_MOST_SECONDS_TO_BEGIN = 1.0
_MEGAPIXEL_FACTOR = 5.0


def find_limit(run: Run, width: int, height: int) -> float:
    """Return the seconds below which making a frame is cheaper than keeping it."""
    return run.executor.cheap_frame_seconds * (1.0 + _MEGAPIXEL_FACTOR * width * height / 1e6)


def find_digest(call: Call, name: str) -> str:
    """Return the digest of a promised film: it is named by what makes it, as its content is not known yet."""
    return hash_parts({"promised film": call.fingerprint or "", "output": name})


def is_promising(run: Run, call: Call, name: str, film: Video) -> bool:
    """Say whether a film that a call made is better made while it is read than stored.

    It is stored if several nodes read it, if a person gets it as a value, if it cannot be named, if it is made from
    files in the call's scratch folder, or if a frame costs more to make than to keep, so that nothing dear is ever
    made twice.
    """
    return _may_promise(run, call, name) and _is_cheap(run, film) and not (call.context and call.context.has_scratch)


def _may_promise(run: Run, call: Call, name: str) -> bool:
    node_type, state = call.node_type, call.state
    if call.fingerprint is None or node_type.cache != "pure" or call.lane == "device" or state.mapped:
        return False
    if call.remaking and call.results[name].digest != find_digest(call, name):
        return False  # it was stored before, and keeps its name
    return run.is_read_once(Reference(state.node.id, name))


def _is_cheap(run: Run, film: Video) -> bool:
    limit = find_limit(run, film.width, film.height)
    if limit <= 0:
        return False
    seconds: list[float] = []
    frames = film.frames()
    try:
        for _ in range(_PROBED_FRAMES):
            begin = time.perf_counter()
            if next(frames, None) is None:
                break
            seconds.append(time.perf_counter() - begin)
    finally:
        _close(frames)
    return bool(seconds) and seconds[0] <= _MOST_SECONDS_TO_BEGIN and min(seconds) <= limit


def _close(frames: Iterator[Frame]) -> None:
    close: Callable[[], None] | None = getattr(frames, "close", None)
    if close is not None:
        close()


def watch_film(run: Run, call: Call, film: Video, inputs: Mapping[str, Any]) -> Video:
    """Return the film with progress, pause and cancel, and with the node's name on whatever goes wrong in it."""
    context, state = call.context, call.state
    assert context is not None
    tells = not state.node.stream  # a mapped node counts the frames itself

    def frames() -> Iterator[Frame]:
        progress = FrameProgress(context.step, film.count or 0)
        stream = film.frames()
        try:
            for frame in stream:
                context.wait()
                yield frame
                if tells:
                    progress.add(frame.image)
        except (Cancelled, GeneratorExit):
            raise
        except Exception as error:  # a node type may raise anything
            raise explain_failure(error, state.node.id, state.node.type_name, inputs) from None
        finally:
            _close(stream)

    return Video(
        frames,
        width=film.width,
        height=film.height,
        channels=film.channels,
        rate=film.rate,
        count=lambda: film.count,
        audio=lambda: film.audio,
        duration=lambda: film.duration,
    )
