"""Colors that files give by numbers: PNG's cICP, gAMA and cHRM, against the formulas of the standards."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api.color import SRGB, ColorSpace
from studio.api.image import Image
from studio.api.image_code_points import CodePoints, convert_code_points, create_gamma
from tests.studio.api.images import IMAGES, LIMITS, chunk, make_png

P3_TO_SRGB = np.array([[1.2249402, -0.2249402, 0], [-0.0420570, 1.0420570, 0], [-0.0196376, -0.0786361, 1.0982736]])
"""Published, of linear light (CSS Color 4, sample code)."""
BT2020_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""ITU-R BT.2087, annex 2."""


def load(folder: Path, array: Any, *chunks: bytes, keep: bool = False) -> tuple[Image, list[str]]:
    (folder / "a.png").write_bytes(make_png(array, *chunks))
    image, said = IMAGES.read_layer(folder / "a.png", LIMITS, dynamic_range="keep" if keep else "sdr")
    return image, list(said)


def encode_pq(nits: Any) -> Any:
    """SMPTE ST 2084, equation 5.1, by hand."""
    power = (np.asarray(nits) / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def decode(samples: Any) -> Any:
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def encode(light: Any) -> Any:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def test_pq_has_its_reference_white_at_white_and_light_above_is_clipped(tmp_path: Path) -> None:
    nits = np.array([0, 1, 48, 101.5, 203, 1000])
    samples = np.rint(encode_pq(nits) * 65535).astype(np.uint16)

    image, said = load(tmp_path, samples[None, :, None].repeat(3, 2), chunk(b"cICP", bytes([9, 16, 0, 1])))

    assert image.color == SRGB
    assert image.stored.dtype == np.uint16
    np.testing.assert_allclose(image.pixels[0, :, 0], encode(nits / 203), atol=2e-4)
    assert said[0].startswith("PQ BT.2020 became sRGB: light above the reference white of 203 cd/m2 is clipped")
    assert '"dynamic_range" "keep" of image.load' in said[0]


def test_colors_of_pq_have_their_primaries_converted(tmp_path: Path) -> None:
    light = np.array([0.30, 0.25, 0.12])  # of BT.2020, white at 1
    samples = np.rint(encode_pq(light * 203) * 65535).astype(np.uint16)

    image, _ = load(tmp_path, samples[None, None], chunk(b"cICP", bytes([9, 16, 0, 1])))

    np.testing.assert_allclose(image.pixels[0, 0], encode(BT2020_TO_709 @ light), atol=5e-4)


def test_hlg_at_three_quarters_is_white(tmp_path: Path) -> None:
    samples = np.rint(np.array([0, 0.75, 1.0]) * 65535).astype(np.uint16)  # 0, 203 and 1000 cd/m2 (BT.2408)

    image, said = load(tmp_path, samples[None, :, None].repeat(3, 2), chunk(b"cICP", bytes([9, 18, 0, 1])))

    np.testing.assert_allclose(image.pixels[0, :, 0], [0, 1, 1], atol=2e-3)
    assert said[0].startswith("HLG BT.2020 became sRGB")


@pytest.mark.parametrize(("transfer", "encoding"), [(16, "pq"), (18, "hlg")])
@pytest.mark.parametrize(("primaries", "name"), [(9, "bt2020"), (12, "display-p3"), (2, "bt2020"), (1, "bt709")])
def test_high_dynamic_range_is_kept_where_it_is_asked_for(
    tmp_path: Path, transfer: int, encoding: Any, primaries: int, name: Any
) -> None:
    samples = np.arange(0, 60_000, 1000, np.uint16).reshape(4, 5, 3)

    image, said = load(tmp_path, samples, chunk(b"cICP", bytes([primaries, transfer, 0, 1])), keep=True)

    assert image.color == ColorSpace(encoding, name)
    np.testing.assert_array_equal(image.stored, samples)
    assert said == []


def test_high_dynamic_range_of_8_bits_gets_16_in_srgb(tmp_path: Path) -> None:
    samples = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)

    image, _ = load(tmp_path, samples, chunk(b"cICP", bytes([9, 16, 0, 1])))

    assert len(np.unique(image.stored)) > 140  # all below white, none of which fall together


def test_alpha_and_grey_are_kept(tmp_path: Path) -> None:
    samples = np.full((2, 2, 4), 20_000, np.uint16)
    image, _ = load(tmp_path, samples, chunk(b"cICP", bytes([9, 16, 0, 1])))
    assert (image.stored[:, :, 3] == 20_000).all()

    grey, _ = load(tmp_path, samples[:, :, :1], chunk(b"cICP", bytes([9, 16, 0, 1])))
    assert grey.channels == 1
    np.testing.assert_allclose(grey.pixels, image.pixels[:, :, :1], atol=2e-5)


def test_display_p3_becomes_srgb_in_its_depth(tmp_path: Path) -> None:
    color = np.array([200, 150, 100], np.uint8)

    image, _ = load(tmp_path, color[None, None], chunk(b"cICP", bytes([12, 13, 0, 1])))

    assert image.stored.dtype == np.uint8
    np.testing.assert_allclose(image.stored[0, 0], encode(P3_TO_SRGB @ decode(color / 255)) * 255, atol=0.51)


def test_the_code_points_count_more_than_a_profile_and_srgb_more_than_gamma(tmp_path: Path) -> None:
    grey = np.full((1, 1, 3), 100, np.uint8)
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000))

    with_points, _ = load(tmp_path, grey, gamma, chunk(b"cICP", bytes([1, 13, 0, 1])))
    with_srgb, said = load(tmp_path, grey, gamma, chunk(b"sRGB", b"\0"))

    assert with_points.stored[0, 0, 0] == with_srgb.stored[0, 0, 0] == 100
    assert said == []


@pytest.mark.parametrize(("gamma", "exponent"), [(100_000, 1.0), (55_556, 1.8)])
def test_gamma_is_converted(tmp_path: Path, gamma: int, exponent: float) -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)

    image, said = load(tmp_path, levels[None, :, None].repeat(3, 2), chunk(b"gAMA", struct.pack(">I", gamma)))

    np.testing.assert_allclose(image.stored[0, :, 1], encode((levels / 255) ** exponent) * 255, atol=0.51)
    assert said == [f"the file has a gamma of {1 / exponent:.3g}, which became sRGB"]


def test_chromaticities_are_converted(tmp_path: Path) -> None:
    color = np.array([50_000, 40_000, 30_000], np.uint16)
    numbers = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)  # of Display P3

    image, _ = load(tmp_path, color[None, None], chunk(b"cHRM", numbers))

    np.testing.assert_allclose(image.pixels[0, 0], encode(P3_TO_SRGB @ decode(color / 65535)), atol=5e-4)


@pytest.mark.parametrize("gamma", [0, 1, 45_455, 4_294_967_295])
@pytest.mark.parametrize("numbers", [(), (0,) * 8, (31270, 32900) + (30_000,) * 6, (2**32 - 1,) * 8])
def test_numbers_that_are_srgb_or_impossible_change_nothing(gamma: int, numbers: tuple[int, ...]) -> None:
    assert create_gamma(gamma, numbers).describe() == ""


def test_limited_range_is_widened() -> None:
    array = np.array([[[16, 126, 235]]], np.uint8)

    widened, color = convert_code_points(array, CodePoints(1, 13, is_full=False))

    assert color == SRGB
    assert widened.tolist() == [[[0, 128, 255]]]
