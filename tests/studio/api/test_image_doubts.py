"""What of an image file is not in the image is said, and nothing is said where all is."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from tests.studio.api.images import IMAGES, LIMITS, MASKS, chunk, make_png, read

LATER = "the file is an animation of which the first image is read; load it as a video for all"


def doubt(path: Path) -> list[str]:
    assert list(MASKS.find_doubts(path, LIMITS)) == list(IMAGES.find_doubts(path, LIMITS))
    return list(IMAGES.find_doubts(path, LIMITS))


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif", "gif", "bmp", "avif"])
def test_nothing_is_said_of_a_plain_image(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("RGB", (16, 16), "red").save(tmp_path / f"a.{extension}")

    assert doubt(tmp_path / f"a.{extension}") == []


@pytest.mark.parametrize("extension", ["gif", "webp", "png", "avif"])
def test_an_animation_is_named(tmp_path: Path, extension: str) -> None:
    pictures = [PIL.Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
    pictures[0].save(tmp_path / f"a.{extension}", save_all=True, append_images=pictures[1:], duration=100)

    assert doubt(tmp_path / f"a.{extension}") == [LATER]


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "avif"])
def test_what_exif_says_is_named(tmp_path: Path, extension: str) -> None:
    exif = PIL.Image.Exif()
    exif[306], exif[271], exif[315], exif[33432] = "2020:01:02 03:04:05", "Maker", "Jane", "2020 Jane"
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / f"a.{extension}", exif=exif)

    (said,) = doubt(tmp_path / f"a.{extension}")

    assert said.startswith("EXIF of the file (date, camera, author, copyright) is not in what is made from it")


def test_an_orientation_alone_is_applied_and_not_named(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[274] = 6
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", exif=exif)

    assert doubt(tmp_path / "a.jpg") == []


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (b"gAMA", struct.pack(">I", 100_000), "the gamma of the file, 1, is not applied"),
        (b"gAMA", struct.pack(">I", 45_455), ""),
        (b"cICP", bytes([9, 16, 0, 1]), "the colors of the file are BT.2020 PQ; they are taken as sRGB"),
        (b"cICP", bytes([1, 13, 0, 1]), ""),
    ],
)
def test_colors_that_are_not_converted_are_named(tmp_path: Path, kind: bytes, content: bytes, said: str) -> None:
    (tmp_path / "a.png").write_bytes(make_png(np.zeros((2, 2, 3), np.uint8), chunk(kind, content)))

    assert "; ".join(doubt(tmp_path / "a.png")).startswith(said)
    assert bool(doubt(tmp_path / "a.png")) == bool(said)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_avif_image_is_what_pillow_reads(tmp_path: Path, mode: str) -> None:
    array = np.random.default_rng(3).integers(0, 256, (24, 40, 4)).astype(np.uint8)
    PIL.Image.fromarray(array).convert(mode).save(tmp_path / "a.avif", quality=90)

    seen = read(tmp_path / "a.avif").to_uint8()

    with PIL.Image.open(tmp_path / "a.avif") as expected:
        np.testing.assert_array_equal(seen, np.asarray(expected).reshape(seen.shape))


def test_an_avif_image_is_upright(tmp_path: Path) -> None:
    array = np.zeros((32, 48, 3), np.uint8)
    array[:16, :16] = 255
    exif = PIL.Image.Exif()
    exif[274] = 6
    PIL.Image.fromarray(array).save(tmp_path / "a.avif", exif=exif, quality=95)

    seen = read(tmp_path / "a.avif").to_uint8().astype(int)

    assert seen.shape == (48, 32, 3)
    assert np.abs(seen - np.rot90(array, -1)).mean() < 4


def test_an_avif_image_of_ten_bits_says_that_it_is_read_with_eight(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (16, 16), "red").save(tmp_path / "a.avif")
    data = bytearray((tmp_path / "a.avif").read_bytes())
    data[data.index(b"av1C") + 6] |= 0x40
    (tmp_path / "b.avif").write_bytes(data)

    assert doubt(tmp_path / "b.avif") == ["AVIF of 10 bits is read with 8 bits"]


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"II*\0", b"GIF89a"])
def test_of_a_damaged_file_the_reader_says_what_is_wrong(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a").write_bytes(start + b"\1" * 40)
    found: Any = doubt(tmp_path / "a")

    assert found == []
