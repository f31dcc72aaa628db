"""Shaky videos held still."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import Frame, Image, Video
from studio.testing import TestContext
from studio_video.nodes import edit
from studio_video.stabilize import smooth_path
from tests.plugins.studio_video.clips import make_plain, read_levels

CTX = TestContext()


def shake(count: int = 40) -> tuple[Video, Any]:
    """A textured scene seen by a trembling camera, and the camera's offsets."""
    rng = np.random.default_rng(3)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (260, 340, 3), dtype=np.uint8), (0, 0), 2)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    offsets = rng.normal(0, 3, (count, 2))

    def frames() -> Iterator[Frame]:
        for index, (x, y) in enumerate(offsets):
            matrix = np.array([[1, 0, x - 50], [0, 1, y - 50]], float)
            yield Frame(Image(cv2.warpAffine(scene, matrix, (240, 160))), index / 20)

    return Video(frames, width=240, height=160, rate=Fraction(20), count=count), offsets


def measure_shake(video: Video) -> float:
    """The mean move from frame to frame, by phase correlation."""
    greys = [f.image.pixels.mean(axis=2) for f in video.frames()]
    window = cv2.createHanningWindow((greys[0].shape[1], greys[0].shape[0]), cv2.CV_32F)
    moves = [cv2.phaseCorrelate(a, b, window)[0] for a, b in pairwise(greys)]
    return float(np.mean(np.hypot(*np.array(moves).T)))


def test_a_shaky_video_is_held_still() -> None:
    film, _ = shake()
    still = edit.stabilize_video(CTX, film)

    assert measure_shake(film) > 4
    assert measure_shake(still) < 0.3 * measure_shake(film)
    assert (still.width, still.height, still.count) == (film.width, film.height, film.count)


def test_a_video_without_anything_to_follow_stays_as_it_is() -> None:
    film = make_plain([50] * 5, size=32)

    assert read_levels(edit.stabilize_video(CTX, film)) == [50] * 5


def test_an_even_pan_is_smooth_already_up_to_its_ends() -> None:
    path = np.outer(np.arange(40.0), [2.0, -1.0, 0.01])

    assert smooth_path(path, 6.0) == pytest.approx(path)


def test_a_jolt_is_spread_by_a_gaussian_of_the_width() -> None:
    path = np.zeros((101, 3))
    path[50, 0] = 1.0

    smooth = smooth_path(path, 5.0)[:, 0]

    assert smooth[50] == pytest.approx(1 / (5 * np.sqrt(2 * np.pi)), rel=0.01)
    assert smooth[55] / smooth[50] == pytest.approx(np.exp(-0.5), rel=0.01)
    assert smooth.sum() == pytest.approx(1)
