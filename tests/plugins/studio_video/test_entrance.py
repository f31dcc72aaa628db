"""Images that enter a video and leave it: where they are at each time, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image
from studio_video.entrance import Entrance, Move, move_image
from studio_video.layers import overlay_image
from tests.plugins.studio_video.clips import make_plain, read_levels

TOP = np.arange(8 * 4, dtype=np.uint8).reshape(4, 8, 1)


@pytest.mark.parametrize(
    ("move", "place"),
    [
        ("slide_right", (-8 + 0.25 * 18, 20)),
        ("slide_left", (100 - 0.25 * 90, 20)),
        ("slide_down", (10, -4 + 0.25 * 24)),
        ("slide_up", (10, 50 - 0.25 * 30)),
    ],
)
def test_a_slide_begins_just_beyond_the_edge_and_moves_in_its_direction(move: Move, place: tuple[float, float]) -> None:
    starts = {"slide_right": (-8, 20), "slide_left": (100, 20), "slide_down": (10, -4), "slide_up": (10, 50)}

    assert move_image(TOP, (10, 20), (100, 50), move, 0.0)[1:] == starts[move]
    assert move_image(TOP, (10, 20), (100, 50), move, 0.25)[1:] == pytest.approx(place, abs=0.5)
    shown, *rest = move_image(TOP, (10, 20), (100, 50), move, 1.0)
    assert rest == [10, 20]
    assert (shown == TOP).all()


@pytest.mark.parametrize(
    ("move", "part", "place"),
    [
        ("wipe_right", np.s_[:, :2], (10, 20)),
        ("wipe_left", np.s_[:, 6:], (16, 20)),
        ("wipe_down", np.s_[:1], (10, 20)),
        ("wipe_up", np.s_[3:], (10, 23)),
    ],
)
def test_a_wipe_uncovers_the_image_where_it_is(move: Move, part: tuple[slice, ...], place: tuple[int, int]) -> None:
    shown, *rest = move_image(TOP, (10, 20), (100, 50), move, 0.25)

    assert rest == list(place)
    assert (shown == TOP[part]).all()
    assert move_image(TOP, (10, 20), (100, 50), move, 0.0)[0].size == 0


def test_an_image_enters_slower_and_slower_rests_and_leaves_faster_and_faster() -> None:
    entrance = Entrance("slide_right", "slide_left", 1.0)
    times = [2.0, 2.5, 3.0, 4.0, 5.5, 5.9, 6.0]

    found = [entrance.find_move(time, 2.0, lambda: 6.0) for time in times]

    assert [move for move, _ in found] == ["slide_right"] * 2 + ["none"] * 2 + ["slide_right"] * 3
    assert [share for _, share in found] == pytest.approx([0, 1 - 0.5**3, 1, 1, 1 - 0.5**3, 1 - 0.9**3, 0])


def test_a_wipe_that_leaves_covers_in_its_direction() -> None:
    entrance = Entrance("none", "wipe_right", 1.0)
    move, share = entrance.find_move(1.5, 0.0, lambda: 2.0)

    shown, x, _ = move_image(TOP, (0, 0), (100, 50), move, share)

    assert (shown == TOP[:, 1:]).all()
    assert x == 1


def test_a_fade_is_a_straight_ramp_up_to_the_opacity_and_down_before_the_end_of_the_video() -> None:
    white = Image(np.full((16, 16, 3), 255, np.uint8))

    made = overlay_image(make_plain([55] * 10), white, 0, 0, 0.5, 0.2, None, Entrance("fade", "fade", 0.2))

    assert read_levels(made) == [55, 55, 55, 105, 155, 155, 155, 155, 155, 105]
