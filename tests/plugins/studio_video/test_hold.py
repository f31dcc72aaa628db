"""Videos that stand still, and videos that play until a time, also back and forth."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError, Video
from studio.testing import TestContext
from studio_video.nodes import edit
from tests.plugins.studio_video.clips import make_plain, make_uneven, read_levels, read_times, tone

CTX = TestContext()


def number(seconds: float, rate: int = 1000) -> Audio:
    """Audio in which each sample says its number, in steps that float32 keeps."""
    return Audio((np.arange(round(seconds * rate), dtype=np.float32) / 4096)[:, None], rate)


def test_a_frozen_frame_is_repeated_at_the_frame_rate_and_the_rest_comes_later() -> None:
    video = edit.freeze_video(CTX, make_plain([10, 20, 30, 40], rate=4), at=0.5, seconds=0.75)

    assert read_levels(video) == [10, 20, 30, 30, 30, 30, 40]
    assert read_times(video) == pytest.approx(np.arange(7) / 4)
    assert video.duration == pytest.approx(1.75)


def test_a_frame_that_shows_already_stays_for_its_time_and_the_pause() -> None:
    video = edit.freeze_video(CTX, make_plain([10, 20], rate=1), at=0.4, seconds=1.0)

    assert read_levels(video) == [10, 10, 10, 20]
    assert read_times(video) == pytest.approx([0, 0.4, 1.4, 2])
    assert video.duration == pytest.approx(3)


def test_without_a_time_the_last_frame_stays() -> None:
    video = edit.freeze_video(CTX, make_plain([10, 20], rate=4), seconds=0.5)

    assert read_levels(video) == [10, 20, 20, 20]
    assert read_times(video) == pytest.approx([0, 0.25, 0.5, 0.75])


def test_the_audio_waits_in_silence_exact_to_the_sample() -> None:
    frozen = edit.freeze_video(CTX, make_plain([10, 20], rate=2, sound=number(1.0)), at=0.25, seconds=0.5).audio
    assert frozen is not None
    samples = np.round(frozen.samples[:, 0] * 4096)

    assert len(samples) == 1500
    assert (samples[:250] == np.arange(250)).all()
    assert (samples[250:750] == 0).all()
    assert (samples[750:] == np.arange(250, 1000)).all()


def test_a_time_after_the_end_is_an_error() -> None:
    with pytest.raises(MediaError, match="ends before 5 seconds") as caught:
        edit.freeze_video(CTX, make_plain([10, 20]), at=5.0)

    assert caught.value.code == "E701"


@pytest.mark.parametrize(("seconds", "levels"), [(0.5, [10, 20]), (1.25, [10, 20, 10, 20, 10]), (2.0, [10, 20] * 4)])
def test_a_loop_fills_a_time(seconds: float, levels: list[int]) -> None:
    video = edit.loop_video(CTX, make_plain([10, 20], rate=4, sound=number(0.5)), seconds=seconds)

    assert read_levels(video) == levels
    assert video.duration == pytest.approx(seconds)
    assert video.audio is not None
    samples = np.round(video.audio.samples[:, 0] * 4096)
    assert (samples == np.arange(round(1000 * seconds)) % 500).all()


def test_back_and_forth_plays_each_time_backwards_too() -> None:
    video = edit.loop_video(CTX, make_plain([10, 20, 30], rate=4, sound=number(0.75)), count=2, back_and_forth=True)

    assert read_levels(video) == [10, 20, 30, 30, 20, 10] * 2
    assert read_times(video) == pytest.approx(np.arange(12) / 4)
    assert video.audio is not None
    samples = np.round(video.audio.samples[:, 0] * 4096)
    assert (samples[:1500] == [*range(750), *range(749, -1, -1)]).all()


def test_uneven_times_are_kept_by_a_freeze() -> None:
    uneven = make_uneven({0.0: 10, 0.1: 20, 0.7: 30}, 0.8)
    times, last = read_times(uneven), read_times(uneven)[-1]

    frozen = edit.freeze_video(CTX, uneven, at=last, seconds=1.0)

    assert read_times(frozen)[: len(times) - 1] == pytest.approx(times[:-1])
    assert frozen.duration == pytest.approx(uneven.duration + 1.0)


def test_more_repetitions_than_anybody_watches_are_an_error() -> None:
    with pytest.raises(MediaError) as caught:
        edit.loop_video(CTX, make_plain([10], rate=100), seconds=3600.0)

    assert caught.value.code == "E701"


def test_a_loop_without_new_inputs_is_what_it_was() -> None:
    video: Video = edit.loop_video(CTX, make_plain([10, 20], sound=tone(0.2)), count=3)

    assert read_levels(video) == [10, 20] * 3
