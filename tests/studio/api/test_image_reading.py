"""Images read: every format, depth and orientation, and what is hostile."""

from __future__ import annotations

import io
import itertools
import os
import struct
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest

from studio.api.image import Image
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.images import GRAPH, IMAGES, LIMITS, RNG, chunk, make_png, read


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_is_read_at_full_depth(tmp_path: Path, channels: int, interlaced: bool) -> None:
    array = RNG.integers(0, 65536, (13, 11, channels)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(make_png(array, interlaced=interlaced))

    expected = array[:, :, [0, 0, 0, 1]] if channels == 2 else array

    np.testing.assert_array_equal(read(tmp_path / "a.png").stored, expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_color_key_of_a_png_becomes_alpha(tmp_path: Path, channels: int, dtype: type) -> None:
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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tiff"])
def test_the_orientation_is_applied(tmp_path: Path, extension: str, orientation: int) -> None:
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
def test_damaged_exif_is_ignored_without_a_warning(tmp_path: Path, exif: bytes) -> None:
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)

    assert read(tmp_path / "a.jpg").width == 4


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
def test_an_unsupported_file_is_refused_with_the_formats_that_are_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)

    check_refused(tmp_path / "a.png")
    if content:
        with pytest.raises(MediaError, match="PNG, JPEG, WebP, AVIF, TIFF, OpenEXR, BMP and GIF"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize("header", [b"\0\0\0\x18ftypheic\0\0\0\0", b"#?RADIANCE\n", b"\0\0\0\x0cJXL \r\n\x87\n"])
def test_formats_that_are_not_read_are_called_unsupported(tmp_path: Path, header: bytes) -> None:
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


def test_an_image_above_pillows_own_limit_is_read_without_a_warning(tmp_path: Path) -> None:
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


def test_a_jpeg_of_twelve_bits_is_refused_by_name(tmp_path: Path) -> None:
    PIL.Image.new("L", (16, 16)).save(tmp_path / "a.jpg")
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    data[data.index(b"\xff\xc0") + 4] = 12
    (tmp_path / "b.jpg").write_bytes(data)

    assert "JPEG of 12 bits is not supported" in check_refused(tmp_path / "b.jpg")


@pytest.mark.parametrize("coding", ["group3", "group4", "tiff_ccitt"])
def test_faxes_are_read(tmp_path: Path, coding: str) -> None:
    array = RNG.integers(0, 2, (40, 50)).astype(bool)
    PIL.Image.fromarray(array).save(tmp_path / "a.tif", compression=coding)

    np.testing.assert_array_equal(read(tmp_path / "a.tif").stored[:, :, 0], array * 255)
