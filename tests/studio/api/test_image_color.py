"""Files in other color spaces: profiles, CMYK and LAB become sRGB."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest

from studio.api.color import ColorSpace
from studio.api.image_code_points import CodePoints, convert_code_points
from tests.studio.api.images import IMAGES, LIMITS, RNG, chunk, make_png, read


def make_profile(
    gamma: float, columns: list[tuple[float, float, float]], space: bytes = b"RGB ", numbers: bytes = b""
) -> bytes:
    """An ICC profile by hand: one gamma, the colors of full red, green and blue in XYZ, and the numbers of cicp."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    for name, column in zip((b"r", b"g", b"b"), columns, strict=False):
        tags[name + b"XYZ"] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in column))
        tags[name + b"TRC"] = curve
    if numbers:
        tags[b"cicp"] = b"cicp\0\0\0\0" + numbers
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


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize(("transfer", "encoding"), [(16, "pq"), (18, "hlg")])
def test_numbers_of_high_dynamic_range_in_a_profile_count_more_than_its_curves(
    tmp_path: Path, extension: str, transfer: int, encoding: str
) -> None:
    path, profile = tmp_path / f"a.{extension}", make_profile(2.2, ADOBE_RGB, numbers=bytes([9, transfer, 0, 1]))
    lossless = {"lossless": True} if extension == "webp" else {}
    PIL.Image.new("RGB", (16, 16), (120, 120, 120)).save(path, icc_profile=profile, quality=100, **lossless)
    stored = np.full((16, 16, 3), 120, np.uint8)

    seen, said = IMAGES.read_layer(path, LIMITS)
    kept, silent = IMAGES.read_layer(path, LIMITS, dynamic_range="keep")

    expected = convert_code_points(stored, CodePoints(9, transfer))[0]
    np.testing.assert_allclose(seen.stored.astype(int), expected.astype(int), atol=1200)  # two levels of 8 bits
    assert said[0].startswith(f"{encoding.upper()} BT.2020 became sRGB: light above the reference white")
    assert (kept.color, silent) == (ColorSpace(encoding, "bt2020"), ())
    np.testing.assert_allclose(kept.stored.astype(int), 120, atol=2)


def test_numbers_of_other_colors_in_a_profile_change_nothing(tmp_path: Path) -> None:
    for name, numbers in (("a", b""), ("b", bytes([1, 13, 0, 1])), ("c", bytes([9, 16, 5, 1])), ("d", b"\x09")):
        profile = make_profile(2.2, ADOBE_RGB, numbers=numbers)
        PIL.Image.new("RGB", (2, 2), (120, 90, 120)).save(tmp_path / f"{name}.png", icc_profile=profile)

    assert all(read(tmp_path / f"{name}.png") == read(tmp_path / "a.png") for name in "bcd")


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
def test_a_damaged_profile_is_taken_for_srgb(tmp_path: Path, profile: bytes) -> None:
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
