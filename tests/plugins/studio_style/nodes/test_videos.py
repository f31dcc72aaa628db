"""Videos painted and colored, steady from frame to frame."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import Audio, Cancelled, Frame, Image, MediaError, Video
from studio.testing import TestContext
from studio_style.motion import to_bytes
from studio_style.nodes.transfer import transfer_style
from studio_style.nodes.videos import colorize_video, style_video
from tests.plugins.studio_style.images import draw_scene, draw_stripes, make_grey, make_video, measure_psnr


def read(video: Video) -> list[Image]:
    """Read all frames."""
    return [frame.image for frame in video.frames()]


def measure_flicker(video: list[Image], guide: list[Image]) -> float:
    """Return how much frames differ from the ones before, moved along Farneback's flow of the guide."""
    found = []
    for index in range(1, len(video)):
        before, after = (to_bytes(guide[at].pixels) for at in (index - 1, index))
        flow = cv2.calcOpticalFlowFarneback(
            after, before, np.zeros((*after.shape, 2), np.float32), 0.5, 3, 15, 3, 5, 1.2, 0
        )
        rows, columns = np.mgrid[0 : after.shape[0], 0 : after.shape[1]].astype(np.float32)
        moved = cv2.remap(video[index - 1].pixels, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
        found.append(np.abs(moved - video[index].pixels)[4:-4, 8:-8].mean())
    return float(np.mean(found))


def test_strokes_stay_where_they_are_painted() -> None:
    video, style = make_video(4), draw_stripes()

    steady = read(style_video(TestContext(), video, style))
    single = [transfer_style(TestContext(), frame, style, quality="draft") for frame in read(video)]

    assert steady[0] == single[0]
    assert measure_flicker(steady, read(video)) < 0.5 * measure_flicker(single, read(video))


def test_a_painted_video_can_be_read_again_and_keeps_times_and_sound() -> None:
    images = [draw_scene(40, 32, float(index)) for index in range(3)]
    sound = Audio(np.zeros(8000, np.float32), 8000)

    def frames() -> Iterator[Frame]:
        return (Frame(image, time) for image, time in zip(images, (0.0, 0.13, 0.5), strict=True))

    video = Video(frames, width=40, height=32, rate=Fraction(8), count=3, audio=sound)

    painted = style_video(TestContext(), video, draw_stripes(), seed=3)

    first, second = list(painted.frames()), list(painted.frames())
    assert [frame.time for frame in first] == [0.0, 0.13, 0.5]
    assert all(one.image == other.image for one, other in zip(first, second, strict=True))
    assert painted.audio is sound


def test_a_cut_begins_a_painting_of_its_own() -> None:
    rng = np.random.default_rng(1)
    other = Image(np.kron(rng.uniform(0, 1, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.float32))
    video = Video.from_images([draw_scene(64, 48), draw_scene(64, 48, 1.0), other], Fraction(10))

    last = read(style_video(TestContext(), video, draw_stripes()))[2]

    assert last == transfer_style(TestContext(), other, draw_stripes(), quality="draft")


def test_colors_of_a_key_frame_follow_the_motion() -> None:
    video = make_video(8)
    grey = Video.from_images([make_grey(image) for image in read(video)], Fraction(10))

    colored = read(colorize_video(TestContext(), grey, read(video)[:1]))

    for made, truth in zip(colored, read(video), strict=True):
        plain = Image(np.repeat(make_grey(truth).pixels, 3, axis=2))
        assert measure_psnr(made, truth) > measure_psnr(plain, truth) + 6
    assert measure_psnr(colored[1], read(video)[1]) > 30


def test_key_frames_count_from_their_times_on() -> None:
    grey = [make_grey(draw_scene(64, 48))] * 4
    red, blue = (Image(np.clip(grey[0].pixels * np.float32(tint), 0, 1)) for tint in ((1, 0.6, 0.6), (0.6, 0.6, 1)))

    made = read(
        colorize_video(TestContext(), Video.from_images(grey, Fraction(10)), [red, blue], at_seconds=[0.0, 0.2])
    )

    warmth = [float((image.pixels[..., 0] - image.pixels[..., 2]).mean()) for image in made]
    assert min(warmth[:2]) > 0.05
    assert max(warmth[2:]) < -0.05


def test_a_cut_back_to_a_scene_takes_its_own_key_frame_again() -> None:
    first = draw_scene(64, 48)
    other = Image(np.kron(np.random.default_rng(1).uniform(0, 1, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.float32))
    video = Video.from_images([make_grey(image) for image in (first, other, first, other)], Fraction(10))

    for times in (None, [0.0, 0.1]):
        made = read(colorize_video(TestContext(), video, [first, other], at_seconds=times))

        assert min(measure_psnr(made[0], first), measure_psnr(made[1], other)) > 30
        assert made[2] == made[0]
        assert made[3] == made[1]


def test_a_scene_that_no_key_frame_shows_is_told() -> None:
    first = draw_scene(64, 48)
    other = Image(np.kron(np.random.default_rng(1).uniform(0, 1, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.float32))
    context = TestContext()

    read(colorize_video(context, Video.from_images([make_grey(first), make_grey(other)], Fraction(10)), [first]))

    assert [line for line in context.messages if "0.10 s" in line and "a guess" in line]


@pytest.mark.parametrize("times", [[0.0], [0.5, 0.1], [0.1, 0.1], [-1.0, 2.0], [0.0, float("nan")]])
def test_times_that_do_not_rise_are_refused(times: list[float]) -> None:
    with pytest.raises(MediaError) as caught:
        colorize_video(TestContext(), make_video(2), [draw_scene(), draw_scene()], at_seconds=times)

    assert caught.value.code == "E685"


def test_a_video_can_be_cancelled_between_frames() -> None:
    context = TestContext(cancel_at_step=6)

    with pytest.raises(Cancelled):
        read(style_video(context, make_video(5), draw_stripes()))


@pytest.mark.parametrize("size", [(1, 1), (40, 1), (9, 12)])
def test_tiny_frames_are_no_trouble(size: tuple[int, int]) -> None:
    video: Any = Video.from_images([draw_scene(*size, float(shift)) for shift in range(3)], Fraction(10))

    for made in (
        style_video(TestContext(), video, draw_stripes(3, 2)),
        colorize_video(TestContext(), video, [draw_scene()]),
    ):
        assert [(image.width, image.height) for image in read(made)] == [size] * 3


def test_alpha_of_frames_is_kept() -> None:
    images = [Image(np.concatenate([draw_scene().pixels, np.full((32, 48, 1), 0.5, np.float32)], axis=2))] * 2

    made = read(style_video(TestContext(), Video.from_images(images, Fraction(10)), draw_stripes()))

    assert all(np.allclose(image.pixels[..., 3], 0.5) for image in made)
