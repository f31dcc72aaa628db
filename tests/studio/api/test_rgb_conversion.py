"""Frames to RGB and back: exact to half a level in every depth, by the matrix and range of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import VideoReformatter

from studio.api.image import Image
from studio.api.rgb_conversion import RgbReader, RgbWriter
from studio.api.video import Video
from studio.api.video_writing import Encoding, write_video
from tests.studio.api.videos import LIMITS, VIDEO

Array = npt.NDArray[Any]
PACKED = ["yuyv422", "uyvy422", "yvyu422", "y210le", "y212le", "y216le"]
WIDE = ["yuv422p", "nv16", "p210le", "yuv444p", "nv24", "vuyx", "xv30le", "xv36le", "nv12", "p010le", "yuv411p"]
LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
LUMA |= {9: (0.2627, 0.0593)}


def to_yuv(rgb: Array, matrix: int, depth: int, *, full: bool) -> Array:
    """Samples of H.273, section 8.3, rounded; RGB in [0, 1]."""
    red, blue = LUMA[matrix]
    y = rgb @ np.array([red, 1 - red - blue, blue])
    u, v = (rgb[..., 2] - y) / (2 - 2 * blue), (rgb[..., 0] - y) / (2 - 2 * red)
    step, top = 1 << (depth - 8), (1 << depth) - 1
    if full:
        planes = [y * top, u * top + 128 * step, v * top + 128 * step]
    else:
        planes = [(16 + 219 * y) * step, (128 + 224 * u) * step, (128 + 224 * v) * step]
    return np.clip(np.rint(np.stack(planes)), 0, top).astype(np.uint16)


def make_frame(rgb: Array, pixels: str, *, matrix: int = 1, full: bool = False) -> Any:
    """A frame of RGB in [0, 1] in any YUV format; depth and layout are changed by swscale, not the matrix."""
    frame: Any = av.VideoFrame(rgb.shape[1], rgb.shape[0], "yuv444p16le")
    for plane, samples in zip(frame.planes, to_yuv(rgb, matrix, 16, full=full), strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        rows[:, : plane.width] = samples
        plane.update(rows)
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    known = {"src_colorspace": matrix, "dst_colorspace": matrix, "src_color_range": 1, "dst_color_range": 1}
    made = frame if pixels == "yuv444p16le" else VideoReformatter().reformat(frame, format=pixels, **known)
    made.colorspace, made.color_range = matrix, 2 if full else 1
    return made


def make_waves(height: int = 64, width: int = 96) -> Array:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 19 + y / 31), np.sin(x / 23 - y / 17), np.cos(x / 41 + y / 13)]
    return np.stack(waves, axis=2) * 0.4 + 0.5


@pytest.mark.parametrize("pixels", PACKED + WIDE)
@pytest.mark.parametrize("rows", [48, 720])
def test_every_layout_of_yuv_without_a_matrix_is_read_by_that_of_its_height(pixels: str, rows: int) -> None:
    color = np.array([200, 60, 40]) / 255
    frame = make_frame(np.broadcast_to(color, (rows, 16, 3)), pixels, matrix=1 if rows == 720 else 6)
    frame.colorspace = 2
    deep = max(component.bits for component in frame.format.components) > 8

    seen = RgbReader(alpha=False, deep=deep).read(frame)

    assert np.abs(seen[rows // 2, 8] / (257 if deep else 1) - color * 255).max() <= 2.1  # 8 bits of chroma are so rough


@pytest.mark.parametrize("matrix", sorted(LUMA))
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("pixels", "depth"), [("yuv444p", 8), ("yuv444p10le", 10), ("yuv444p12le", 12)])
def test_matrix_and_range_are_exact_to_half_a_step(matrix: int, full: bool, pixels: str, depth: int) -> None:
    frame = make_frame(make_waves(), pixels, matrix=matrix, full=full)
    planes = np.stack(
        [np.frombuffer(p, np.uint8 if depth == 8 else np.uint16).reshape(64, -1)[:, :96] for p in frame.planes]
    )
    step, top = 1 << (depth - 8), (1 << depth) - 1
    scale = (top, top) if full else (219 * step, 224 * step)
    y = (planes[0] - (0.0 if full else 16.0 * step)) / scale[0]
    u, v = ((planes[index] - 128.0 * step) / scale[1] for index in (1, 2))
    red, blue = LUMA[matrix]
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    expected = np.stack([r, (y - red * r - blue * b) / (1 - red - blue), b], axis=2)

    seen = RgbReader(alpha=False, deep=depth > 8).read(frame)

    error = seen / (65535 if depth > 8 else 255) - expected
    assert np.abs(error).max() * 255 <= (0.55 if depth == 8 else 0.01)
    assert abs(error.mean()) * 255 < 0.02


@pytest.mark.parametrize("order", ["be", "le"])
@pytest.mark.parametrize(
    ("name", "red", "green"), [("rgb565", 11, 5), ("bgr565", 0, 5), ("rgb555", 10, 5), ("bgr555", 0, 5)]
)
@pytest.mark.parametrize("alpha", [False, True])
def test_colors_of_fifteen_and_sixteen_bits_are_read_in_both_orders(
    order: str, name: str, red: int, green: int, alpha: bool
) -> None:
    widest = 63 if "565" in name else 31
    value = (31 << red) | (widest // 3 << green)
    frame: Any = av.VideoFrame(16, 16, name + order)
    frame.planes[0].update(value.to_bytes(2, {"be": "big", "le": "little"}[order]) * (frame.planes[0].buffer_size // 2))

    seen = RgbReader(alpha=alpha, deep=False).read(frame)

    assert np.abs(seen[8, 8, :3].astype(int) - (255, 255 // 3, 0)).max() <= 4


def test_ycgco_is_read() -> None:
    frame: Any = av.VideoFrame(16, 16, "yuv444p")
    for plane, level in zip(frame.planes, (100, 138, 158), strict=True):  # luma, orange and green of H.273
        plane.update(np.full(plane.buffer_size, level, np.uint8))
    frame.colorspace, frame.color_range = 8, 2

    seen = RgbReader(alpha=False, deep=False).read(frame)

    assert seen[8, 8].tolist() == [100 - 10 + 30, 100 + 10, 100 - 10 - 30]


@pytest.mark.parametrize(
    ("bits", "color_range", "code", "level"), [(10, 0, 1023, 65535), (10, 1, 940, 65535), (12, 2, 0, 0)]
)
def test_deep_grey_is_exact(bits: int, color_range: int, code: int, level: int) -> None:
    frame: Any = av.VideoFrame(16, 16, f"gray{bits}le")
    frame.planes[0].update(np.full(frame.planes[0].buffer_size // 2, code, np.uint16))
    frame.color_range = color_range

    seen = RgbReader(alpha=False, deep=True).read(frame)

    assert seen[0, 0].tolist() == [level] * 3


@pytest.mark.parametrize("pixels", ["yuv444p10le", "yuv444p12le", "yuv444p16le"])
def test_deep_samples_are_encoded_exactly(pixels: str) -> None:
    deep = np.rint(make_waves() * 65535).astype(np.uint16)
    depth = 10 if "10" in pixels else 12 if "12" in pixels else 16

    frame = RgbWriter("rgb48le", pixels).write(deep)

    planes = np.stack([np.frombuffer(plane, np.uint16).reshape(64, -1)[:, :96] for plane in frame.planes])
    error = planes.astype(float) - to_yuv(deep / 65535, 1, depth, full=False)
    assert np.abs(error).max() <= 1
    assert abs(error.mean()) < 0.3


CODED = [
    ("mp4", Encoding("mp4", "libx264", pixels="yuv420p", options={"crf": "12", "preset": "ultrafast"}), np.uint8),
    ("mkv", Encoding("matroska", "ffv1", pixels="yuv420p"), np.uint8),
    ("mkv", Encoding("matroska", "ffv1", pixels="yuv422p10le"), np.uint16),
    ("mov", Encoding("mov", "prores_ks", pixels="yuv422p10le", options={"profile": "3"}), np.uint16),
]


@pytest.mark.parametrize(("extension", "encoding", "dtype"), CODED)
def test_nine_generations_do_not_drift(tmp_path: Path, extension: str, encoding: Encoding, dtype: type) -> None:
    top = np.iinfo(dtype).max
    first = np.rint(make_waves() * top).astype(dtype)
    current = first
    for generation in range(9):
        path = tmp_path / f"{generation}.{extension}"
        write_video(Video.from_images([Image(current)] * 2, 25), path, None, encoding)
        current = next(VIDEO.read_file(path, LIMITS).frames()).image.stored

    drift = (current.astype(float) - first) / top * 255
    assert np.abs(drift.mean(axis=(0, 1))).max() < 0.3  # 8 bits lost 9.5 levels, 16 bits more than 4
    assert np.abs(drift).mean() < 2
