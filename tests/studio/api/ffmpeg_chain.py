"""Videos as FFmpeg's own chain shows them: its decoder, its filter `scale` with exact flags, its filters that turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

Array = npt.NDArray[Any]
ONE = 1 << 16
TURNS = {
    "none": ((1, 0, 0, 1), ""),
    "90": ((0, 1, -1, 0), "transpose=clock"),
    "180": ((-1, 0, 0, -1), "hflip,vflip"),
    "270": ((0, -1, 1, 0), "transpose=cclock"),
    "mirrored": ((-1, 0, 0, 1), "hflip"),
    "upside down": ((1, 0, 0, -1), "vflip"),
    "mirrored 90": ((0, 1, 1, 0), "transpose=cclock_flip"),
    "mirrored 270": ((0, -1, -1, 0), "transpose=clock_flip"),
}
"""Display matrices, and the filters by which FFmpeg's command line applies them."""


def read_with_ffmpeg(path: Path, turn: str = "none", *, layout: str = "rgb24") -> list[tuple[float, Array]]:
    """Return times from the first frame on, and samples."""
    found, graph, start = [], None, None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in _decode(container, stream):
            if graph is None:
                graph = _create_graph(frame, stream, turn, layout)
                start = frame.time
            graph.push(frame)
            found.append((frame.time - (start or 0.0), graph.pull().to_ndarray()))
    return found


def _decode(container: Any, stream: Any) -> Iterator[Any]:
    """Yield frames; of VP8 and VP9 with alpha by libvpx, as `-c:v libvpx-vp9` asks for."""
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1":
        yield from container.decode(stream)
        return
    decoder: Any = av.CodecContext.create(name, "r")
    for packet in container.demux(stream):
        for frame in decoder.decode(packet if packet.size else None):
            frame.time_base = stream.time_base
            yield frame


def _create_graph(frame: Any, stream: Any, turn: str, layout: str) -> Any:
    graph: Any = Graph()
    chain = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=stream.time_base)]
    names = ["scale=flags=bicubic+accurate_rnd+full_chroma_int", f"format={layout}"]
    for name in names + [each for each in TURNS[turn][1].split(",") if each]:
        kind, _, options = name.partition("=")
        chain.append(graph.add(kind, options))
    chain.append(graph.add("buffersink"))
    for before, after in pairwise(chain):
        before.link_to(after)
    graph.configure()
    return graph


def set_display_matrix(stream: Any, turn: str) -> None:
    """Let a stream say that its frames are shown turned."""
    if turn != "none":
        a, b, c, d = (each * ONE for each in TURNS[turn][0])
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])


def measure_error(seen: Array, expected: Array) -> int:
    """Return the greatest difference of two arrays of whole numbers."""
    return int(np.abs(seen.astype(int) - expected).max())
