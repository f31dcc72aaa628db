"""A camera over a still."""

from __future__ import annotations

from typing import Any, get_args

import cv2
import numpy as np
import pytest

from studio.api import Image
from studio.testing import TestContext
from studio_video.camera import Move, Shot, ease, find_view, guess_depth
from studio_video.flow import measure_flow
from studio_video.nodes.generate import animate_still
from tests.plugins.studio_video.scenes import make_texture, read


def find_middle(frame: Any) -> tuple[float, float]:
    """Return where the light of a frame is, in pixels."""
    light = frame[..., 0].astype(float)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return float((x * light).sum() / light.sum()), float((y * light).sum() / light.sum())


def draw_dot() -> Image:
    """Return a soft white dot on black."""
    y, x = np.mgrid[:90, :160]
    return Image(np.exp(-((x - 79.5) ** 2 + (y - 44.5) ** 2) / 60)[..., None].repeat(3, axis=2).astype(np.float32))


@pytest.mark.parametrize("move", get_args(Move))
def test_cameras_show_no_edge_wherever_they_look(move: str) -> None:
    white = Image(np.full((45, 70, 3), 255, np.uint8))
    for x, y in ((0.0, 0.0), (1.0, 1.0)):
        film = animate_still(
            TestContext(),
            white,
            seconds=0.5,
            fps=10.0,
            move=move,
            amount=1.0,
            focus_x=x,
            focus_y=y,
            width=32,
            height=48,
        )

        frames = read(film)

        assert (film.count, len(frames), film.width, film.height) == (5, 5, 32, 48)
        assert min(frame.min() for frame in frames) == 255


@pytest.mark.parametrize("move", ["pan_right", "zoom_in", "rotate", "parallax"])
def test_slow_moves_do_not_jitter(move: str) -> None:
    film = animate_still(TestContext(), draw_dot(), seconds=2.0, fps=24.0, move=move, amount=0.1, easing="linear")  # type: ignore[arg-type]

    middles = np.array([find_middle(frame) for frame in read(film)])

    assert np.abs(np.diff(middles, 2, axis=0)).max() < 0.02


def test_a_pan_moves_and_a_zoom_grows_evenly() -> None:
    panned = [
        find_middle(f)[0] for f in read(animate_still(TestContext(), draw_dot(), move="pan_right", easing="linear"))
    ]
    zoomed = read(animate_still(TestContext(), draw_dot(), move="zoom_in", amount=1.0))

    assert panned[0] > panned[-1] + 20
    assert zoomed[-1].sum() > 3.5 * zoomed[0].sum()
    assert np.array_equal(zoomed[0], draw_dot().to_uint8())


def test_near_things_move_further_than_far_ones() -> None:
    texture = make_texture(1, 80, 120)
    depth = np.zeros((80, 120, 1), np.float32)
    depth[40:] = 1.0

    film = animate_still(
        TestContext(),
        Image(texture),
        seconds=1,
        fps=9,
        move="parallax",
        amount=0.5,
        easing="linear",
        depth=Image(depth),
    )
    frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in read(film)]
    flow = measure_flow(frames[3], frames[5], method="farneback")

    assert np.median(flow[60:75, 30:90, 0]) < -0.2
    assert np.median(flow[5:20, 30:90, 0]) > 0.2


def test_a_guessed_depth_is_nearer_below() -> None:
    depth = guess_depth(Image(make_texture(0, 60, 90)))

    assert (depth.min(), depth.max()) == (0, 1)
    assert depth[-15:].mean() > depth[:15].mean() + 0.2


def test_a_zoom_grows_by_equal_factors_in_equal_times() -> None:
    shot = Shot("zoom_in", 1.0, 0.3, 0.6, "linear", 64, 48)

    zooms = [find_view(shot, done).zoom for done in (0.0, 0.25, 0.5, 0.75, 1.0)]

    assert zooms == pytest.approx([1, 2**0.25, 2**0.5, 2**0.75, 2])
    back = Shot("zoom_out", 1.0, 0.3, 0.6, "linear", 64, 48)
    assert [find_view(back, done).zoom for done in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx(zooms[::-1])


@pytest.mark.parametrize(
    ("easing", "quarter"), [("linear", 0.25), ("smooth", 0.15625), ("accelerate", 0.0625), ("slow_down", 0.4375)]
)
def test_the_speed_changes_as_its_name_says(easing: Any, quarter: float) -> None:
    assert [ease(share, easing) for share in (0.0, 0.25, 1.0)] == pytest.approx([0, quarter, 1])
