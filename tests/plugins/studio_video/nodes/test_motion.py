"""Node types that follow motion."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from studio.api import Frame, Image, Video
from studio.testing import TestContext
from studio_video.nodes.motion import deflicker_video, denoise_video, interpolate_video
from tests.plugins.studio_video.scenes import make_scene, make_texture, read, spoil, to_video


def test_videos_read_twice_are_equal() -> None:
    film = to_video(spoil([make_texture(0, 32, 40)] * 4, 10), 5)
    for made in (denoise_video(TestContext(), film), deflicker_video(TestContext(), film)):
        assert [f.tobytes() for f in read(made)] == [f.tobytes() for f in read(made)]


@pytest.mark.parametrize("way", [interpolate_video, denoise_video, deflicker_video])
def test_few_frames_are_held_however_long_the_video_is(way: Any) -> None:
    scene = make_scene(6, height=16, width=16)
    counts = {"made": 0, "gone": 0, "most": 0}

    def forget() -> None:
        counts["gone"] += 1

    def frames() -> Iterator[Frame]:
        for index in range(60):
            array = scene[index % 6].copy()
            weakref.finalize(array, forget)
            counts["made"] += 1
            counts["most"] = max(counts["most"], counts["made"] - counts["gone"])
            yield Frame(Image(array), index / 10)

    film = Video(frames, width=16, height=16, rate=Fraction(10), count=60)

    assert sum(1 for _ in way(TestContext(), film).frames()) >= 60
    assert counts["most"] <= 9
