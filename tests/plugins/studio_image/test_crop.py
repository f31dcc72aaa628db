"""Which part is cut out."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import MediaError
from studio_image.crop import choose_region, parse_aspect


def choose(source: tuple[int, int], **given: Any) -> tuple[int, int, int, int]:
    settings = {"x": None, "y": None, "width": None, "height": None, "anchor": "center", "aspect": None} | given
    return choose_region(source, **settings)


@pytest.mark.parametrize(("text", "ratio"), [("16:9", 16 / 9), ("4/5", 0.8), (" 3 x 2 ", 1.5), ("1.91", 1.91)])
def test_aspects_are_parsed_in_every_notation(text: str, ratio: float) -> None:
    assert parse_aspect(text) == pytest.approx(ratio)


@pytest.mark.parametrize("text", ["", "wide", "16:", "0:9", "9:0", "-1:2", "1e9", "100000:1"])
def test_an_invalid_aspect_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="invalid aspect ratio") as caught:
        parse_aspect(text)

    assert caught.value.code == "E507"


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({}, (0, 0, 100, 50)),
        ({"aspect": "1:1"}, (25, 0, 50, 50)),  # the largest square
        ({"aspect": "4:1"}, (0, 12, 100, 25)),
        ({"aspect": "2:1", "width": 40}, (30, 15, 40, 20)),  # the side that is given leads
        ({"aspect": "2:1", "height": 10}, (40, 20, 20, 10)),
        ({"aspect": "1:1", "width": 40, "height": 20}, (40, 15, 20, 20)),  # both sides bound it
        ({"x": 90}, (90, 0, 10, 50)),
        ({"width": 10, "height": 10, "anchor": "bottom_right"}, (90, 40, 10, 10)),
    ],
)
def test_the_region_follows_what_was_given(given: dict[str, Any], region: tuple[int, int, int, int]) -> None:
    assert choose((100, 50), **given) == region


@pytest.mark.parametrize("given", [{"x": 91, "width": 10}, {"y": 50}, {"width": 101}, {"aspect": "1:1", "height": 51}])
def test_a_region_that_reaches_outside_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(MediaError, match="reaches outside an image of 100 x 50") as caught:
        choose((100, 50), **given)

    assert caught.value.code == "E507"
