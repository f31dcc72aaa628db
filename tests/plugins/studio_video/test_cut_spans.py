"""Spans of videos against FFmpeg's select and aselect, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
import pytest

from studio.api import Audio, Image, MediaError, Video
from studio.testing import TestContext
from studio_audio.nodes.shaping import cut_silence
from studio_video.nodes.edit import cut_video_spans
from studio_video.span_list import parse_spans

RATE = Fraction(10)
SOUND = 8000
SPANS = [[0.0, 0.3], [0.5, 0.6], [0.8, 1.0]]


def make_video(count: int = 10, rate: int = SOUND) -> Video:
    """Return frames whose level is their number, and audio whose samples rise."""
    audio = Audio(np.arange(count * rate // 10, dtype=np.float32)[:, None] / (4 * count * rate), rate)
    return Video.from_images(
        [Image(np.full((4, 6, 1), 10 * index % 250, np.uint8)) for index in range(count)], RATE, audio
    )


def run_select(count: int, spans: list[list[float]]) -> list[int]:
    """Return the numbers of the frames that FFmpeg's select keeps."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=16, height=16, format="gray", time_base=1 / RATE)
    test = "+".join(f"gte(n,{round(start * 10)})*lt(n,{round(end * 10)})" for start, end in spans)
    chosen, sink = graph.add("select", f"'{test}'"), graph.add("buffersink")
    source.link_to(chosen)
    chosen.link_to(sink)
    graph.configure()
    for index in range(count):
        frame = av.VideoFrame.from_ndarray(np.full((16, 16), 10 * index, np.uint8), format="gray")
        frame.pts, frame.time_base = index, 1 / RATE
        source.push(frame)
    source.push(None)
    found = []
    while True:
        try:
            found.append(int(sink.pull().to_ndarray()[0, 0]))
        except (av.error.BlockingIOError, av.error.EOFError):
            return found


def list_levels(video: Video) -> list[int]:
    return [int(frame.image.stored[0, 0, 0]) for frame in video.frames()]


@pytest.mark.parametrize("spans", [SPANS, [[0.2, 0.7]], [[0.0, 0.1], [0.9, 1.0]]])
def test_frames_are_those_that_ffmpeg_selects_at_even_times(spans: list[list[float]]) -> None:
    made, kept = cut_video_spans(TestContext(), make_video(), spans)

    assert list_levels(made) == run_select(10, spans)
    assert [frame.time for frame in made.frames()] == pytest.approx(
        [index / 10 for index in range(len(list_levels(made)))]
    )
    assert kept == spans
    assert made.duration == pytest.approx(sum(end - start for start, end in spans))


def test_audio_is_cut_at_the_sample() -> None:
    video = make_video()

    made = cut_video_spans(TestContext(), video, SPANS, fade_seconds=0.0).video.audio

    assert made is not None
    assert video.audio is not None
    parts = [video.audio.samples[round(start * SOUND) : round(end * SOUND)] for start, end in SPANS]
    assert np.array_equal(made.samples, np.concatenate(parts))


def test_no_error_adds_up_over_a_thousand_spans() -> None:
    video = make_video(count=1000, rate=11_025)
    spans = [[index / 10 + 0.013, index / 10 + 0.0463] for index in range(1000)]

    made = cut_video_spans(TestContext(), video, spans).video

    assert made.audio is not None
    assert abs(made.audio.frames - 33.3 * 11_025) <= 1  # which lies between two samples
    assert made.duration == pytest.approx(33.3)
    assert len(list_levels(made)) == 333


def test_audio_fades_at_cuts_and_nowhere_else() -> None:
    loud = Audio(np.full((SOUND, 1), 0.5, np.float32), SOUND)
    video = Video.from_images([Image(np.zeros((4, 4, 1), np.uint8))] * 10, RATE, loud)

    made = cut_video_spans(TestContext(), video, [[0.0, 0.5], [0.6, 1.0]], fade_seconds=0.01).video.audio

    assert made is not None
    level = made.samples[:, 0]
    assert level[0] == level[-1] == 0.5
    cut = SOUND // 2
    ramp = (np.arange(80) + 0.5) / 80 / 2
    assert np.allclose(level[cut : cut + 80], ramp, atol=1e-6)
    assert np.allclose(level[cut - 80 : cut][::-1], ramp, atol=1e-6)
    assert (level == 0.5).sum() == len(level) - 160


def test_what_is_not_kept_is_the_rest() -> None:
    kept = cut_video_spans(TestContext(), make_video(), [[0.3, 0.5], [0.6, 0.8]], keep="rest")

    assert kept.spans == [[0.0, 0.3], [0.5, 0.6], [0.8, 1.0]]
    assert list_levels(kept.video) == [0, 10, 20, 50, 80, 90]


def test_spans_are_sorted_joined_and_end_with_the_video() -> None:
    spans = [{"start": 0.8, "end": 60}, [0.2, 0.4], [0.1, 0.3]]

    assert parse_spans(spans) == [(0.1, 0.4), (0.8, 60.0)]
    assert cut_video_spans(TestContext(), make_video(), spans).spans == [[0.1, 0.4], [0.8, 1.0]]


def test_the_spans_of_a_voice_cut_the_video_as_the_audio() -> None:
    samples = np.zeros((2 * SOUND, 1), np.float32)
    samples[4000:6000, 0] = samples[10_000:14_000, 0] = 0.5
    video = Video.from_images([Image(np.zeros((4, 4, 1), np.uint8))] * 20, RATE, Audio(samples, SOUND))

    voice = cut_silence(TestContext(), video.audio, max_silence=0.1, keep_seconds=0.0)
    made = cut_video_spans(TestContext(), video, voice.spans).video

    assert made.duration == pytest.approx(0.75)


@pytest.mark.parametrize(("spans", "keep"), [([[5, 6]], "spans"), ([[0, 1]], "rest")])
def test_a_video_of_which_nothing_remains_is_refused(spans: Any, keep: Any) -> None:
    with pytest.raises(MediaError, match="nothing remains") as caught:
        cut_video_spans(TestContext(), make_video(), spans, keep=keep)

    assert caught.value.code == "E701"


@pytest.mark.parametrize(
    "spans",
    [None, [], {}, "0-1", [1, 2], [[0]], [[0, 1, 2]], [[1, 1]], [[2, 1]], [[-1, 1]], [["0", "1"]], [[0, True]],
     [[0, float("nan")]], [[0, 1e9]], [{"start": 0}], [[0, 1]] * 10_001],
)  # fmt: skip
def test_what_is_no_list_of_spans_is_refused(spans: Any) -> None:
    with pytest.raises(MediaError) as caught:
        parse_spans(spans)

    assert caught.value.code == "E701"
