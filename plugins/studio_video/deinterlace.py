"""Videos of two fields in each frame, made whole by FFmpeg's bwdif; also one frame for each field."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Frame, Image, Video
from studio_video.retime import closing_stream, create_video, find_end, keep_time

Array = npt.NDArray[Any]
_LEAST = 4  # rows and columns below which bwdif has nothing to look at
_LAYOUTS = {(1, 1): "gray", (3, 1): "gbrp", (4, 1): "gbrap", (1, 2): "gray16le", (3, 2): "gbrp16le"}
_LAYOUTS |= {(4, 2): "gbrap16le"}
_PLANES = {1: (0,), 3: (1, 2, 0), 4: (1, 2, 0, 3)}
"""Channels in the order of FFmpeg's planes: green first."""


def deinterlace(video: Video, field_order: str, *, doubles: bool) -> Video:
    """Return a video whose frames are whole.

    Args:
        video: Frames of two fields.
        field_order: Which field is earlier: "top" or "bottom".
        doubles: Whether each field becomes a frame, at twice the rate.
    """
    if min(video.width, video.height) < _LEAST:
        return video
    if not doubles:
        return keep_time(video, lambda: _run(video, field_order))
    return create_video(
        video,
        lambda: _run_twice(video, field_order),
        rate=video.rate * 2,
        count=lambda: None if video.count is None else 2 * video.count,
        duration=lambda: video.duration,
        audio=lambda: video.audio,
    )


def _run(video: Video, field_order: str) -> Iterator[Frame]:
    times: deque[float] = deque()
    for image in _filter(video, field_order, "send_frame", times):
        yield Frame(image, times.popleft())


def _run_twice(video: Video, field_order: str) -> Iterator[Frame]:
    """Yield a frame for each field: the second half-way to the next frame."""
    times: deque[float] = deque()
    last: Frame | None = None
    second = False
    for image in _filter(video, field_order, "send_field", times):
        if not second:
            last = Frame(image, times[0])
            yield last
        elif last is not None:
            end = times[1] if len(times) > 1 else find_end(video, last)
            yield Frame(image, (times.popleft() + end) / 2)
        second = not second


def _filter(video: Video, field_order: str, mode: str, times: deque[float]) -> Iterator[Image]:
    """Yield what bwdif makes of the frames; their times are put into `times`."""
    graph: Any = None
    number = 0
    with closing_stream(video) as stream:
        for number, frame in enumerate(stream):
            made = _pack(frame.image)
            graph = graph or _create_graph(made, field_order, mode)
            made.pts, made.time_base = number, Fraction(1, 1000)
            times.append(frame.time)
            graph.push(made)
            yield from _pull(graph)
    if graph is not None:
        graph.push(None)
        yield from _pull(graph)


def _create_graph(frame: Any, field_order: str, mode: str) -> Any:
    import av

    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    parity = {"top": "tff", "bottom": "bff"}[field_order]
    whole, sink = graph.add("bwdif", f"mode={mode}:parity={parity}:deint=all"), graph.add("buffersink")
    source.link_to(whole)
    whole.link_to(sink)
    graph.configure()
    return graph


def _pull(graph: Any) -> Iterator[Image]:
    import av

    while True:
        try:
            yield _unpack(graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _pack(image: Image) -> Any:
    """Return an image as a planar frame; floats are rounded to 16 bits."""
    import av

    array = image.compact()
    if array.dtype.kind == "f":
        array = np.rint(array * np.float32(65535.0)).astype(np.uint16)
    height, width, channels = array.shape
    frame: Any = av.VideoFrame(width, height, _LAYOUTS[(channels, array.dtype.itemsize)])
    for plane, index in zip(frame.planes, _PLANES[channels], strict=True):
        np.frombuffer(plane, array.dtype).reshape(height, -1)[:, :width] = array[:, :, index]
    return frame


def _unpack(frame: Any) -> Image:
    dtype = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    planes = [np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : frame.width] for plane in frame.planes]
    order = np.argsort(_PLANES[len(planes)])
    return Image.take(np.dstack([planes[index] for index in order]))
