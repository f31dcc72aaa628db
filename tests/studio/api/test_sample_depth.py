"""Whether files have more than 8 bits, told by their heads."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from studio.api import Image, MediaLimits
from studio.api.image_file import ImageType
from studio.api.sample_depth import is_deep

WORDS = Image(np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.uint16))


def write_video(path: Path, codec: str, pixels: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixels
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("extension", ["png", "tif", "exr"])
def test_images_of_16_bits_are_deep(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    ImageType().write_file(WORDS, path, None)

    assert is_deep(path, MediaLimits())


@pytest.mark.parametrize("extension", ["png", "tif", "jpg", "webp", "gif", "bmp", "avif"])
def test_images_of_8_bits_are_not(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    PIL.Image.new("RGB", (64, 64), "teal").save(path)

    assert not is_deep(path, MediaLimits())


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "deep"),
    [
        ("a.mkv", "ffv1", "yuv420p10le", True),
        ("a.mov", "prores_ks", "yuv422p10le", True),
        ("a.avi", "rawvideo", "rgb24", False),
        ("a.mp4", "libx264", "yuv420p", False),
        ("a.mkv", "ffv1", "gray16le", True),
    ],
)
def test_videos_are_as_deep_as_their_pixel_format(
    tmp_path: Path, name: str, codec: str, pixels: str, deep: bool
) -> None:
    assert is_deep(write_video(tmp_path / name, codec, pixels), MediaLimits()) is deep


@pytest.mark.parametrize("data", [b"", b"II*\0\x08", b"\x89PNG\r\n\x1a\n", b"LUT_3D_SIZE 2\n0 0 0\n"])
def test_other_files_are_not(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)

    assert not is_deep(path, MediaLimits())


@pytest.mark.parametrize("size", [8, 16, 20, 24])
def test_a_png_that_was_cut_off_in_its_head_is_not_deep(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.png"
    ImageType().write_file(WORDS, path, None)
    path.write_bytes(path.read_bytes()[:size])

    assert not is_deep(path, MediaLimits())
