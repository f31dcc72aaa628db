"""Adjustments of tone and color, by the formulas of W3C Filter Effects Module Level 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio_image.adjust import adjust

NOTHING = {"exposure": 0.0, "brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0, "gamma": 1.0}


def change(*samples: float, **settings: float) -> list[float]:
    return [float(v) for v in adjust(np.array([[samples]], np.float32), **(NOTHING | settings))[0, 0]]


def turn(rgb: tuple[float, float, float], degrees: float) -> list[float]:
    """Turn the hue by the matrix of section 9.6, written out."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = [
        [0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
        [0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.140, 0.072 - c * 0.072 - s * 0.283],
        [0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
    ]
    return [sum(weight * value for weight, value in zip(row, rgb, strict=True)) for row in matrix]


@pytest.mark.parametrize("degrees", [-150.0, -60.0, 17.0, 90.0, 120.0, 180.0, 300.0])
def test_a_turn_of_hue_is_the_matrix_of_the_standard(degrees: float) -> None:
    rgb = (0.5, 0.45, 0.4)  # near grey, so that nothing is clipped

    assert change(*rgb, hue=degrees) == pytest.approx(turn(rgb, degrees), abs=1e-6)


@pytest.mark.parametrize("saturation", [0.0, 0.5, 1.5])
def test_saturation_moves_colors_from_their_grey(saturation: float) -> None:
    rgb = (0.3, 0.5, 0.6)
    grey = 0.213 * 0.3 + 0.715 * 0.5 + 0.072 * 0.6

    assert change(*rgb, saturation=saturation) == pytest.approx([grey + saturation * (v - grey) for v in rgb], abs=1e-6)


@pytest.mark.parametrize("stops", [-2.0, -0.5, 1.0])
def test_exposure_multiplies_linear_light(stops: float) -> None:
    def encode(light: float) -> float:
        return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055

    for light in (0.001, 0.02, 0.3):
        assert change(encode(light), exposure=stops) == pytest.approx([encode(light * 2**stops)], abs=1e-5)


def test_the_order_is_exposure_brightness_contrast_then_gamma() -> None:
    # 0.4 * 1.5 = 0.6; (0.6 - 0.5) * 2 + 0.5 = 0.7; 0.7 ** (1 / 2)
    assert change(0.4, brightness=1.5, contrast=2.0, gamma=2.0) == pytest.approx([0.7**0.5], abs=1e-6)


def test_alpha_stays_and_the_input_is_not_changed() -> None:
    pixels = np.full((1, 1, 4), 0.25, np.float32)

    made = adjust(pixels, **(NOTHING | {"brightness": 2.0, "gamma": 3.0}))

    assert made[0, 0, 3] == np.float32(0.25)
    assert pixels.tolist() == [[[0.25] * 4]]
