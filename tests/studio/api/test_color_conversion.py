"""Values from one color space to another: what becomes of samples, and what of all else."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Frame, Image, Mask, Video
from studio.api.color import SRGB, ColorSpace
from studio.api.color_conversion import convert_color, describe_conversion
from studio.errors import MediaError

LINEAR = ColorSpace("linear")
HALF = 1.055 * 0.5 ** (1 / 2.4) - 0.055
"""Half the light as an sRGB sample."""


def test_a_value_in_the_target_space_is_returned_as_it_is() -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8))

    assert convert_color(image) is image


def test_a_linear_image_becomes_srgb_and_says_so() -> None:
    image = Image(np.array([[[0.5, 7.0, -3.0, 0.25]]], np.float32), color=LINEAR)

    converted = convert_color(image)

    assert converted.color == SRGB
    np.testing.assert_allclose(converted.pixels, [[[HALF, 1.0, 0.0, 0.25]]], atol=1e-6)


def test_an_image_becomes_linear_without_loss_worth_a_step_of_16_bits() -> None:
    image = Image(np.arange(256, dtype=np.uint8).reshape(16, 16))

    linear = convert_color(image, LINEAR)

    assert linear.color == LINEAR
    assert convert_color(linear).to_uint8().tobytes() == image.stored.tobytes()


def test_a_mask_is_converted_like_a_grey_image() -> None:
    mask = Mask(np.array([[0.5, 3.0]], np.float32), color=ColorSpace("linear", "acescg"))

    converted = convert_color(mask)

    assert isinstance(converted, Mask)
    np.testing.assert_allclose(converted.pixels, [[HALF, 1.0]], atol=1e-6)


def test_a_video_is_converted_frame_by_frame_while_it_is_read() -> None:
    read: list[int] = []

    def create_frames():
        for index in range(3):
            read.append(index)
            yield Frame(Image(np.full((2, 2, 3), 0.5 * index, np.float32), color=LINEAR), index / 4)

    audio = Audio(np.zeros((8, 1), np.float32), 8)
    video = Video(create_frames, width=2, height=2, rate=Fraction(4), count=3, audio=audio, color=LINEAR)

    converted = convert_color(video)

    assert read == []
    frames = converted.frames()
    assert (next(frames).time, next(frames).time) == (0.0, 0.25)
    assert read == [0, 1]
    third = next(frames).image
    assert third.color == converted.color == SRGB
    np.testing.assert_array_equal(third.pixels, 1.0)
    assert (converted.count, converted.duration, converted.audio) == (3, 0.75, audio)


@pytest.mark.parametrize("color", [LINEAR, ColorSpace("log", "bt2020", "limited")])
def test_what_is_lost_of_a_video_is_said_in_words(color: ColorSpace) -> None:
    video = Video.from_images([Image(np.zeros((2, 2, 3), np.float32), color=color)], 10)

    assert describe_conversion(video) == f"{color} became sRGB, clipped to [0, 1]"


def test_what_is_lost_of_an_image_is_counted() -> None:
    light = np.array([[[2.0, 0.5, 0.5], [0.5, 0.5, -1.0]]], np.float32)

    said = describe_conversion(Image(light, color=ColorSpace("linear")))

    assert said == "linear bt709 became sRGB, clipped to [0, 1]: 33 % of the samples, which range from -1 to 2"


def test_nothing_is_clipped_of_light_within_0_and_1() -> None:
    image = Image(np.full((1, 1, 3), 0.5, np.float32), color=ColorSpace("linear"))

    assert describe_conversion(image) == "linear bt709 became sRGB"


def test_nothing_is_lost_of_srgb_and_of_light_that_is_not_clipped() -> None:
    image = Image(np.zeros((1, 1, 3), np.uint8))

    assert describe_conversion(image) == ""
    assert describe_conversion(image, ColorSpace("linear")) == ""


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        ("x", SRGB, "a str has no color space"),
        (Image(np.zeros((2, 2, 3), np.uint8)), "linear", "invalid color space 'linear'"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_a_hint(value: Any, target: Any, expected: str) -> None:
    with pytest.raises(MediaError) as caught:
        convert_color(value, target)

    assert (caught.value.code, caught.value.message) == ("E509", expected)
    assert caught.value.hint


def test_huge_log_samples_are_converted_without_warnings() -> None:
    image = Image(np.full((1, 1, 3), 3e38, np.float32), color=ColorSpace("log"))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        converted = convert_color(image, LINEAR)

    np.testing.assert_array_equal(converted.pixels, 65504.0)
