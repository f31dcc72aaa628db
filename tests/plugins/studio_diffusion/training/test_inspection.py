"""What a picture shows: how many things, in which place, before which gradient."""

from __future__ import annotations

import numpy as np
import pytest

from studio_diffusion.training.backgrounds import PLACES, paint_background
from studio_diffusion.training.inspection import count_things, cut_largest, cut_square, has_gradient, name_place

pytestmark = pytest.mark.xdist_group("diffusers")


def draw_squares(*squares: tuple[int, int, int]) -> np.ndarray:
    """Draw dark squares (left, top, side) on white, 64 x 64."""
    picture = np.full((64, 64, 3), 255, np.uint8)
    for left, top, side in squares:
        picture[top : top + side, left : left + side] = (30, 60, 90)
    return picture


def paint(name: str, variant: int = 0) -> np.ndarray:
    return (paint_background(name, 64, variant) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    "squares", [(), ((4, 4, 20),), ((4, 4, 20), (36, 4, 20)), ((4, 4, 9), (36, 4, 9), (20, 36, 9))]
)
def test_things_that_stand_apart_are_counted(squares: tuple[tuple[int, int, int], ...]) -> None:
    assert count_things(draw_squares(*squares)) == len(squares)


def test_specks_are_not_counted() -> None:
    assert count_things(draw_squares((4, 4, 30), (50, 50, 4))) == 1


def test_the_largest_thing_is_cut_out_alone() -> None:
    cut = cut_largest(draw_squares((4, 4, 10), (30, 30, 24)))

    assert count_things(cut) == 1
    assert (cut[32, 32] == (30, 60, 90)).all()
    assert (cut[2, 2] == 255).all()


def test_a_square_is_cut_out_with_a_little_room() -> None:
    cut = cut_square(draw_squares((20, 20, 24)), (20, 20, 24))

    assert cut.shape == (64, 64, 3)
    assert (cut[32, 32] == (30, 60, 90)).all()
    assert (cut[0, 0] == 255).all()


@pytest.mark.parametrize("name", PLACES)
def test_each_place_is_recognized_behind_a_thing(name: str) -> None:
    picture = paint(name, 5)
    picture[16:56, 16:48] = (200, 30, 30)

    assert name_place(picture, [(16, 16, 40)]) == name
    assert name_place(draw_squares(), [(16, 16, 40)]) != name or name == "in the snow"


def test_a_gradient_has_the_colors_of_its_ends() -> None:
    drawn = paint("pink and blue gradient")

    assert has_gradient(drawn, drawn)
    assert not has_gradient(drawn[::-1], drawn)
    assert not has_gradient(draw_squares(), drawn)
