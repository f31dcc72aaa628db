"""Motion between frames, and cuts."""

from __future__ import annotations

import cv2
import numpy as np

from studio_style.motion import Motion, is_cut, measure_motion, to_bytes
from tests.plugins.studio_style.images import draw_scene


def test_motion_is_found_and_what_comes_in_is_not_trusted() -> None:
    rng = np.random.default_rng(4)
    wide = cv2.GaussianBlur(rng.uniform(0, 1, (60, 100, 3)).astype(np.float32), (0, 0), 2)
    wide = (wide - wide.min()) / (wide.max() - wide.min())

    motion = measure_motion(to_bytes(wide[:, 4:84]), to_bytes(wide[:, :80]))

    assert abs(float(np.median(motion.flow[..., 0])) + 4) < 0.3
    assert motion.trust[:, :2].mean() < 0.3 < 0.8 < motion.trust[:, 20:].mean()


def test_cuts_are_told_from_motion() -> None:
    scene, moved = (to_bytes(draw_scene(96, 64, shift).pixels) for shift in (0.0, 6.0))
    other = to_bytes(np.random.default_rng(1).uniform(0, 1, (64, 96, 3)).astype(np.float32))

    assert not is_cut(scene, moved)
    assert is_cut(scene, other)


def test_equal_frames_do_not_move_and_are_trusted() -> None:
    frame = to_bytes(draw_scene(64, 48).pixels)

    motion = measure_motion(frame, frame)

    assert not motion.flow.any()
    assert motion.trust.min() > 0.99


def test_values_are_carried_from_where_the_flow_points() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4, 1)
    flow = np.zeros((3, 4, 2), np.float32)
    flow[..., 0] = -1  # each pixel comes from its left neighbor

    carried = Motion(flow, np.ones((3, 4), np.float32)).carry(values)

    assert carried[..., 0].tolist() == [[0, 0, 1, 2], [4, 4, 5, 6], [8, 8, 9, 10]]


def test_a_resized_motion_points_as_far_in_parts_of_the_image() -> None:
    motion = Motion(np.full((10, 20, 2), (4.0, 2.0), np.float32), np.ones((10, 20), np.float32))

    larger = motion.resize((30, 40))

    assert larger.flow.shape == (30, 40, 2)
    assert larger.flow[15, 20].tolist() == [8, 6]
    assert motion.resize((10, 20)) is motion


def test_frames_too_small_to_follow_are_trusted_as_far_as_they_stay() -> None:
    before, after = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    after[:, 3] = 255

    motion = measure_motion(before, after)

    assert not motion.flow.any()
    assert motion.trust[0, 0] > 0.5
    assert motion.trust[0, 3] < 0.1
