"""Numbered files, chosen frames and contact sheets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from studio.api import Image, ImageType, MediaError, MediaLimits
from studio.api.fonts import LABEL_FONT, UNIVERSAL_FONT
from studio_video.images import (
    describe_gaps,
    join_images,
    make_sheet,
    match_channels,
    match_video,
    read_images,
    sort_naturally,
    spread_times,
    take_frames,
    write_time,
)
from tests.plugins.studio_video.clips import make_plain, make_uneven, read_levels, read_times


def plain(level: int, width: int = 8, height: int = 8, channels: int = 3) -> Image:
    return Image(np.full((height, width, channels), level, np.uint8))


def test_numbers_in_names_count_by_value_and_case_does_not() -> None:
    names = ["b2.png", "a10.png", "A9.png", "a10b3.png", "a10b12.png"]

    assert [path.name for path in sort_naturally([Path(name) for name in names])] == [
        "A9.png", "a10.png", "a10b3.png", "a10b12.png", "b2.png",
    ]  # fmt: skip


def test_files_are_read_when_their_frame_is_asked_for_and_must_be_of_one_size(tmp_path: Path) -> None:
    for index, image in enumerate([plain(10), plain(20), plain(30, 9)]):
        ImageType().write_file(image, tmp_path / f"{index}.png", None)

    video, _ = read_images(sorted(tmp_path.iterdir()), Fraction(4), None, MediaLimits())
    frames = video.frames()

    assert (video.count, video.duration) == (3, 0.75)
    assert [next(frames).time, next(frames).time] == [0.0, 0.25]
    with pytest.raises(MediaError, match=r"2.png is 9 x 8, the first is 8 x 8"):
        next(frames)


@pytest.mark.parametrize(
    ("channels", "wanted", "found"),
    [(1, 3, [90] * 3), (3, 4, [90] * 3 + [255]), (4, 3, [90] * 3), (1, 4, [90] * 3 + [255]), (3, 1, [90])],
)
def test_grey_spreads_and_alpha_is_full_where_it_is_new(channels: int, wanted: int, found: list[int]) -> None:
    assert match_channels(plain(90, channels=channels), wanted).to_uint8()[0, 0].tolist() == found


def test_grey_is_the_luma_of_bt_709() -> None:
    green = Image(np.array([[[0, 255, 0]]], np.uint8))

    assert match_channels(green, 1).pixels[0, 0, 0] == pytest.approx(0.7152, abs=1e-3)


def test_other_sizes_are_fitted_to_the_first_with_bars() -> None:
    made = join_images([plain(200, 16, 8), plain(200, 8, 8)], Fraction(2), None)
    second = list(made.frames())[1].image.to_uint8()

    assert second.shape == (8, 16, 3)
    assert (second[4, 8, 0], second[4, 1, 0]) == (200, 0)


def test_a_video_like_the_other_is_itself_and_another_becomes_like_it() -> None:
    like, other = make_plain([1, 2], size=16), make_plain([100, 200], size=8)

    matched = match_video(other, like)

    assert match_video(like, like) is like
    assert (matched.width, matched.height, read_levels(matched), read_times(matched)) == (16, 16, [100, 200], [0, 0.1])


def test_frames_of_times_are_those_that_show_then() -> None:
    video = make_uneven({0.0: 10, 0.1: 20, 0.45: 30}, 0.55)

    found = take_frames(video, [0.0, 0.05, 0.1, 0.44, 0.45, 9.0])

    assert [int(image.to_uint8()[0, 0, 0]) for image in found] == [10, 10, 20, 20, 30, 30]
    with pytest.raises(MediaError, match="E700"):
        take_frames(make_uneven({}, 0.0), [0.0])


def test_times_lie_in_the_middle_of_equal_parts() -> None:
    video = make_plain([0] * 20)

    assert spread_times(video, 4, 0.0, None) == pytest.approx([0.25, 0.75, 1.25, 1.75])
    assert spread_times(video, 2, 1.0, 9.0) == pytest.approx([1.25, 1.75])
    with pytest.raises(MediaError, match="ends before 2 seconds"):
        spread_times(video, 1, 2.0, None)


def test_a_sheet_has_rows_of_images_with_a_gap_around_each() -> None:
    sheet = make_sheet([plain(level) for level in (50, 100, 150)], [0, 1, 2], 2, 20, labels=False).to_uint8()

    assert sheet.shape == (2 * 28 + 8, 2 * 28 + 8, 3)
    assert [sheet[18, 18, 0], sheet[18, 46, 0], sheet[46, 18, 0]] == [50, 100, 150]
    assert sheet[46, 46].tolist() == [22, 23, 27]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (59.96, "1:00.0"), (61.25, "1:01.2"), (3723.4, "1:02:03.4")]
)
def test_times_are_written_as_people_do(seconds: float, text: str) -> None:
    assert write_time(seconds) == text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["f1.png", "f2.png", "f3.png"], ""),
        (["f01.png", "f02.png", "f04.png", "f07.png"], "3, 5, 6"),
        (["f0001.png", "f0003.png", "f0005.png"], ""),
        (["f2.png", "f4.png", "f8.png"], "6"),
        (["a.png", "b.png"], ""),
        (["a1.png", "b3.png"], ""),
        (["f1.png", "f100.png", "f2.png"], "3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 and 85 more"),
    ],
)
def test_missing_numbers_of_a_sequence_are_named(names: list[str], said: str) -> None:
    found = describe_gaps([Path(name) for name in names])

    assert found.partition(": ")[2].partition(";")[0] == said


def test_times_on_a_sheet_are_written_in_the_font_of_grids() -> None:
    black = Image(np.zeros((60, 120, 3), np.uint8))

    sheet = make_sheet([black], [1.5], 1, 120, labels=True).to_uint8()

    columns = np.flatnonzero(((sheet[-16:].astype(int) - (22, 23, 27)).max(axis=2) > 60).any(axis=0))
    width = int(columns[-1] - columns[0] + 1)
    label, other = (ImageFont.truetype(str(font), 11).getbbox("0:01.5") for font in (LABEL_FONT, UNIVERSAL_FONT))
    assert abs(width - (label[2] - label[0])) <= 2 < abs(width - (other[2] - other[0]))
