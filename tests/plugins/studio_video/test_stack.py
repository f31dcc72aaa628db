"""Videos beside each other against FFmpeg's hstack, vstack and xstack, and their ends and audio."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
import pytest

from studio.api import Audio, ColorSpace, Frame, Image, MediaError, Video, convert_color
from studio.testing import TestContext
from studio_video.nodes.layers import stack_videos
from studio_video.stack import arrange

RATE = Fraction(4)
LINEAR = ColorSpace("linear")


def make_planes(seed: int, count: int = 3, size: tuple[int, int] = (24, 16)) -> list[np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, (size[1], size[0], 1), np.uint8) for _ in range(count)]


def make_video(planes: list[np.ndarray[Any, Any]], audio: Audio | None = None) -> Video:
    return Video.from_images([Image(plane) for plane in planes], RATE, audio)


def run_ffmpeg(kind: str, options: str, rows: list[list[np.ndarray[Any, Any]]]) -> list[np.ndarray[Any, Any]]:
    """Return the frames that a filter makes of grey frames."""
    graph = av.filter.Graph()
    stack = graph.add(kind, options)
    height, width = rows[0][0].shape[:2]
    sources = [graph.add_buffer(width=width, height=height, format="gray", time_base=1 / RATE) for _ in rows]
    for index, source in enumerate(sources):
        source.link_to(stack, 0, index)
    sink = graph.add("buffersink")
    stack.link_to(sink)
    graph.configure()
    for source, row in zip(sources, rows, strict=True):
        for index, plane in enumerate(row):
            frame = av.VideoFrame.from_ndarray(plane[:, :, 0], format="gray")
            frame.pts, frame.time_base = index, 1 / RATE
            source.push(frame)
        source.push(None)
    return [sink.pull().to_ndarray() for _ in rows[0]]


@pytest.mark.parametrize(
    ("inputs", "kind", "options", "count"),
    [
        ({"direction": "right"}, "hstack", "inputs=3", 3),
        ({"direction": "down"}, "vstack", "inputs=3", 3),
        ({"direction": "grid"}, "xstack", "inputs=4:layout=0_0|w0_0|0_h0|w0_h0", 4),
        ({"direction": "grid", "columns": 1}, "vstack", "inputs=4", 4),
    ],
)
def test_frames_are_those_of_ffmpeg(inputs: dict[str, Any], kind: str, options: str, count: int) -> None:
    rows = [make_planes(seed) for seed in range(count)]

    made = stack_videos(TestContext(), [make_video(row) for row in rows], **inputs)

    reference = run_ffmpeg(kind, options, rows)
    frames = [frame.image.stored[:, :, 0] for frame in made.frames()]
    assert len(frames) == len(reference) == 3
    assert all(np.array_equal(one, other) for one, other in zip(frames, reference, strict=True))
    assert (made.width, made.height) == (frames[0].shape[1], frames[0].shape[0])


def test_gaps_and_empty_places_have_the_color_and_grey_videos_become_rgb() -> None:
    made = stack_videos(
        TestContext(), [make_video(make_planes(1))] * 3, direction="grid", columns=2, gap=3, background="#ff8000"
    )

    frame = next(iter(made.frames())).image
    assert (made.channels, frame.channels, made.width, made.height) == (3, 3, 51, 35)
    assert (frame.stored[:, 24:27] == (255, 128, 0)).all()
    assert (frame.stored[19:, 27:] == (255, 128, 0)).all()


def test_others_become_as_high_as_the_first_and_keep_their_shape() -> None:
    assert arrange([(24, 16), (30, 10)], "right", None, 0).boxes == [(0, 0, 24, 16), (24, 0, 48, 16)]
    assert arrange([(24, 16), (12, 20)], "down", None, 2).boxes == [(0, 0, 24, 16), (0, 18, 24, 40)]


@pytest.mark.parametrize(("ends", "count"), [("longest", 5), ("shortest", 2)])
def test_a_video_that_is_over_shows_its_last_frame(ends: Any, count: int) -> None:
    short, long = make_planes(1, 2), make_planes(2, 5)

    made = stack_videos(TestContext(), [make_video(short), make_video(long)], ends=ends)

    frames = list(made.frames())
    assert [frame.time for frame in frames] == [index / 4 for index in range(count)]
    assert made.duration == count / 4
    assert np.array_equal(frames[-1].image.stored[:, :24], short[1])
    assert np.array_equal(frames[-1].image.stored[:, 24:], long[count - 1])


def test_deep_frames_and_alpha_stay() -> None:
    deep = np.random.default_rng(3).integers(0, 65_536, (6, 8, 4)).astype(np.uint16)
    videos = [Video.from_images([Image(deep)], RATE), make_video(make_planes(1, 1, (8, 6)))]

    made = next(iter(stack_videos(TestContext(), videos).frames())).image.stored

    assert made.dtype == np.uint16
    assert np.array_equal(made[:, :8], deep)
    assert (made[:, 8:, 3] == 65_535).all()


@pytest.mark.parametrize(("kind", "level"), [("first", 0.25), ("mix", 0.75), ("none", None)])
def test_audio_is_that_of_the_first_of_all_or_none(kind: Any, level: float | None) -> None:
    sounds = [Audio(np.full((6000, 1), each, np.float32), 8000) for each in (0.25, 0.5)]

    made = stack_videos(TestContext(), [make_video(make_planes(1), sound) for sound in sounds], audio_from=kind).audio

    if level is None:
        assert made is None
    else:
        assert made is not None
        assert np.allclose(made.samples, level)
        assert made.frames == 6000


def test_frames_are_read_as_they_are_needed() -> None:
    read = []

    def frames() -> Iterator[Frame]:
        for index in range(100):
            read.append(index)
            yield Frame(Image(np.zeros((4, 4, 1), np.uint8)), index / 4)

    video = Video(frames, width=4, height=4, channels=1, rate=RATE, count=100)
    stream = iter(stack_videos(TestContext(), [video]).frames())
    next(stream)

    assert len(read) <= 3


def test_a_stack_that_is_too_wide_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        arrange([(20_000, 10)] * 2, "right", None, 0)

    assert caught.value.code == "E704"


def test_bars_and_values_are_those_of_the_first_videos_color_space() -> None:
    bright = Image(np.full((8, 8, 3), 4.0, np.float32), color=LINEAR)
    wide = Image(np.full((8, 16, 3), 4.0, np.float32), color=LINEAR)
    videos = [Video.from_images([image], RATE) for image in (bright, wide)]

    made = stack_videos(TestContext(), videos, direction="grid", background="#808080")
    pixels = next(iter(made.frames())).image.pixels

    level = convert_color(Image(np.full((1, 1, 3), 128, np.uint8)), LINEAR).pixels[0, 0]
    assert made.color == LINEAR
    np.testing.assert_allclose(pixels[4, 4], 4.0, rtol=1e-5)
    np.testing.assert_allclose(pixels[4, 12], 4.0, rtol=1e-5)
    np.testing.assert_allclose(pixels[0, 12], level, rtol=1e-5)
