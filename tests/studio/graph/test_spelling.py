"""The name that is meant by a misspelled one, and when there is none."""

from __future__ import annotations

import pytest

from studio.graph.spelling import count_mistakes, find_meant


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("colour", ["color", "width"], "color"),
        ("widht", ["width", "height"], "width"),
        ("Width", ["width", "height"], "width"),
        ("image-resize", ["image_resize", "image_resized"], "image_resize"),
        ("txt", ["text", "int"], "text"),
        ("image.captoin", ["image.caption", "image.grid"], "image.caption"),
    ],
)
def test_a_name_with_a_small_mistake_means_the_one_near_it(name: str, known: list[str], meant: str) -> None:
    assert find_meant(name, known) == meant


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("colr", ["color", "colr2", "colar"]),  # two are near
        ("frame_12", ["frame_11"]),  # another number is another name
        ("image", ["image1"]),
        ("a", ["b"]),
        ("top", ["tip"]),
        ("brightness", ["lightness_x"]),
        ("", ["a"]),
        ("extra", []),
    ],
)
def test_a_name_that_may_mean_another_thing_means_nothing(name: str, known: list[str]) -> None:
    assert find_meant(name, known) is None


@pytest.mark.parametrize(
    ("name", "other", "mistakes"), [("ca", "ac", 1), ("kitten", "sitting", 3), ("", "abc", 3), ("same", "same", 0)]
)
def test_mistakes_are_counted_with_swaps_as_one(name: str, other: str, mistakes: int) -> None:
    assert count_mistakes(name, other) == count_mistakes(other, name) == mistakes
