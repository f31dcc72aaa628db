"""Images written: provenance, bytes that other programs read, and what a format cannot hold."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest
from processes import create_environment

from studio.api.image import Image
from studio.api.image_file import ImageType
from studio.errors import MediaError
from tests.studio.api.images import GRAPH, IMAGES, RNG, chunk, make_png, read


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("extension", ["png", "tiff"])
def test_other_programs_read_what_is_written(tmp_path: Path, dtype: type, channels: int, extension: str) -> None:
    array = RNG.integers(0, np.iinfo(dtype).max + 1, (70, 9, channels)).astype(dtype)
    IMAGES.write_file(Image(array), tmp_path / f"a.{extension}", GRAPH)

    if dtype == np.uint8:
        seen = np.array(PIL.Image.open(tmp_path / f"a.{extension}"))
        np.testing.assert_array_equal(seen.reshape(array.shape), array)
        return
    seen = cv2.imread(str(tmp_path / f"a.{extension}"), cv2.IMREAD_UNCHANGED)

    assert seen.dtype == dtype
    order = {1: slice(None), 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(seen.reshape(array.shape)[:, :, order], array)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_keeps_floats(tmp_path: Path, channels: int) -> None:
    image = Image(RNG.random((70, 31, channels), dtype=np.float32))

    IMAGES.write_file(image, tmp_path / "a.tiff", None)

    assert read(tmp_path / "a.tiff") == image


def test_a_png_of_a_float_image_has_eight_bits(tmp_path: Path) -> None:
    image = Image(RNG.random((4, 4, 3), dtype=np.float32))

    IMAGES.write_file(image, tmp_path / "a.png", None)

    assert (tmp_path / "a.png").read_bytes()[24] == 8
    assert np.abs(read(tmp_path / "a.png").pixels - image.pixels).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("extension", ImageType.extensions)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_provenance_comes_back_from_every_format(tmp_path: Path, extension: str, channels: int) -> None:
    path = tmp_path / f"a.{extension}"

    IMAGES.write_file(Image(np.zeros((4, 4, channels), np.uint8)), path, GRAPH)

    assert IMAGES.read_provenance(path) == GRAPH
    assert b"digitalsourcetype/humanEdits" in path.read_bytes()
    assert read(path).width == 4


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tiff"])
def test_two_megabytes_of_provenance_come_back(tmp_path: Path, extension: str) -> None:
    text = json.dumps({"prompt": "ä" * 333_000, "more": "x" * 10_000})

    IMAGES.write_file(Image(np.zeros((4, 4, 3), np.uint8)), tmp_path / f"a.{extension}", text)

    assert len(text) > 2_000_000
    assert IMAGES.read_provenance(tmp_path / f"a.{extension}") == text
    assert read(tmp_path / f"a.{extension}").width == 4


@pytest.mark.parametrize("length", [65_513, 65_516, 65_517, 65_533, 65_534, 70_000, 130_000, 130_001])
def test_provenance_too_long_for_a_segment_of_a_jpeg_is_split(tmp_path: Path, length: int) -> None:
    IMAGES.write_file(Image(np.zeros((4, 4, 3), np.uint8)), tmp_path / "a.jpg", "x" * length)

    assert IMAGES.read_provenance(tmp_path / "a.jpg") == "x" * length
    assert read(tmp_path / "a.jpg").width == 4


def test_provenance_of_a_jpeg_that_lacks_a_part_is_none(tmp_path: Path) -> None:
    IMAGES.write_file(Image(np.zeros((4, 4, 3), np.uint8)), tmp_path / "a.jpg", "x" * 200_000)
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data.replace(b"studio-provenance-part 2/", b"studio-provenance-lost 2/"))

    assert IMAGES.read_provenance(tmp_path / "b.jpg") is None


def test_short_provenance_in_a_png_is_compressed_and_pillow_reads_it(tmp_path: Path) -> None:
    IMAGES.write_file(Image(np.zeros((4, 4, 3), np.uint8)), tmp_path / "a.png", GRAPH * 100)

    with PIL.Image.open(tmp_path / "a.png") as image:
        assert isinstance(image, PIL.PngImagePlugin.PngImageFile)
        assert image.text["studio"] == GRAPH * 100
        assert image.text["Software"] == "Studio"
        assert "DigitalSourceType" in image.text["XML:com.adobe.xmp"]
    assert (tmp_path / "a.png").stat().st_size < 3000


def test_lone_surrogate_in_the_provenance_becomes_its_json_escape(tmp_path: Path) -> None:
    IMAGES.write_file(Image(np.zeros((4, 4), np.uint8)), tmp_path / "a.png", '"\ud800"')

    assert IMAGES.read_provenance(tmp_path / "a.png") == '"\\ud800"'


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tiff", "gif", "bmp"])
def test_foreign_file_has_no_provenance(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / f"a.{extension}", comment="hello")

    assert IMAGES.read_provenance(tmp_path / f"a.{extension}") is None


@pytest.mark.parametrize(
    "content",
    [b"studio\0", b"studio\0\1\0\0\0junk", b"studio\0\1\0\0\0" + zlib.compress(b"\0" * 2**29), b"studio\0\0\0\0\0\xff"],
)
def test_hostile_provenance_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(make_png(np.zeros((2, 2, 3), np.uint8), chunk(b"iTXt", content)))

    assert IMAGES.read_provenance(tmp_path / "a.png") is None


@pytest.mark.parametrize("extension", ImageType.extensions)
def test_equal_images_give_equal_bytes_in_any_process(tmp_path: Path, extension: str) -> None:
    array = RNG.integers(0, 256, (20, 30, 4)).astype(np.uint8)
    np.save(tmp_path / "a.npy", array)
    code = (
        "import sys, pathlib, numpy; from studio.api.image import Image; from studio.api.image_file import ImageType\n"
        f"ImageType().write_file(Image(numpy.load('a.npy')), pathlib.Path('b.{extension}'), '[1]')"
    )

    IMAGES.write_file(Image(array.astype(np.float32) / np.float32(255)), tmp_path / f"a.{extension}", "[1]")
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        env=create_environment(),
    )

    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


def test_jpeg_lays_alpha_over_white_and_keeps_full_chroma(tmp_path: Path) -> None:
    array = np.zeros((16, 16, 4), np.uint8)
    array[:, ::2] = [255, 0, 0, 255]

    IMAGES.write_file(Image(array), tmp_path / "a.jpg", None)

    seen = read(tmp_path / "a.jpg").to_uint8().astype(int)
    assert np.abs(seen[:, ::2] - [255, 0, 0]).max() < 25
    assert np.abs(seen[:, 1::2] - 255).max() < 25


def test_an_image_too_wide_for_webp_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        IMAGES.write_file(Image(np.zeros((1, 16_384), np.uint8)), tmp_path / "a.webp", None)

    assert caught.value.code == "E512"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/full")

    with pytest.raises(MediaError, match="no space left"):
        IMAGES.write_file(Image(np.zeros((4, 4), np.uint8)), tmp_path / "a.png", None)
