"""Videos as FFmpeg shows them: container x codec x pixel format x rotation x rate, frame by frame.

The reference is FFmpeg's own chain: its decoder, its filter `scale` with exact flags, and the filters that its command
line turns frames with. `-s` prints a table.
"""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph

from tests.studio.api.media_files import make_corner, write_frames
from tests.studio.api.videos import LIMITS, VIDEO

ONE = 1 << 16
FORMATS = [
    ("mp4", "libx264", "yuv420p"),
    ("mp4", "libx264", "yuv444p"),
    ("mp4", "libx264", "yuv420p10le"),
    ("mp4", "libx265", "yuv420p10le"),
    ("mp4", "mpeg4", "yuv420p"),
    ("mov", "prores_ks", "yuv422p10le"),
    ("mov", "prores_ks", "yuva444p10le"),
    ("mov", "qtrle", "rgb24"),
    ("mov", "mjpeg", "yuvj422p"),
    ("mkv", "ffv1", "yuv422p"),
    ("mkv", "ffv1", "yuva420p"),
    ("mkv", "ffv1", "gbrp10le"),
    ("mkv", "ffv1", "yuv444p16le"),
    ("mkv", "ffv1", "gray"),
    ("webm", "libvpx-vp9", "yuv420p"),
    ("avi", "rawvideo", "uyvy422"),
    ("avi", "rawvideo", "yuyv422"),
    ("nut", "rawvideo", "p010le"),
    ("nut", "rawvideo", "nv12"),
    ("ts", "mpeg2video", "yuv420p"),
    ("mpg", "mpeg1video", "yuv420p"),
]
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
RATES = [24, 25, 30, 60]
SHORT = [(kind, "none", 25) for kind in FORMATS] + [(FORMATS[0], turn, 25) for turn in TURNS if turn != "none"]
EVERY = [
    (kind, turn, rate)
    for kind, turn, rate in product(FORMATS, TURNS, RATES)
    if turn == "none" or kind[0] in ("mp4", "mov")
]


def write_file(path: Path, codec: str, pixels: str, turn: str, rate: int) -> None:
    a, b, c, d = (each * ONE for each in TURNS[turn][0])
    frames = [np.roll(make_corner(48, 64), index, axis=1) for index in range(6)]
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}

    def prepare(stream: Any) -> None:
        if turn != "none":
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])

    write_frames(path, frames, codec=codec, pixels=pixels, rate=rate, options=options, prepare=prepare)


def read_with_ffmpeg(path: Path, turn: str) -> list[tuple[float, Any]]:
    """Times and RGB of FFmpeg's chain."""
    found = []
    with av.open(str(path)) as container:
        graph: Any = None
        start: float | None = None
        for frame in container.decode(video=0):
            if graph is None:
                graph = Graph()
                chain: list[Any] = [graph.add_buffer(template=container.streams.video[0])]
                names = ["scale=flags=bicubic+accurate_rnd+full_chroma_int", "format=rgb24"]
                for name in names + [each for each in TURNS[turn][1].split(",") if each]:
                    kind, _, options = name.partition("=")
                    chain.append(graph.add(kind, options))
                chain.append(graph.add("buffersink"))
                for before, after in pairwise(chain):
                    before.link_to(after)
                graph.configure()
            start = frame.time if start is None else start
            graph.push(frame)
            found.append((frame.time - start, graph.pull().to_ndarray()))
    return found


def compare(path: Path, kind: tuple[str, str, str], turn: str, rate: int) -> None:
    extension, codec, pixels = kind
    path = path / f"a.{extension}"
    write_file(path, codec, pixels, turn, rate)
    expected = read_with_ffmpeg(path, turn)

    frames = list(VIDEO.read_file(path, LIMITS).frames())

    errors = [np.abs(f.image.to_uint8()[:, :, :3].astype(int) - e) for f, (_, e) in zip(frames, expected, strict=True)]
    slips = [abs(frame.time - time) for frame, (time, _) in zip(frames, expected, strict=True)]
    print(f"| {extension} | {codec} | {pixels} | {turn} | {rate} | {max(e.max() for e in errors)} | {max(slips):.6f} |")
    assert max(error.max() for error in errors) <= 1
    assert max(slips) <= 1e-5


@pytest.mark.parametrize(("kind", "turn", "rate"), SHORT)
def test_a_video_is_read_as_ffmpeg_shows_it(tmp_path: Path, kind: tuple[str, str, str], turn: str, rate: int) -> None:
    compare(tmp_path, kind, turn, rate)


@pytest.mark.slow
def test_every_format_rotation_and_rate_is_read_as_ffmpeg_shows_it(tmp_path: Path) -> None:
    print("\n| container | codec | pixels | rotation | rate | error, levels | slip, s |")
    print("|---|---|---|---|---|---|---|")
    for kind, turn, rate in EVERY:
        compare(tmp_path, kind, turn, rate)
