"""Where the scenes of a video begin."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from studio.api import Frame, Image, Video
from studio_video.scenes import find_starts
from tests.plugins.studio_video.scenes import make_scene


def make_cuts(*lengths: int, rate: int = 10) -> Video:
    """Scenes that move, of so many frames each."""
    frames = [frame for seed, length in enumerate(lengths) for frame in make_scene(length, seed=seed * 7)]
    return Video(
        lambda: (Frame(Image(frame), index / rate) for index, frame in enumerate(frames)),
        width=96,
        height=64,
        rate=Fraction(rate),
        count=len(frames),
    )


def find(video: Video, shortest: float = 0.0, most: int = 100) -> list[tuple[int, float]]:
    return [(number, time) for number, time, _ in find_starts(video, 1.0, shortest, most, lambda *_: None)]


def test_a_scene_begins_at_the_first_frame_and_at_each_cut() -> None:
    assert find(make_cuts(8, 5, 7)) == [(0, 0.0), (8, 0.8), (13, 1.3)]


def test_each_scene_comes_with_its_first_frame() -> None:
    video = make_cuts(6, 6)
    frames = [frame.image.to_uint8() for frame in video.frames()]

    starts = find_starts(video, 1.0, 0.0, 100, lambda *_: None)

    assert all(np.array_equal(image.to_uint8(), frames[number]) for number, _, image in starts)


@pytest.mark.parametrize(("shortest", "numbers"), [(0.5, [0, 8, 13]), (0.51, [0, 8]), (0.9, [0, 13]), (2.0, [0])])
def test_a_scene_that_is_too_short_belongs_to_the_one_before(shortest: float, numbers: list[int]) -> None:
    assert [number for number, _ in find(make_cuts(8, 5, 7), shortest)] == numbers


def test_the_search_ends_after_as_many_scenes_as_asked_for() -> None:
    read: list[int] = []
    video = make_cuts(8, 5, 30)

    found = find_starts(video, 1.0, 0.0, 2, lambda done, *_: read.append(done))

    assert [number for number, _, _ in found] == [0, 8]
    assert max(read) < 20
