"""Transfer curves, matrices and ranges against the formulas and figures of the standards."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from studio.api.color import SRGB, ColorSpace
from studio.api.color_transfer import (
    CHROMATICITIES,
    convert_samples,
    decode_log,
    decode_srgb,
    encode_log,
    encode_srgb,
    find_matrix,
)

RNG = np.random.default_rng(5)
LINEAR = ColorSpace("linear")
# IEC 61966-2-1 prints these rounded to four digits: linear sRGB to CIE XYZ under D65
SRGB_TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
# ITU-R BT.2087-0, equation 5: linear BT.709 to linear BT.2020
BT709_TO_BT2020 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]


def solve_xyz(primaries: str) -> npt.NDArray[Any]:
    """Return linear RGB to XYZ by hand: three unknown scales, so that the white of the primaries has Y = 1."""
    columns = [[x / y, 1.0, (1 - x - y) / y] for x, y in CHROMATICITIES[primaries]]
    *colors, white = np.array(columns)
    scales = np.linalg.inv(np.array(colors).T) @ white
    return np.array(colors).T @ np.diag(scales)


@pytest.mark.parametrize(
    ("linear", "expected"),
    [
        (0.0, 0.0),
        (0.0031308, 0.0031308 * 12.92),  # the end of the straight piece
        (0.5, 1.055 * 0.5 ** (1 / 2.4) - 0.055),
        (0.18, 0.46135612950044164),  # middle grey: 1.055 * 0.18 ** (1 / 2.4) - 0.055
        (1.0, 1.0),
    ],
)
def test_srgb_encodes_light_by_the_formula_of_the_standard(linear: float, expected: float) -> None:
    assert encode_srgb(np.array([linear]))[0] == pytest.approx(expected, abs=1e-12)


def test_srgb_is_clipped_beyond_its_range() -> None:
    np.testing.assert_allclose(encode_srgb(np.array([-0.5, 1.5, 40.0])), [0.0, 1.0, 1.0], atol=1e-15)
    np.testing.assert_array_equal(decode_srgb(np.array([-0.5, 1.5])), [0.0, 1.0])


def test_srgb_decodes_what_it_encoded() -> None:
    light = np.linspace(0.0, 1.0, 4097)

    np.testing.assert_allclose(decode_srgb(encode_srgb(light)), light, atol=1e-7)  # the constants meet so near


@pytest.mark.parametrize(
    ("linear", "expected"),
    [
        (0.0, 0.0729055341958355),  # Academy S-2016-001: A and B of the straight piece
        (0.0078125, 0.155251141552511),  # its break
        (0.18, 0.413588402493492),  # middle grey, as the standard prints it
        (1.0, 9.72 / 17.52),
        (65504.0, 1.467996312),
    ],
)
def test_log_is_the_curve_of_acescct(linear: float, expected: float) -> None:
    assert encode_log(np.array([linear]))[0] == pytest.approx(expected, abs=1e-9)
    assert decode_log(np.array([expected]))[0] == pytest.approx(linear, rel=1e-6, abs=1e-9)


def test_log_ends_at_the_largest_half_float() -> None:
    np.testing.assert_array_equal(decode_log(np.array([1.468, 1.6, 9.0])), 65504.0)


def test_log_keeps_light_below_zero() -> None:
    light = np.array([-0.01, -0.001])

    np.testing.assert_allclose(decode_log(encode_log(light)), light, rtol=1e-12)


def test_bt709_light_becomes_bt2020_light_by_the_matrix_of_the_itu() -> None:
    np.testing.assert_allclose(find_matrix("bt709", "bt2020"), BT709_TO_BT2020, atol=5e-5)


@pytest.mark.parametrize("source", ["display-p3", "adobe-rgb", "bt2020"])
def test_matrices_under_one_white_come_from_the_chromaticities_alone(source: str) -> None:
    expected = np.linalg.inv(solve_xyz("bt709")) @ solve_xyz(source)

    np.testing.assert_allclose(find_matrix(source, "bt709"), expected, atol=1e-12)


def test_the_chromaticities_of_bt709_give_the_matrix_of_srgb() -> None:
    np.testing.assert_allclose(solve_xyz("bt709"), SRGB_TO_XYZ, atol=5e-5)


@pytest.mark.parametrize("source", list(CHROMATICITIES))
@pytest.mark.parametrize("target", list(CHROMATICITIES))
def test_white_stays_white_between_all_primaries(source: str, target: str) -> None:
    np.testing.assert_allclose(find_matrix(source, target) @ np.ones(3), np.ones(3), atol=1e-12)


@pytest.mark.parametrize("primaries", list(CHROMATICITIES))
def test_the_way_there_and_back_is_no_change(primaries: str) -> None:
    there, back = find_matrix("bt709", primaries), find_matrix(primaries, "bt709")

    np.testing.assert_allclose(back @ there, np.eye(3), atol=1e-12)


def test_acescg_becomes_bt709_with_the_white_adapted_by_bradford() -> None:
    # AP1 to BT.709 as the ACES 1.0 transforms have it, rounded to seven digits
    expected = [
        [1.7050510, -0.6217921, -0.0832589],
        [-0.1302564, 1.1408047, -0.0105483],
        [-0.0240034, -0.1289690, 1.1529723],
    ]

    np.testing.assert_allclose(find_matrix("acescg", "bt709"), expected, atol=1e-6)


def test_linear_samples_become_srgb_clipped_and_encoded() -> None:
    samples = np.array([[[0.18, 1.0, 4.0]], [[-0.25, 0.002, 0.5]]], np.float32)

    converted = convert_samples(samples, LINEAR, SRGB)

    expected = [[[0.46135613, 1.0, 1.0]], [[0.0, 0.02584, 0.73535698]]]
    np.testing.assert_allclose(converted, expected, atol=1e-6)
    assert converted.dtype == np.float32


def test_limited_range_ends_at_the_levels_of_video() -> None:
    limited = ColorSpace(range="limited")
    samples = np.array([[16 / 255, 235 / 255, (16 + 0.5 * 219) / 255]], np.float32)

    full = convert_samples(samples, limited, SRGB)

    np.testing.assert_allclose(full, [[0.0, 1.0, 0.5]], atol=1e-6)
    np.testing.assert_allclose(convert_samples(full, SRGB, limited), samples, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_stays_grey_and_alpha_stays_as_it_is(channels: int) -> None:
    samples = np.full((3, 2, channels), 0.25, np.float32)

    converted = convert_samples(samples, ColorSpace("linear", "acescg"), SRGB)

    grey = 1.055 * 0.25 ** (1 / 2.4) - 0.055
    np.testing.assert_allclose(converted[:, :, : min(channels, 3)], grey, atol=1e-6)
    if channels == 4:
        np.testing.assert_array_equal(converted[:, :, 3], 0.25)


def test_more_rows_than_are_converted_at_once_give_the_same() -> None:
    samples = RNG.random((600, 3, 3)).astype(np.float32)
    color = ColorSpace("log", "bt2020")

    whole = convert_samples(samples, color, SRGB)

    rows = np.concatenate([convert_samples(samples[row : row + 1], color, SRGB) for row in range(600)])
    np.testing.assert_array_equal(whole, rows)


def test_the_samples_that_are_converted_are_left_alone() -> None:
    samples = RNG.random((2, 2, 3)).astype(np.float32)
    before = samples.copy()

    convert_samples(samples, LINEAR, SRGB)

    np.testing.assert_array_equal(samples, before)
