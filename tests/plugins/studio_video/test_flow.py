"""Motion between frames, against shifts that are known."""

from __future__ import annotations

import numpy as np
import pytest

from studio_video.flow import (
    enlarge_flow,
    find_reliable,
    has_motion_to_measure,
    limit_motion,
    make_grid,
    measure_flow,
    project_flow,
    warp,
)
from tests.plugins.studio_video.scenes import make_texture

GREY = make_texture(1, 96, 128)[..., 1].copy()
GRID = make_grid(96, 128)


def shift(columns: float, rows: float) -> np.ndarray:
    return np.full((96, 128, 2), (columns, rows), np.float32)


@pytest.mark.parametrize("method", ["dis", "farneback"])
@pytest.mark.parametrize(("columns", "rows"), [(3, 0), (0, -2), (-4, 3)])
def test_a_shift_of_whole_pixels_is_found(method: str, columns: int, rows: int) -> None:
    after = np.roll(GREY, (rows, columns), (0, 1))

    flow = measure_flow(GREY, after, method=method)[16:-16, 16:-16]

    assert np.median(flow[..., 0]) == pytest.approx(columns, abs=0.2)
    assert np.median(flow[..., 1]) == pytest.approx(rows, abs=0.2)


def test_equal_frames_and_frames_too_small_do_not_move() -> None:
    assert not measure_flow(GREY, GREY).any()
    assert not has_motion_to_measure(2, 2)
    assert measure_flow(GREY[:2, :2], GREY[2:4, :2]).shape == (2, 2, 2)


def test_a_warp_takes_each_pixel_from_where_the_flow_leads() -> None:
    moved = warp(GREY, shift(5, -3), GRID)

    assert np.array_equal(moved[10:-10, :-10], GREY[7:-13, 5:-5])
    assert np.array_equal(warp(GREY, shift(0, 0), GRID), GREY)


def test_warping_along_the_flow_gives_the_frame_before() -> None:
    after = np.roll(GREY, (2, 3), (0, 1))

    back = warp(after, measure_flow(GREY, after), GRID)

    assert np.abs(back[16:-16, 16:-16].astype(float) - GREY[16:-16, 16:-16]).mean() < 3


def test_a_flow_goes_along_with_the_pixels_and_holes_are_filled() -> None:
    flow = np.zeros((96, 128, 2), np.float32)
    flow[40:50, 40:50] = (8, 0)

    projected = project_flow(flow, 0.5, GRID)

    assert projected[45, 48, 0] == 8
    assert projected[45, 60, 0] == 0
    assert np.isfinite(projected).all()


def test_pixels_whose_way_back_does_not_lead_home_are_not_reliable() -> None:
    forth, back = shift(4, 0), shift(-4, 0)
    back[:, 64:] = 0

    reliable = find_reliable(forth, back, GRID)

    assert reliable[:, :50].all()
    assert not reliable[:, 70:-10].any()


def test_motion_is_measured_in_a_smaller_frame_and_enlarged_with_it() -> None:
    small, factor = limit_motion(GREY, 96 * 128 // 4)

    assert (small.shape, factor) == ((48, 64), 0.5)
    assert limit_motion(GREY, 96 * 128)[0] is GREY
    assert enlarge_flow(np.full((48, 64, 2), (1.5, -1), np.float32), 96, 128)[50, 60].tolist() == [3, -2]
