"""Videos as FFmpeg shows them: container x codec x pixel format x depth x alpha x rotation x rate.

The reference is FFmpeg's own chain. The slow test tries every
combination and leaves a table.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest

from tests.studio.api.ffmpeg_chain import TURNS, Array, measure_error, read_with_ffmpeg, set_display_matrix
from tests.studio.api.media_files import make_corner, write_frames
from tests.studio.api.videos import LIMITS, VIDEO
from tests.tables import Recorder, add_row

PICTURES = "Videos read, against FFmpeg's decoders and filters"
FORMATS = [
    ("mp4", "libx264", "yuv420p"),
    ("mp4", "libx264", "yuv422p"),
    ("mp4", "libx264", "yuv444p"),
    ("mp4", "libx264", "yuv420p10le"),
    ("mp4", "libx264", "yuv422p10le"),
    ("mp4", "libx264", "yuv444p10le"),
    ("mp4", "libx264", "gray"),
    ("mp4", "libx264", "nv12"),
    ("mp4", "libx265", "yuv420p"),
    ("mp4", "libx265", "yuv420p10le"),
    ("mp4", "libx265", "yuv422p10le"),
    ("mp4", "libx265", "yuv444p12le"),
    ("mp4", "libx265", "gbrp"),
    ("mp4", "libsvtav1", "yuv420p"),
    ("mp4", "libsvtav1", "yuv420p10le"),
    ("mp4", "libvpx-vp9", "yuv420p"),
    ("mp4", "mpeg4", "yuv420p"),
    ("mov", "libx264", "yuv420p"),
    ("mov", "prores_ks", "yuv422p10le"),
    ("mov", "prores_ks", "yuv444p10le"),
    ("mov", "prores_ks", "yuva444p10le"),
    ("mov", "dnxhd", "yuv422p"),
    ("mov", "dnxhd", "yuv444p10le"),
    ("mov", "qtrle", "rgb24"),
    ("mov", "qtrle", "argb"),
    ("mov", "png", "rgba"),
    ("mov", "png", "rgb48be"),
    ("mov", "mjpeg", "yuvj420p"),
    ("mov", "mjpeg", "yuvj422p"),
    ("mov", "rawvideo", "uyvy422"),
    ("mkv", "libx264", "yuv420p"),
    ("mkv", "libx265", "yuv420p"),
    ("mkv", "libsvtav1", "yuv420p"),
    ("mkv", "libvpx", "yuva420p"),
    ("mkv", "libvpx-vp9", "yuva420p"),
    ("mkv", "ffv1", "yuv422p"),
    ("mkv", "ffv1", "yuv410p"),
    ("mkv", "ffv1", "yuv440p"),
    ("mkv", "ffv1", "yuva420p"),
    ("mkv", "ffv1", "yuva444p10le"),
    ("mkv", "ffv1", "gbrp10le"),
    ("mkv", "ffv1", "bgra"),
    ("mkv", "ffv1", "yuv420p9le"),
    ("mkv", "ffv1", "yuv444p12le"),
    ("mkv", "ffv1", "yuv444p16le"),
    ("mkv", "ffv1", "rgb48le"),
    ("mkv", "ffv1", "gray"),
    ("mkv", "ffv1", "gray10le"),
    ("mkv", "ffv1", "gray16le"),
    ("webm", "libvpx", "yuv420p"),
    ("webm", "libvpx", "yuva420p"),
    ("webm", "libvpx-vp9", "yuv420p"),
    ("webm", "libvpx-vp9", "yuv444p"),
    ("webm", "libvpx-vp9", "yuva420p"),
    ("webm", "libsvtav1", "yuv420p"),
    ("avi", "rawvideo", "uyvy422"),
    ("avi", "rawvideo", "yuyv422"),
    ("avi", "rawvideo", "bgr24"),
    ("avi", "mpeg4", "yuv420p"),
    ("avi", "mjpeg", "yuvj422p"),
    ("avi", "ffvhuff", "yuv420p"),
    ("avi", "huffyuv", "rgb24"),
    ("avi", "utvideo", "gbrap"),
    ("avi", "magicyuv", "yuva444p"),
    ("nut", "rawvideo", "nv12"),
    ("nut", "rawvideo", "y210le"),
    ("nut", "ffv1", "yuva422p10le"),
    ("ts", "mpeg2video", "yuv420p"),
    ("ts", "libx264", "yuv420p"),
    ("ts", "libx265", "yuv420p10le"),
    ("mpg", "mpeg1video", "yuv420p"),
    ("mpg", "mpeg2video", "yuv420p"),
    ("flv", "flv", "yuv420p"),
    ("flv", "libx264", "yuv420p"),
    ("mxf", "mpeg2video", "yuv422p"),
    ("apng", "apng", "rgb24"),
    ("apng", "apng", "rgba"),
    ("apng", "apng", "rgba64be"),
    ("ivf", "libvpx-vp9", "yuv420p"),
    ("y4m", "wrapped_avframe", "yuv444p"),
]
RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(60), Fraction(24_000, 1001), Fraction(30_000, 1001)]
FEW_RATES = [Fraction(25), Fraction(30_000, 1001)]
ANY_RATE = {"apng", "mkv", "webm", "nut", "mp4", "mov"}
TURNED = {"mp4", "mov"}
OPTIONS = {"libx265": {"x265-params": "log-level=error"}, "libsvtav1": {"preset": "10"}}
OPTIONS |= {"libvpx": {"auto-alt-ref": "0"}, "dnxhd": {"profile": "dnxhr_hq"}}
SIZES = {"dnxhd": (128, 256), "libsvtav1": (96, 128)}
Kind = tuple[str, str, str]


def is_available(kind: Kind) -> bool:
    return kind[1] in av.codecs_available


SHORT = [kind for kind in FORMATS if is_available(kind)]


def make_frames(pixels: str, size: tuple[int, int]) -> tuple[list[Array], str]:
    """Six frames that move, deep where the format is, with alpha where it has it; and their layout."""
    components = av.VideoFormat(pixels).components
    deep, alpha = max(each.bits for each in components) > 8, any(each.is_alpha for each in components)
    frame = np.dstack([make_corner(*size), np.tile(np.linspace(0, 255, size[1]), (size[0], 1)).astype(np.uint8)])
    frame = frame if alpha else frame[:, :, :3]
    if deep:
        frame = frame.astype(np.uint16) * 257
        frame[size[0] // 2 :, : size[1] // 2, :3] = np.linspace(0, 65535, size[1] // 2)[None, :, None]
    layout = ("rgba64le" if alpha else "rgb48le") if deep else "rgba" if alpha else "rgb24"
    return [np.roll(frame, 2 * index, axis=1) for index in range(6)], layout


def compare(folder: Path, kind: Kind, turn: str, rate: Fraction) -> tuple[int, int, float]:
    """Write a file, read it, and return the errors of color and alpha in levels of 8 bits, and of times in seconds."""
    extension, codec, pixels = kind
    path = folder / f"a.{extension}"
    frames, layout = make_frames(pixels, SIZES.get(codec, (48, 64)))
    write_frames(
        path,
        frames,
        codec=codec,
        pixels=pixels,
        layout=layout,
        rate=rate,
        options=OPTIONS.get(codec, {}) | ({"profile": "dnxhr_444"} if codec == "dnxhd" and "444" in pixels else {}),
        prepare=lambda stream: set_display_matrix(stream, turn),
        container_format={"y4m": "yuv4mpegpipe"}.get(extension),
    )
    expected = read_with_ffmpeg(path, turn, layout="rgba" if "a" in layout else "rgb24")

    video = VIDEO.read_file(path, LIMITS)
    seen = list(video.frames())

    assert len(seen) == len(expected)
    assert video.channels == expected[0][1].shape[2]
    assert (seen[0].image.stored.dtype == np.uint16) == ("48" in layout or "64" in layout)
    arrays = [(frame.image.to_uint8(), array) for frame, (_, array) in zip(seen, expected, strict=True)]
    color = max(measure_error(a[:, :, :3], b[:, :, :3]) for a, b in arrays)
    alpha = max(measure_error(a[:, :, 3:], b[:, :, 3:]) for a, b in arrays) if video.channels == 4 else 0
    return color, alpha, max(abs(a.time - time) for a, (time, _) in zip(seen, expected, strict=True))


@pytest.mark.parametrize("kind", SHORT, ids="-".join)
def test_a_video_is_read_as_ffmpeg_shows_it(tmp_path: Path, kind: Kind) -> None:
    color, alpha, slip = compare(tmp_path, kind, "none", Fraction(25))

    assert color <= 1
    assert alpha <= 1
    assert slip <= 1e-5


@pytest.mark.parametrize("turn", [turn for turn in TURNS if turn != "none"])
def test_a_turned_video_is_read_as_ffmpeg_shows_it(tmp_path: Path, turn: str) -> None:
    color, _, slip = compare(tmp_path, FORMATS[0], turn, Fraction(25))

    assert color <= 1
    assert slip <= 1e-5


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a wide product: 5 minutes on a busy machine
def test_every_format_rotation_and_rate_is_read_as_ffmpeg_shows_it(tmp_path: Path, record_property: Recorder) -> None:
    failed = []
    for kind in FORMATS:
        if not is_available(kind):
            add_row(record_property, PICTURES, describe(kind) | {"result": "PyAV has no such encoder here"})
            continue
        turns = list(TURNS) if kind[0] in TURNED else ["none"]
        rates = RATES if kind[0] in ANY_RATE else FEW_RATES if kind[0] not in ("ivf", "mxf") else [Fraction(25)]
        errors = [compare(tmp_path, kind, turn, rate) for turn, rate in product(turns, rates)]
        color, alpha, slip = (max(column) for column in zip(*errors, strict=True))
        good = color <= 1 and alpha <= 1 and slip <= 1e-5
        failed += [] if good else [kind]
        row = {"rotations": len(turns), "rates": len(rates), "color, levels": color, "alpha, levels": alpha}
        row |= {"times, s": f"{slip:.6f}", "result": "ok" if good else "differs"}
        add_row(record_property, PICTURES, describe(kind) | row)
    assert failed == []


def describe(kind: Kind) -> dict[str, object]:
    components = av.VideoFormat(kind[2]).components
    bits, alpha = max(each.bits for each in components), any(each.is_alpha for each in components)
    row: dict[str, object] = {"file": f".{kind[0]}", "codec": kind[1], "pixels": kind[2], "bits": bits}
    row |= {"has alpha": "yes" if alpha else "no", "rotations": "", "rates": "", "color, levels": ""}
    return row | {"alpha, levels": "", "times, s": ""}
