"""Frames of two fields made whole: no combs, the times kept, one frame for each field if asked for."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from studio.api import Frame, Image, Video
from studio_video.deinterlace import deinterlace


def draw(field: int, channels: int, dtype: type) -> npt.NDArray[Any]:
    """A bar that moves three pixels in each field."""
    top = np.iinfo(dtype).max
    image = np.full((64, 96, channels), top // 4, dtype)
    image[16:48, 10 + 3 * field : 30 + 3 * field] = top
    return image


def make_fields(channels: int, dtype: type, *, top_first: bool) -> Video:
    frames = []
    for index in range(8):
        early, late = draw(2 * index, channels, dtype), draw(2 * index + 1, channels, dtype)
        woven = (early if top_first else late).copy()
        woven[1::2] = (late if top_first else early)[1::2]
        frames.append(Frame(Image(woven), index / 25))
    return Video(lambda: iter(frames), width=96, height=64, rate=Fraction(25), count=8, channels=channels)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("order", ["top", "bottom"])
def test_each_field_becomes_a_frame_at_its_time(channels: int, dtype: type, order: str) -> None:
    video = make_fields(channels, dtype, top_first=order == "top")

    doubled = deinterlace(video, order, doubles=True)

    frames = list(doubled.frames())
    assert (doubled.rate, doubled.count, doubled.duration) == (50, 16, pytest.approx(0.32))
    assert [frame.time for frame in frames] == pytest.approx([index / 50 for index in range(16)])
    for number in range(4, 12):
        image = frames[number].image.stored
        error = np.abs(image.astype(float) - draw(number, channels, dtype))
        assert image.dtype == dtype
        assert error.mean() < 0.01 * np.iinfo(dtype).max


def test_frames_keep_their_number_and_times() -> None:
    video = make_fields(3, np.uint8, top_first=True)

    whole = deinterlace(video, "top", doubles=False)

    assert [frame.time for frame in whole.frames()] == [frame.time for frame in video.frames()]
    combs = [np.abs(np.diff(frame.image.stored[20:44].astype(int), axis=0)).mean() for frame in whole.frames()]
    assert max(combs) < 1 < np.abs(np.diff(next(video.frames()).image.stored[20:44].astype(int), axis=0)).mean()


def test_frames_too_small_for_two_fields_stay_as_they_are() -> None:
    video = Video.from_images([Image(np.zeros((2, 2, 3), np.uint8))] * 2, 25)

    assert deinterlace(video, "top", doubles=False) is video
