"""Marks of videos: streamed, found after H.264, with the audio marked too."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from studio.api import Frame, Image, MediaError, Video
from studio.testing import TestContext
from studio_provenance.nodes.marks import find_audio_mark, find_video_mark, mark_video
from tests.plugins.studio_provenance.pictures import PAYLOAD, SETTINGS, draw_scene, measure_psnr, play_song


def pan(count: int = 24) -> Video:
    scene = draw_scene(360, 900)
    images = [Image(scene[:, 4 * number : 4 * number + 640]) for number in range(count)]
    return Video.from_images(images, 12, play_song(count / 12))


def convert_to_h264(video: Video, path: Path, bit_rate: int) -> Video:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=12, width=video.width, height=video.height, pix_fmt="yuv420p")
        stream.bit_rate = bit_rate
        for frame in video.frames():
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image.to_uint8(), "rgb24")))
        file.mux(stream.encode(None))
    with av.open(str(path)) as file:
        return Video.from_images([Image(f.to_ndarray(format="rgb24")) for f in file.decode(video=0)], 12)


def test_a_mark_survives_h264(tmp_path: Path) -> None:
    result = mark_video(TestContext(), pan(), SETTINGS, payload=PAYLOAD).video

    coded = convert_to_h264(result, tmp_path / "video.mp4", 250_000)  # as many bits a pixel as 1 Mb/s at 720p

    assert find_video_mark(TestContext(), coded, SETTINGS).payload == PAYLOAD


def test_frames_keep_their_times_and_stay_above_forty_decibels() -> None:
    plain = pan(3)

    result = mark_video(TestContext(), plain, SETTINGS, payload=PAYLOAD).video

    pairs = list(zip(plain.frames(), result.frames(), strict=True))
    assert [after.time for _, after in pairs] == [before.time for before, _ in pairs]
    assert min(measure_psnr(before.image.to_uint8(), after.image.to_uint8()) for before, after in pairs) > 43
    assert (result.duration, result.count, result.rate) == (plain.duration, plain.count, plain.rate)


@pytest.mark.parametrize("is_marked", [True, False])
def test_the_audio_is_marked_if_asked(is_marked: bool) -> None:
    result = mark_video(TestContext(), pan(60), SETTINGS, payload=PAYLOAD, mark_audio=is_marked).video

    assert find_audio_mark(TestContext(), result.audio, SETTINGS).payload == (PAYLOAD if is_marked else "")


def test_no_mark_is_found_where_there_is_none() -> None:
    assert not find_video_mark(TestContext(), pan(6), SETTINGS).is_found


def test_frames_are_marked_one_by_one() -> None:
    made: list[int] = []

    def make_frames() -> Iterator[Frame]:
        for number in range(1000):
            made.append(number)
            yield Frame(Image(draw_scene(144, 160)), number / 10)

    video = Video(make_frames, width=160, height=144, rate=Fraction(10), count=1000)
    frames = mark_video(TestContext(), video, SETTINGS, payload=PAYLOAD).video.frames()
    next(frames), next(frames)

    assert made == [0, 1]


def test_a_video_that_is_too_small_is_refused() -> None:
    video = Video.from_images([Image(np.zeros((100, 300, 3), np.uint8))], 12)

    with pytest.raises(MediaError) as caught:
        mark_video(TestContext(), video, SETTINGS)

    assert caught.value.code == "E651"
