"""Frames checked before they are coded, and audio written in step with them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from studio.api.audio import Audio
from studio.api.color import ColorSpace
from studio.api.image import Image
from studio.api.video import Frame, Video
from studio.api.video_tracks import AudioTrack, check_frames, open_for_writing, widen
from studio.errors import MediaError

GREY = Image(np.zeros((4, 6, 3), np.uint8))


def make_video(*frames: Frame, color: ColorSpace | None = None) -> Video:
    options = {} if color is None else {"color": color}
    return Video(lambda: iter(frames), width=6, height=4, rate=Fraction(25), **options)


def test_frames_of_one_kind_with_rising_times_go_through() -> None:
    frames = [Frame(GREY, 0.0), Frame(GREY, 0.000001), Frame(GREY, 5.0)]

    assert list(check_frames(make_video(*frames))) == frames


@pytest.mark.parametrize(
    "image",
    [
        Image(np.zeros((4, 5, 3), np.uint8)),
        Image(np.zeros((5, 6, 3), np.uint8)),
        Image(np.zeros((4, 6, 4), np.uint8)),
        Image(np.zeros((4, 6, 3), np.uint8), color=ColorSpace("linear")),
    ],
)
def test_a_frame_of_another_kind_is_refused_with_its_number(image: Image) -> None:
    with pytest.raises(MediaError, match=r"frame 1 is Image\(.*the video is Video\(") as caught:
        list(check_frames(make_video(Frame(GREY, 0.0), Frame(image, 1.0))))
    assert caught.value.code == "E504"


@pytest.mark.parametrize("time", [1.0, 0.5])
def test_a_frame_that_does_not_come_after_the_last_is_refused(time: float) -> None:
    with pytest.raises(MediaError, match=r"frame 1 at .* s does not come after 1 s"):
        list(check_frames(make_video(Frame(GREY, 1.0), Frame(GREY, time))))


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 1, 255], np.uint8), [0, 257, 65535]),
        (np.array([0, 258, 65535], np.uint16), [0, 258, 65535]),
        (np.array([0.0, 0.5, 1.0], np.float32), [0, 32768, 65535]),
    ],
)
def test_samples_become_sixteen_bits(samples: np.ndarray, expected: list[int]) -> None:
    assert widen(samples).tolist() == expected
    assert widen(samples).dtype == np.uint16


def test_a_file_that_is_not_finished_does_not_stay(tmp_path: Path) -> None:
    with pytest.raises(KeyError), open_for_writing(tmp_path / "a.nut", "nut", {}):
        raise KeyError

    assert list(tmp_path.iterdir()) == []


def test_what_ffmpeg_refuses_is_an_error_of_the_file(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with open_for_writing(path, "nut", {}) as container:
            container.add_stream("ffv1", rate=25)
            container.start_encoding()

    with pytest.raises(MediaError, match="cannot write the video") as caught:
        write(tmp_path / "missing" / "a.nut")
    assert caught.value.code == "E512"


def test_audio_is_written_up_to_half_a_second_ahead_of_the_frames(tmp_path: Path) -> None:
    read: list[int] = []

    def create_blocks() -> list[np.ndarray]:
        for second in range(40):
            read.append(second)
            yield np.zeros((8000, 1), np.float32)

    audio = Audio.from_blocks(create_blocks, rate=8000, channels=1)
    with open_for_writing(tmp_path / "a.nut", "nut", {}) as container:
        track = AudioTrack(container, "pcm_f32le", audio)
        track.write_until(10.0)
        assert 10 <= len(read) <= 14
        track.finish()

    with av.open(str(tmp_path / "a.nut")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 40 * 8000


def test_a_video_without_audio_has_no_track(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.nut"), "w", format="nut") as container:
        track = AudioTrack(container, "aac", None)
        track.write_until(9.0)
        track.finish()

        assert len(container.streams) == 0
