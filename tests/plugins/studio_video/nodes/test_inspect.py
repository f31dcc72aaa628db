"""What a video is, and where its scenes begin."""

from __future__ import annotations

import numpy as np

from studio.api import Image, Video
from studio.testing import TestContext
from studio_video.nodes import inspect
from tests.plugins.studio_video.clips import make_video

CTX = TestContext()


def test_a_video_has_its_facts() -> None:
    facts = inspect.describe_video(CTX, make_video())

    assert (facts.seconds, facts.fps, facts.width, facts.height, facts.has_audio) == (1.0, 12.0, 64, 48, True)


def test_scenes_begin_at_cuts() -> None:
    rng = np.random.default_rng(0)
    scenes = [rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in range(3)]
    film = Video.from_images([Image(scenes[i // 6]) for i in range(18)], 6)
    found = inspect.find_scenes(CTX, film)

    assert found.starts == [0.0, 1.0, 2.0]
    assert [picture.to_uint8()[0, 0].tolist() for picture in found.images] == [s[0, 0].tolist() for s in scenes]
    assert found.scenes[-1] == {"start": 2.0, "end": 3.0, "frame": 12}  # type: ignore[index]
