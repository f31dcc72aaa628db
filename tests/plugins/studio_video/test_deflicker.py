"""Flicker taken out."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import MediaError
from studio.testing import TestContext
from studio_video.deflicker import measure_flicker
from studio_video.nodes.motion import deflicker_video
from tests.plugins.studio_video.scenes import make_scene, measure, read, to_video


def flicker(frames: list[Any]) -> list[Any]:
    """Return frames each of which has other colors."""
    draw = np.random.default_rng(3)
    return [np.clip(f * draw.uniform(0.8, 1.2, 3), 0, 255).astype(np.uint8) for f in frames]


def test_flicker_goes_and_the_image_stays() -> None:
    truth = [np.rint(0.6 * frame + 30).astype(np.uint8) for frame in make_scene(10, speed=2)]
    guide, film = to_video(truth, 10), to_video(flicker(truth), 10)

    made = deflicker_video(TestContext(), film, guide=guide)

    assert measure_flicker(made, guide) < 0.35 * measure_flicker(film, guide)
    sharp = [np.abs(cv2.Laplacian(frame, cv2.CV_32F)).mean() for frame in (read(made)[-1], truth[-1])]
    assert sharp[0] > 0.6 * sharp[1]


def test_deflickering_starts_anew_at_a_cut_and_leaves_the_video_alone_without_strength() -> None:
    film = to_video([*make_scene(4, seed=1), *make_scene(4, seed=2)], 10)

    assert np.array_equal(read(deflicker_video(TestContext(), film))[4], read(film)[4])
    assert measure(read(deflicker_video(TestContext(), film, strength=0.0)), read(film)) > 90


def test_a_guide_may_have_another_size_but_not_another_length() -> None:
    frames = make_scene(4)
    film, small = to_video(frames, 10), to_video([cv2.resize(f, (48, 32)) for f in frames], 10)

    assert len(read(deflicker_video(TestContext(), film, guide=small))) == 4
    for guide in (to_video(frames[:3], 10), to_video([*frames, frames[0]], 10)):
        with pytest.raises(MediaError) as caught:
            read(deflicker_video(TestContext(), film, guide=guide))
        assert caught.value.code == "E716"
