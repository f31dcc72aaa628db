"""Transitions against FFmpeg's xfade, and against counts of pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
import pytest
from scipy import ndimage

from studio.api import Image
from studio_video.retime import mix
from studio_video.transitions import blur

HEIGHT, WIDTH, STEPS = 48, 64, 8


def make_frames() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return two grey images in which each row and each column is another."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return (x + y).astype(np.uint8), (130 + x // 2 + y).astype(np.uint8)


def run_xfade(kind: str) -> list[np.ndarray[Any, Any]]:
    """Return the frames of FFmpeg's transition over STEPS frames, the first at a share of 0."""
    graph = av.filter.Graph()
    sources = []
    for _ in range(2):
        source = graph.add_buffer(width=WIDTH, height=HEIGHT, format="gray", time_base=Fraction(1, STEPS))
        rated = graph.add("fps", str(STEPS))
        source.link_to(rated)
        sources.append((source, rated))
    fade = graph.add("xfade", f"transition={kind}:duration=1:offset=0")
    for index, (_, rated) in enumerate(sources):
        rated.link_to(fade, 0, index)
    sink = graph.add("buffersink")
    fade.link_to(sink)
    graph.configure()
    for (source, _), plane in zip(sources, make_frames(), strict=True):
        for index in range(STEPS + 2):
            frame = av.VideoFrame.from_ndarray(plane, format="gray")
            frame.pts, frame.time_base = index, Fraction(1, STEPS)
            source.push(frame)
        source.push(None)
    return [sink.pull().to_ndarray() for _ in range(STEPS)]


def mix_planes(share: float, kind: str) -> np.ndarray[Any, Any]:
    first, second = (Image(plane[:, :, None]) for plane in make_frames())
    made: np.ndarray[Any, Any] = mix(first, second, share, kind).stored[:, :, 0]
    return made


@pytest.mark.parametrize("name", ["cover", "reveal"])
@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
def test_covers_and_reveals_are_those_of_ffmpeg(name: str, direction: str) -> None:
    reference = run_xfade(name + direction)

    made = [mix_planes(index / STEPS, f"{name}_{direction}") for index in range(STEPS)]

    same = [np.array_equal(one, other) for one, other in zip(made, reference, strict=True)]
    assert all(same[1:])  # before a reveal to the left or upwards, FFmpeg's image is a pixel off


def test_a_hand_turns_as_in_ffmpeg_with_its_edge_half_a_radian_earlier() -> None:
    reference = run_xfade("radial")

    for index in (2, 4, 6):
        # FFmpeg's edge ends where ours is in the middle, so its pictures come later by 0.5 / 2.5 pi of the time
        made = mix_planes(index / STEPS - 0.5 / (2.5 * np.pi), "radial")
        distance = np.abs(made.astype(int) - reference[index])
        assert distance.mean() < 1  # levels; FFmpeg's middle lies half a pixel further
        assert (distance > 6).mean() < 0.04


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["cover_left", "reveal_up", "radial", "zoom", "blur"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_transition_begins_and_ends_with_whole_images(kind: str, channels: int, dtype: Any) -> None:
    random = np.random.default_rng(4)
    scale = 1 if dtype is np.float32 else np.iinfo(dtype).max
    images = [Image((random.uniform(0.2, 1, (9, 12, channels)) * scale).astype(dtype)) for _ in range(2)]

    begun, ended = (mix(*images, share, kind) for share in (0.0, 1.0))

    assert begun.stored.dtype == dtype
    assert np.allclose(begun.pixels, images[0].pixels, atol=2e-6)
    assert np.allclose(ended.pixels, images[1].pixels, atol=2e-6)


def test_half_a_turn_shows_the_right_half() -> None:
    black, white = Image(np.zeros((60, 60, 1), np.uint8)), Image(np.full((60, 60, 1), 255, np.uint8))

    made = mix(black, white, 0.5, "radial").pixels[:, :, 0]

    assert made.mean() == pytest.approx(0.5, abs=0.01)
    assert made[30, 50] > 0.99
    assert made[30, 10] < 0.01


def test_what_is_transparent_lends_no_color() -> None:
    red = np.full((8, 8, 4), (255, 0, 0, 255), np.uint8)
    hidden = np.full((8, 8, 4), (0, 255, 0, 0), np.uint8)

    made = mix(Image(red), Image(hidden), 0.5, "radial").pixels

    assert made[made[:, :, 3] > 0.01][:, 1].max() < 0.01


def test_a_zoom_grows_and_fades_as_in_ffmpeg() -> None:
    reference = run_xfade("zoomin")

    for index in range(STEPS):
        # FFmpeg takes the next sample where ours are interpolated, and a middle that lies half a pixel further
        distance = np.abs(mix_planes(index / STEPS, "zoom").astype(int) - reference[index])
        assert distance.max() <= 3  # levels of images that rise by 2 from a pixel to the next


def test_in_the_middle_of_a_blur_both_images_are_blurred_thrice() -> None:
    first, second = (plane.astype(np.float64) for plane in make_frames())

    made = mix_planes(0.5, "blur")

    mean = (first + second) / 2
    for _ in range(3):
        mean = ndimage.uniform_filter(mean, 1 + 2 * (HEIGHT // 24), mode="reflect")
    assert np.abs(made - mean).max() <= 1.01


def test_a_blur_is_widest_in_the_middle() -> None:
    noise = np.random.default_rng(2).uniform(0, 255, (240, 240, 1)).astype(np.float32)

    spreads = [float(blur(noise, share).std()) for share in (0.0, 0.2, 0.5, 0.8, 1.0)]

    assert spreads[0] == spreads[4] == pytest.approx(float(noise.std()))
    assert spreads[2] < spreads[1] < spreads[0] / 4
    assert spreads[1] == pytest.approx(spreads[3])
