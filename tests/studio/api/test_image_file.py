"""Pictures and masks in files: every format, depth, colour space and orientation, and what is hostile."""

from __future__ import annotations

import io
import itertools
import json
import os
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest

from studio.api.color import SRGB, ColorSpace
from studio.api.image import Image, Mask
from studio.api.image_file import ImageType, MaskType
from studio.errors import MediaError
from studio.settings import MediaLimits

IMAGES, MASKS, LIMITS = ImageType(), MaskType(), MediaLimits()
RNG = np.random.default_rng(3)
GRAPH = json.dumps({"studio": 1, "title": "Größe <&> \r\n \u0001 ]]>"})
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def read(path: Path, limits: MediaLimits = LIMITS) -> Image:
    return IMAGES.read_file(path, limits)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def make_png(array: np.ndarray, *extra: bytes, interlaced: bool = False) -> bytes:
    """A PNG file written by hand: unfiltered rows, 8 or 16 bits."""
    height, width, channels = array.shape
    rows = array.astype(">u2") if array.dtype == np.uint16 else array
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    raw = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in rows[y::dy, x::dx] if row.size)
    head = struct.pack(">IIBBBBB", width, height, 8 * array.itemsize, (0, 4, 2, 6)[channels - 1], 0, 0, interlaced)
    parts = [chunk(b"IHDR", head), *extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def make_profile(gamma: float, columns: list[tuple[float, float, float]], space: bytes = b"RGB ") -> bytes:
    """An ICC profile written by hand: one gamma, and the colours of full red, green and blue in XYZ."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    for name, column in zip((b"r", b"g", b"b"), columns, strict=False):
        tags[name + b"XYZ"] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in column))
        tags[name + b"TRC"] = curve
    body, table = b"", struct.pack(">I", len(tags))
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(tag))
        body += tag
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24], head[36:40] = b"\2\x40\0\0", b"mntr", space, b"XYZ ", b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    data = bytes(head) + table + body
    return struct.pack(">I", len(data)) + data[4:]


ADOBE_RGB = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]


def expect_srgb(samples: np.ndarray, gamma: float, columns: list[tuple[float, float, float]]) -> np.ndarray:
    """What sRGB must come out: an independent calculation, with the matrix of IEC 61966-2-1 for D50 (Lindbloom)."""
    to_linear = np.array(
        [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
    )
    linear = np.clip(samples**gamma @ np.array(columns) @ to_linear.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# --- depth, channels, formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["png", "tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_written_picture_reads_back_exactly(tmp_path: Path, extension: str, dtype: type, channels: int) -> None:
    image = Image(RNG.integers(0, np.iinfo(dtype).max + 1, (137, 41, channels)).astype(dtype))
    path = tmp_path / f"picture.{extension}"

    IMAGES.write_file(image, path, None)

    assert read(path).compact().dtype == dtype
    assert read(path) == image


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


def test_png_of_a_float_picture_has_eight_bits(tmp_path: Path) -> None:
    image = Image(RNG.random((4, 4, 3), dtype=np.float32))

    IMAGES.write_file(image, tmp_path / "a.png", None)

    assert (tmp_path / "a.png").read_bytes()[24] == 8
    assert np.abs(read(tmp_path / "a.png").pixels - image.pixels).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_is_read_at_full_depth(tmp_path: Path, channels: int, interlaced: bool) -> None:
    array = RNG.integers(0, 65536, (13, 11, channels)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(make_png(array, interlaced=interlaced))

    expected = array[:, :, [0, 0, 0, 1]] if channels == 2 else array

    np.testing.assert_array_equal(read(tmp_path / "a.png").stored, expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_key_of_a_png_becomes_alpha(tmp_path: Path, channels: int, dtype: type) -> None:
    array = np.arange(12 * channels).reshape(3, 4, channels).astype(dtype)
    key = chunk(b"tRNS", struct.pack(f">{channels}H", *array[1, 2].tolist()))
    (tmp_path / "a.png").write_bytes(make_png(array, key))

    alpha = read(tmp_path / "a.png").pixels[:, :, 3]

    assert np.argwhere(alpha == 0).tolist() == [[1, 2]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bit_tiff_of_opencv_is_read_at_full_depth(tmp_path: Path, channels: int) -> None:
    array = RNG.integers(0, 65536, (33, 21, channels)).astype(np.uint16)
    order = {1: slice(None), 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    cv2.imwrite(str(tmp_path / "a.tiff"), array[:, :, order])

    np.testing.assert_array_equal(read(tmp_path / "a.tiff").stored, array)


def test_palette_with_transparency_keeps_it(tmp_path: Path) -> None:
    source = PIL.Image.new("P", (3, 1))
    source.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    source.putdata([0, 1, 2])
    source.save(tmp_path / "a.png", transparency=bytes([0, 128, 255]))

    expected = [[255, 0, 0, 0], [0, 255, 0, 128], [0, 0, 255, 255]]

    assert read(tmp_path / "a.png").stored[0].tolist() == expected


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("L", 1), ("LA", 4), ("P", 3), ("RGB", 3), ("RGBA", 4)])
def test_every_png_mode_has_its_channels(tmp_path: Path, mode: str, channels: int) -> None:
    PIL.Image.new(mode, (5, 4)).save(tmp_path / "a.png")

    assert read(tmp_path / "a.png").channels == channels


@pytest.mark.parametrize("extension", ["jpg", "webp", "bmp", "gif", "tif"])
def test_every_format_is_read_by_its_content_not_its_name(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("RGB", (6, 4), (255, 0, 0)).save(tmp_path / f"a.{extension}")
    (tmp_path / f"a.{extension}").rename(tmp_path / "b.png")

    image = read(tmp_path / "b.png")

    assert (image.width, image.height, image.channels) == (6, 4, 3)
    assert np.abs(image.pixels - [1, 0, 0]).max() < 0.02


@pytest.mark.parametrize("extension", ["gif", "webp", "png", "tiff"])
def test_animated_file_gives_its_first_frame(tmp_path: Path, extension: str) -> None:
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / f"a.{extension}", save_all=True, append_images=frames[1:])

    assert read(tmp_path / f"a.{extension}").to_uint8()[4, 4, 0] > 240


LOSSLESS = ["tiff_lzw", "packbits", "tiff_adobe_deflate", "tiff_deflate", "raw"]


@pytest.mark.parametrize(
    ("mode", "compression"),
    [*itertools.product(["L", "P", "RGB", "RGBA", "CMYK", "I;16"], LOSSLESS), ("L", "jpeg"), ("RGB", "jpeg")],
)
def test_every_compression_of_a_tiff_is_read(tmp_path: Path, compression: str, mode: str) -> None:
    samples = np.random.default_rng(5).normal(128, 30, (50, 70))
    noise = PIL.Image.fromarray(samples.clip(0, 255).astype(np.uint8))
    source = PIL.Image.fromarray(np.asarray(noise).astype(np.uint16) * 255) if mode == "I;16" else noise.convert(mode)
    source.save(tmp_path / "a.tiff", compression=compression)

    seen = read(tmp_path / "a.tiff")

    expected = np.asarray(source if mode == "I;16" else source.convert("RGB" if mode in ("P", "CMYK") else mode))
    error = np.abs(seen.stored.astype(int) - expected.reshape(seen.stored.shape)).max()
    assert error <= (40 if compression == "jpeg" else 0)


def test_tiff_grey_where_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    IMAGES.write_file(Image(np.array([[0, 1000, 65535]], np.uint16)), tmp_path / "a.tiff", None)
    data = bytearray((tmp_path / "a.tiff").read_bytes())
    at = data.index(struct.pack("<HHI", 262, 3, 1))
    data[at + 8] = 0
    (tmp_path / "b.tiff").write_bytes(data)

    assert read(tmp_path / "b.tiff").stored.ravel().tolist() == [65535, 64535, 0]


# --- orientation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tiff"])
def test_orientation_is_honoured(tmp_path: Path, extension: str, orientation: int) -> None:
    array = np.zeros((32, 48, 3), np.uint8)
    array[:16, :16] = 255  # the corner at the top left
    array[:16, 32:] = [255, 0, 0]
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(array).save(tmp_path / f"a.{extension}", exif=exif, quality=95)

    seen = read(tmp_path / f"a.{extension}").to_uint8().astype(int)

    upright = {
        1: array, 2: array[:, ::-1], 3: array[::-1, ::-1], 4: array[::-1], 5: array.transpose(1, 0, 2),
        6: np.rot90(array, -1), 7: array[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(array, 1),
    }  # fmt: skip
    assert seen.shape == upright[orientation].shape
    assert np.abs(seen - upright[orientation]).mean() < 3


@pytest.mark.parametrize("extension", ["png", "tiff"])
def test_orientation_holds_at_sixteen_bits(tmp_path: Path, extension: str) -> None:
    array = RNG.integers(0, 65536, (4, 6, 3)).astype(np.uint16)
    path = tmp_path / f"a.{extension}"
    if extension == "png":
        path.write_bytes(make_png(array, chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")))
    else:
        IMAGES.write_file(Image(array), path, None)
        data = path.read_bytes()  # the tag of the software becomes that of the orientation
        at = data.index(struct.pack("<HHI", 305, 2, 7))
        path.write_bytes(data[:at] + struct.pack("<HHIHH", 274, 3, 1, 6, 0) + data[at + 12 :])

    np.testing.assert_array_equal(read(path).stored, np.rot90(array, -1))


@pytest.mark.parametrize("exif", [b"", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + b"\1" * 50])
def test_broken_exif_is_ignored_without_a_warning(tmp_path: Path, exif: bytes) -> None:
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)

    assert read(tmp_path / "a.jpg").width == 4


# --- colour ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tiff"])
def test_embedded_profile_is_converted_to_srgb(tmp_path: Path, extension: str) -> None:
    profile = make_profile(2.19921875, ADOBE_RGB)
    source = PIL.Image.new("RGB", (16, 16), (100, 180, 60))
    lossless = {"lossless": True} if extension == "webp" else {}
    source.save(tmp_path / f"a.{extension}", icc_profile=profile, quality=100, **lossless)

    seen = read(tmp_path / f"a.{extension}").to_uint8()[8, 8]

    expected = expect_srgb(np.array([100, 180, 60]) / 255, 2.19921875, ADOBE_RGB) * 255
    np.testing.assert_allclose(seen, expected, atol=2.0)
    assert abs(expected - [100, 180, 60]).max() > 20


@pytest.mark.parametrize("channels", [3, 4])
def test_profile_of_a_sixteen_bit_png_is_converted_at_sixteen_bits(tmp_path: Path, channels: int) -> None:
    array = RNG.integers(20000, 40000, (300, 4, channels)).astype(np.uint16)
    profile = make_profile(1.8, ADOBE_RGB)
    (tmp_path / "a.png").write_bytes(make_png(array, chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))))

    seen = read(tmp_path / "a.png").stored

    gamma = round(1.8 * 256) / 256
    np.testing.assert_allclose(seen[:, :, :3], expect_srgb(array[:, :, :3] / 65535, gamma, ADOBE_RGB) * 65535, atol=8)
    np.testing.assert_array_equal(seen[:, :, 3:], array[:, :, 3:])


def test_srgb_profiles_change_nothing(tmp_path: Path) -> None:
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    array = RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    PIL.Image.fromarray(array).save(tmp_path / "a.png", icc_profile=profile)

    np.testing.assert_array_equal(read(tmp_path / "a.png").stored, array)


def test_grey_profile_is_converted_and_stays_one_channel(tmp_path: Path) -> None:
    PIL.Image.new("L", (2, 2), 128).save(tmp_path / "a.png", icc_profile=make_profile(1.0, [], b"GRAY"))

    seen = read(tmp_path / "a.png")

    assert seen.channels == 1
    assert abs(seen.to_uint8()[0, 0, 0] - 188) <= 1  # linear 0.502 encodes to 0.737


@pytest.mark.parametrize("profile", [b"", b"acsp" * 100, make_profile(1.0, [(0, 0, 0)] * 3)[:200]])
def test_broken_profile_is_taken_for_srgb(tmp_path: Path, profile: bytes) -> None:
    PIL.Image.new("RGB", (2, 2), (9, 99, 199)).save(tmp_path / "a.png", icc_profile=profile)

    assert read(tmp_path / "a.png").stored[0, 0].tolist() == [9, 99, 199]


@pytest.mark.parametrize("extension", ["jpg", "tiff"])
def test_cmyk_becomes_rgb(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / f"a.{extension}", quality=100)

    seen = read(tmp_path / f"a.{extension}")

    np.testing.assert_allclose(seen.to_uint8()[8, 8], [255, 0, 0], atol=3)


def test_lab_tiff_becomes_rgb(tmp_path: Path) -> None:
    PIL.Image.new("LAB", (4, 4), (255, 128, 128)).save(tmp_path / "a.tiff")

    assert read(tmp_path / "a.tiff").to_uint8().min() > 250


# --- provenance and what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ImageType.extensions)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_provenance_comes_back_from_every_format(tmp_path: Path, extension: str, channels: int) -> None:
    path = tmp_path / f"a.{extension}"

    IMAGES.write_file(Image(np.zeros((4, 4, channels), np.uint8)), path, GRAPH)

    assert IMAGES.read_provenance(path) == GRAPH
    assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in path.read_bytes()
    assert read(path).width == 4


@pytest.mark.parametrize("extension", ["png", "webp", "tiff"])
def test_two_megabytes_of_provenance_come_back(tmp_path: Path, extension: str) -> None:
    text = json.dumps({"prompt": "ä" * 333_000, "more": "x" * 10_000})

    IMAGES.write_file(Image(np.zeros((4, 4, 3), np.uint8)), tmp_path / f"a.{extension}", text)

    assert len(text) > 2_000_000
    assert IMAGES.read_provenance(tmp_path / f"a.{extension}") == text
    assert read(tmp_path / f"a.{extension}").width == 4


def test_provenance_too_long_for_a_jpeg_is_left_out(tmp_path: Path) -> None:
    IMAGES.write_file(Image(np.zeros((4, 4, 3), np.uint8)), tmp_path / "a.jpg", "x" * 70_000)

    assert IMAGES.read_provenance(tmp_path / "a.jpg") is None
    assert read(tmp_path / "a.jpg").width == 4


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
def test_equal_pictures_give_equal_bytes_in_any_process(tmp_path: Path, extension: str) -> None:
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
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )

    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


def test_jpeg_lays_alpha_over_white_and_keeps_full_chroma(tmp_path: Path) -> None:
    array = np.zeros((16, 16, 4), np.uint8)
    array[:, ::2] = [255, 0, 0, 255]

    IMAGES.write_file(Image(array), tmp_path / "a.jpg", None)

    seen = read(tmp_path / "a.jpg").to_uint8().astype(int)
    assert np.abs(seen[:, ::2] - [255, 0, 0]).max() < 25
    assert np.abs(seen[:, 1::2] - 255).max() < 25


def test_unknown_extension_is_refused_with_those_that_work(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        IMAGES.write_file(Image(np.zeros((4, 4), np.uint8)), tmp_path / "a.xyz", None)

    assert caught.value.code == "E512"
    assert "png" in caught.value.hint


def test_picture_too_wide_for_webp_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        IMAGES.write_file(Image(np.zeros((1, 16_384), np.uint8)), tmp_path / "a.webp", None)

    assert caught.value.code == "E512"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/full")

    with pytest.raises(MediaError, match="no space left"):
        IMAGES.write_file(Image(np.zeros((4, 4), np.uint8)), tmp_path / "a.png", None)


# --- what is hostile ------------------------------------------------------------------------------------------


def check_refused(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as caught:
        read(path, limits)
    assert caught.value.code == "E511"
    assert caught.value.where == str(path)
    assert caught.value.hint
    assert caught.value.message[0].islower()
    return caught.value.message


def make_file(extension: str) -> bytes:
    file = io.BytesIO()
    noise = RNG.integers(0, 256, (48, 64, 3)).astype(np.uint8)
    PIL.Image.fromarray(noise).save(file, {"jpg": "JPEG", "tif": "TIFF"}.get(extension, extension.upper()))
    return file.getvalue()


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "gif", "bmp", "tif"])
@pytest.mark.parametrize("part", [0.0, 0.002, 0.01, 0.3, 0.7, 0.97])
def test_truncated_file_is_refused(tmp_path: Path, extension: str, part: float, capfd) -> None:
    data = make_file(extension)
    (tmp_path / "a").write_bytes(data[: int(len(data) * part)])

    check_refused(tmp_path / "a")

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("part", [0.3, 0.7, 0.9])
@pytest.mark.parametrize("extension", ["png", "tiff"])
def test_truncated_deep_file_is_refused_silently(tmp_path: Path, extension: str, part: float, capfd) -> None:
    IMAGES.write_file(Image(RNG.integers(0, 65536, (40, 50, 3)).astype(np.uint16)), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "b").write_bytes(data[: int(len(data) * part)])

    check_refused(tmp_path / "b")

    assert capfd.readouterr() == ("", "")


def find_code(path: Path) -> str:
    """The code of the error that reading a file ends in, "" for none; any other error passes through."""
    try:
        assert read(path, MediaLimits(max_pixels=1_000_000)).width > 0
    except MediaError as error:
        return error.code
    return ""


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "gif", "bmp", "tif", "deep.png", "deep.tiff"])
def test_mutated_files_are_read_or_refused_and_nothing_else(tmp_path: Path, extension: str, capfd) -> None:
    rng = np.random.default_rng(1)
    if extension.startswith("deep"):
        IMAGES.write_file(Image(rng.integers(0, 65536, (9, 9, 3)).astype(np.uint16)), tmp_path / extension, GRAPH)
        data = (tmp_path / extension).read_bytes()
    else:
        data = make_file(extension)
    refused = 0
    for _ in range(150):
        mutated = bytearray(data)
        for at in rng.integers(0, min(len(data), 600) if rng.random() < 0.7 else len(data), rng.integers(1, 6)):
            mutated[at] = rng.integers(0, 256)
        (tmp_path / "m").write_bytes(mutated)
        refused += find_code(tmp_path / "m") == "E511"
        IMAGES.read_provenance(tmp_path / "m")

    assert refused > 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_names_what_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)

    check_refused(tmp_path / "a.png")
    if content:
        with pytest.raises(MediaError, match="PNG, JPEG, WebP, TIFF, BMP and GIF"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize("header", [b"\0\0\0\x18ftypheic\0\0\0\0", b"v/1\1\2\0\0\0", b"\0\0\0\x0cJXL \r\n\x87\n"])
def test_formats_that_are_not_read_are_named_as_such(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "a.heic").write_bytes(header + b"\0" * 100)

    assert "unsupported or damaged image file" in check_refused(tmp_path / "a.heic")


def test_folders_pipes_devices_and_missing_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert "folder" in check_refused(tmp_path)
    assert "regular file" in check_refused(tmp_path / "pipe")
    assert "regular file" in check_refused(Path("/dev/zero"))
    assert "no such file" in check_refused(tmp_path / "missing.png")


@pytest.mark.parametrize("depth", [8, 16])
def test_bomb_is_refused_from_its_header(tmp_path: Path, depth: int) -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, depth, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 10_000)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body)

    assert "over the limit" in check_refused(tmp_path / "a.png")


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "gif", "bmp", "tif"])
def test_limits_hold_for_every_format(tmp_path: Path, extension: str) -> None:
    (tmp_path / "a").write_bytes(make_file(extension))

    assert "over the limit" in check_refused(tmp_path / "a", MediaLimits(max_pixels=64 * 48 - 1))
    assert "over the limit" in check_refused(tmp_path / "a", MediaLimits(max_side=63))
    assert "bytes" in check_refused(tmp_path / "a", MediaLimits(max_file_bytes=100))
    assert read(tmp_path / "a", MediaLimits(max_pixels=64 * 48, max_side=64)).width == 64


def test_lying_header_allocates_next_to_nothing(tmp_path: Path) -> None:
    head = struct.pack(">IIBBBBB", 16_000, 16_000, 16, 6, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body)

    assert "too short" in check_refused(tmp_path / "a.png")


def test_picture_above_pillows_own_limit_is_read_without_a_warning(tmp_path: Path) -> None:
    PIL.Image.new("1", (10_000, 9_000)).save(tmp_path / "a.png")  # 90 million pixels; Pillow warns at 89

    assert read(tmp_path / "a.png").width == 10_000


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    image = Image(RNG.integers(0, 65536, (30, 40, 3)).astype(np.uint16))
    IMAGES.write_file(image, tmp_path / "a.tiff", GRAPH)
    equal: list[bool] = []
    threads = [threading.Thread(target=lambda: equal.append(read(tmp_path / "a.tiff") == image)) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert equal == [True] * 16


# --- codecs and masks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.zeros((2, 3, 4), np.uint8), RNG.random((2, 3)), np.array([[77]], np.uint16)])
def test_codec_gives_the_picture_back(value: np.ndarray) -> None:
    image = Image(value)

    packed = IMAGES.pack(image)

    assert IMAGES.unpack(packed) == image
    assert packed.arrays["pixels"].flags.c_contiguous


def test_pictures_are_described_in_a_few_words() -> None:
    assert IMAGES.describe(Image(np.zeros((768, 1024, 3), np.uint8))) == "1024x768 RGB, 8 bit"
    assert IMAGES.describe(Image(np.zeros((2, 3), np.float32))) == "3x2 grey, float"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_mask_goes_through_a_file_exactly(tmp_path: Path, dtype: type) -> None:
    mask = Mask(RNG.integers(0, np.iinfo(dtype).max + 1, (9, 7)).astype(dtype))

    MASKS.write_file(mask, tmp_path / "m.png", GRAPH)

    assert MASKS.read_file(tmp_path / "m.png", LIMITS) == mask
    assert MASKS.unpack(MASKS.pack(mask)) == mask
    assert MASKS.read_provenance(tmp_path / "m.png") == GRAPH


def test_mask_of_a_picture_is_its_alpha_or_its_luma(tmp_path: Path) -> None:
    see_through, opaque = np.zeros((1, 2, 4), np.uint8), np.zeros((1, 2, 4), np.uint8)
    see_through[0, 1, 3] = 200
    opaque[0] = [[255, 255, 255, 255], [0, 255, 0, 255]]
    IMAGES.write_file(Image(see_through), tmp_path / "a.png", None)
    IMAGES.write_file(Image(opaque), tmp_path / "b.png", None)

    assert MASKS.read_file(tmp_path / "a.png", LIMITS).to_uint8().tolist() == [[0, 200]]
    assert MASKS.read_file(tmp_path / "b.png", LIMITS).to_uint8().tolist() == [[255, 182]]


def test_importing_the_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio.api.image_file\n"
        "print([m for m in ('numpy', 'PIL', 'cv2', 'av', 'soundfile', 'torch') if m in sys.modules])"
    )

    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )

    assert out.stdout.strip() == "[]"


LINEAR = ColorSpace("linear", "bt2020")


@pytest.mark.parametrize("extension", ["png", "tiff"])
def test_a_linear_image_is_written_as_srgb(tmp_path: Path, extension: str) -> None:
    samples = np.array([[[0.5, 0.5, 0.5], [7.0, 7.0, 7.0], [-1.0, -1.0, -1.0]]], np.float32)
    image, path = Image(samples, color=LINEAR), tmp_path / f"a.{extension}"

    IMAGES.write_file(image, path, None)

    half = 1.055 * 0.5 ** (1 / 2.4) - 0.055
    back = IMAGES.read_file(path, LIMITS)
    assert back.color == SRGB
    np.testing.assert_allclose(back.pixels[0, :, 0], [half, 1.0, 0.0], atol=0.5 / 255)


@pytest.mark.parametrize(("value_type", "kind"), [(IMAGES, Image), (MASKS, Mask)])
def test_the_loss_of_a_conversion_is_said(tmp_path: Path, value_type: Any, kind: Any) -> None:
    samples = np.zeros((2, 2), np.uint8)

    assert value_type.find_loss(kind(samples), tmp_path / "a.png") == ""
    said = value_type.find_loss(kind(samples, color=LINEAR), tmp_path / "a.png")
    assert said == "linear bt2020 became sRGB, clipped to [0, 1]"


def test_an_image_is_described_with_its_color_space_unless_it_is_srgb() -> None:
    samples = np.zeros((2, 3, 3), np.uint8)

    assert IMAGES.describe(Image(samples)) == "3x2 RGB, 8 bit"
    assert IMAGES.describe(Image(samples, color=LINEAR)) == "3x2 RGB, 8 bit, linear bt2020"
