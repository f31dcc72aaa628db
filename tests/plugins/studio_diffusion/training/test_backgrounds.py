"""Backgrounds: colors, gradients that run from one color to another, places that are drawn alike at every size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from studio_diffusion.training.backgrounds import PLACES, VARIANTS, paint_background
from studio_diffusion.training.vocabulary import COLORS, PLACES_SAID

pytestmark = pytest.mark.xdist_group("diffusers")


def test_a_color_is_the_same_everywhere() -> None:
    picture = paint_background("blue", 16)

    assert picture.shape == (16, 16, 3)
    assert np.allclose(picture * 255, COLORS["blue"], atol=0.1)


def test_a_gradient_of_two_colors_runs_from_the_first_down_to_the_second() -> None:
    picture = paint_background("pink and blue gradient", 64) * 255

    assert np.allclose(picture[0], COLORS["pink"], atol=3)
    assert np.allclose(picture[-1], COLORS["blue"], atol=3)
    steps = np.diff(picture[:, 0, 0])
    assert (steps <= 0).all()
    assert np.abs(steps).max() < 6


def test_a_gradient_of_one_color_ends_darker_than_it_begins() -> None:
    picture = paint_background("green gradient", 64)

    assert picture[0].mean() > picture[-1].mean() + 0.3
    assert np.argmax(picture[-1, 0]) == 1


def test_every_place_has_words_that_ask_for_it() -> None:
    assert set(PLACES) == set(PLACES_SAID)


@pytest.mark.parametrize("name", PLACES)
def test_a_place_is_the_same_picture_at_every_size(name: str) -> None:
    small, large = (paint_background(name, side, 3) for side in (64, 256))

    assert 0 <= small.min() < small.max() <= 1
    difference = np.abs(cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA) - small)
    assert difference.mean() < 0.035


@pytest.mark.parametrize("name", PLACES)
def test_a_place_has_many_pictures_that_repeat(name: str) -> None:
    pictures = [paint_background(name, 32, variant) for variant in range(VARIANTS)]
    again = paint_background(name, 32, 2)

    assert (again == pictures[2]).all()
    assert len({picture.tobytes() for picture in pictures}) == VARIANTS


def test_a_picture_that_is_drawn_on_does_not_change_the_next_one() -> None:
    before = paint_background("on grass", 32).copy()
    paint_background("on grass", 32)[:] = 0

    assert (paint_background("on grass", 32) == before).all()
