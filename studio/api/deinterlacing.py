"""Frames of two fields, made whole by FFmpeg's bwdif (W3FDIF by the BBC, with the checks of yadif)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def deinterlace(frames: Iterable[Any]) -> Iterator[Any]:
    """Yield decoded frames, those that are interlaced made whole; number, times and color tags stay.

    Nothing is done before the first interlaced frame.

    Args:
        frames: Frames of PyAV, of one size.
    """
    filtered: _Bwdif | None = None
    for frame in frames:
        if filtered is not None and not filtered.fits(frame):
            yield from filtered.finish()
            filtered = None
        if filtered is None and not frame.interlaced_frame:
            yield frame
            continue
        filtered = filtered or _Bwdif(frame)
        yield from filtered.push(frame)
    if filtered is not None:
        yield from filtered.finish()


class _Bwdif:
    """The filter, for frames of one size and pixel format."""

    def __init__(self, frame: Any) -> None:
        import av

        self._kind = (frame.width, frame.height, frame.format.name)
        self._waiting: list[Any] = []
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        whole = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(whole)
        whole.link_to(sink)
        self._graph.configure()

    def fits(self, frame: Any) -> bool:
        """Say whether a frame is of the same kind as the first."""
        return (frame.width, frame.height, frame.format.name) == self._kind

    def push(self, frame: Any) -> Iterator[Any]:
        """Take a frame, and yield those that are done."""
        self._waiting.append((frame.pts, frame.time_base, frame))
        frame.pts = len(self._waiting)  # the filter wants times that rise; ours come back below
        self._graph.push(frame)
        yield from self._pull()

    def finish(self) -> Iterator[Any]:
        """Yield the rest."""
        self._graph.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[Any]:
        import av

        while True:
            try:
                found: Any = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            found.pts, found.time_base, given = self._waiting.pop(0)
            for name in ("colorspace", "color_range", "color_trc", "color_primaries"):
                setattr(found, name, getattr(given, name))
            yield found
