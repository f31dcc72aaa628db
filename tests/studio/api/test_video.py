"""Videos in memory: frames, times, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from studio.api.audio import Audio
from studio.api.video import Frame, Video
from studio.errors import MediaError
from tests.studio.api.videos import make_noise, make_ramp


def test_frames_start_again_each_time() -> None:
    video = Video.from_images(make_ramp(3), 25)

    first, second = video.frames(), video.frames()
    next(first)

    assert [frame.time for frame in second] == [0.0, 0.04, 0.08]
    assert next(first).time == 0.04
    assert (video.count, video.duration, video.width, video.height, video.channels) == (3, 0.12, 64, 48, 3)


def test_times_are_whole_microseconds() -> None:
    frame = Frame(make_ramp(1)[0], 1 / 3)

    assert frame.time == 0.333333
    assert frame.microseconds == 333_333


def test_length_of_a_stream_is_found_by_running_through_it_once() -> None:
    runs = []

    def create_frames() -> Iterator[Frame]:
        runs.append(1)
        return (Frame(image, time) for image, time in zip(make_ramp(2), (0.0, 3.5), strict=True))

    video = Video(create_frames, width=64, height=48, rate=Fraction(2))

    assert (video.duration, video.duration, len(runs)) == (4.0, 4.0, 1)


def test_audio_is_made_when_it_is_first_asked_for() -> None:
    made = []

    def load() -> Audio:
        made.append(1)
        return Audio([0.5], 8000)

    video = Video(lambda: iter(()), width=1, height=1, rate=Fraction(1), audio=load)
    before = len(made)

    assert before == 0
    assert video.audio is video.audio
    assert len(made) == 1


def test_video_and_frame_are_frozen() -> None:
    video = Video.from_images(make_ramp(1), 25)

    with pytest.raises(AttributeError, match="frozen"):
        video.rate = Fraction(1)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        next(video.frames()).time = 3.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "change",
    [{"width": 0}, {"height": -1}, {"channels": 2}, {"rate": Fraction(0)}, {"rate": float("nan")}, {"count": -1}],
)
def test_an_invalid_video_is_refused(change: dict[str, object]) -> None:
    arguments = {"width": 4, "height": 4, "rate": Fraction(25), **change}

    with pytest.raises(MediaError) as caught:
        Video(lambda: iter(()), **arguments)  # type: ignore[arg-type]

    assert caught.value.code == "E504"


@pytest.mark.parametrize("time", [-0.1, float("nan"), float("inf")])
def test_times_before_the_start_are_refused(time: float) -> None:
    with pytest.raises(MediaError):
        Frame(make_ramp(1)[0], time)


def test_images_of_different_sizes_are_no_video() -> None:
    with pytest.raises(MediaError) as caught:
        Video.from_images([*make_ramp(1), *make_noise(1)], 25)

    assert caught.value.code == "E504"
