"""Tests of noise and flicker taken out of videos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from studio.api import Image
from studio.testing import TestContext
from studio_video.denoise import estimate_noise
from studio_video.nodes.motion import deflicker_video, denoise_video
from tests.plugins.studio_video.scenes import make_scene, measure, read, spoil, to_video


def test_noise_is_estimated() -> None:
    flat = np.full((64, 96, 3), 120, np.uint8)

    assert estimate_noise(Image(flat)) == 0
    assert estimate_noise(Image(spoil([flat], 12)[0])) == pytest.approx(12 / 255, rel=0.1)


def test_frames_around_take_out_more_noise_than_one_frame_alone() -> None:
    truth = make_scene(7, speed=2)
    noisy = spoil(truth, 15)

    alone = [
        np.dstack([cv2.fastNlMeansDenoising(np.ascontiguousarray(f[..., c]), None, 15, 5, 15) for c in range(3)])
        for f in noisy
    ]
    made = read(denoise_video(TestContext(), to_video(noisy, 10), sigma=15 / 255))

    assert measure(made, truth) > measure(alone, truth) + 1.5
    assert measure(made, truth) > measure(noisy, truth) + 5


def test_a_video_without_noise_stays_as_it_is() -> None:
    frames = [np.full((24, 24, 3), 40 * index, np.uint8) for index in range(4)]

    assert measure(read(denoise_video(TestContext(), to_video(frames, 5))), frames) > 90


def test_nothing_is_averaged_across_a_cut() -> None:
    truth = [*make_scene(4, seed=1), *make_scene(4, seed=2)]

    made = read(denoise_video(TestContext(), to_video(spoil(truth, 8), 5), spatial=0.0))

    assert measure(made[3:5], truth[3:5]) > 30


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 50, 3), (20, 20, 4), (20, 20, 1)])
def test_videos_of_any_shape_are_denoised(shape: tuple[int, ...]) -> None:
    film = to_video(spoil([np.full(shape, 128, np.uint8)] * 3, 10), 5)

    assert [frame.shape for frame in read(denoise_video(TestContext(), film))] == [shape] * 3
    assert [frame.shape for frame in read(deflicker_video(TestContext(), film))] == [shape] * 3
