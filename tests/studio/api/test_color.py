"""Color spaces: what they accept, and how they are written down."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api.color import SRGB, ColorSpace
from studio.errors import MediaError


def test_a_color_space_is_srgb_unless_it_says_otherwise() -> None:
    assert ColorSpace() == SRGB == ColorSpace("srgb", "bt709", "full")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"encoding": "gamma"}, "unknown encoding 'gamma'"),
        ({"primaries": "p3"}, "unknown primaries 'p3'"),
        ({"range": "tv"}, "unknown range 'tv'"),
    ],
)
def test_an_unknown_word_is_refused_with_the_known_ones(given: dict[str, str], expected: str) -> None:
    with pytest.raises(MediaError) as caught:
        ColorSpace(**given)  # type: ignore[arg-type]  # the point of the test

    assert (caught.value.code, caught.value.message) == ("E509", expected)
    assert ", " in caught.value.hint


def test_linear_samples_have_no_limited_range() -> None:
    with pytest.raises(MediaError, match="linear samples have no limited range"):
        ColorSpace("linear", range="limited")


def test_only_srgb_samples_are_bounded() -> None:
    bounded = [ColorSpace(encoding).is_bounded for encoding in ("srgb", "linear", "log")]

    assert bounded == [True, False, False]


@pytest.mark.parametrize("color", [SRGB, ColorSpace("linear", "acescg"), ColorSpace("log", "bt2020", "limited")])
def test_a_color_space_comes_back_from_its_json(color: ColorSpace) -> None:
    assert ColorSpace.from_json(color.to_json()) == color


def test_no_json_is_srgb() -> None:
    assert ColorSpace.from_json(None) == SRGB


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        (SRGB, "sRGB"),
        (ColorSpace("linear", "acescg"), "linear acescg"),
        (ColorSpace(primaries="display-p3"), "sRGB-encoded display-p3"),
        (ColorSpace("log", range="limited"), "log bt709, limited range"),
    ],
)
def test_a_color_space_is_described_in_words(color: ColorSpace, expected: str) -> None:
    assert str(color) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"encodng": "linear"}, "unknown key 'encodng' of a color space"),
        ("linear", "invalid color space 'linear'"),
        ({"encoding": ["linear"]}, "unknown encoding ['linear']"),
    ],
)
def test_json_of_another_form_is_refused_with_the_known_keys(given: Any, expected: str) -> None:
    with pytest.raises(MediaError) as caught:
        ColorSpace.from_json(given)

    assert (caught.value.code, caught.value.message) == ("E509", expected)
    assert "," in caught.value.hint
