"""Frames as studios write them: what they mean, and where a mistake is."""

from __future__ import annotations

import pytest

from studio.graph.frames import MAX_FRAMES, FramesProblem, format_frames, parse_frames


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("7", [7]),
        ("1001-1005", [1001, 1002, 1003, 1004, 1005]),
        ("1001-1006x2", [1001, 1003, 1005]),
        ("1-3,20-22", [1, 2, 3, 20, 21, 22]),
        ("10-5x2", [10, 8, 6]),
        ("5,1-3", [5, 1, 2, 3]),
        ("1-4,2-6", [1, 2, 3, 4, 5, 6]),  # a frame counts once
        ("-2-1", [-2, -1, 0, 1]),
        ("-3--1", [-3, -2, -1]),
        (" 1 - 5 x 2 , 9 ", [1, 3, 5, 9]),
        ("0001-0003", [1, 2, 3]),
    ],
)
def test_frames_mean_what_studios_mean(text: str, frames: list[int]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a number at character 1, the text ends"),
        ("1-", "expected a number at character 3, the text ends"),
        ("1001-11oo", "expected 'x' or ',' at character 8, found 'o'"),
        ("1-10y2", "expected 'x' or ',' at character 5, found 'y'"),
        ("1-10x", "expected a step at character 6, the text ends"),
        ("1-10x2:3", "expected ',' at character 7, found ':'"),
        ("1,,2", "expected a number at character 3, found ','"),
        ("1,", "expected a number at character 3, the text ends"),
        ("1 2", "expected '-' or ',' at character 3, found '2'"),
        ("a", "expected a number at character 1, found 'a'"),
        ("1.5-3", "expected '-' or ',' at character 2, found '.'"),
        ("١-٣", "expected a number at character 1, found '١'"),
        ("1-10x0", "the step is 0"),
        (f"1-{MAX_FRAMES + 1}", f"more than {MAX_FRAMES}"),
        ("1-" + "9" * 30, f"more than {MAX_FRAMES}"),
        ("1," * 3000, "more than 4000"),
    ],
)
def test_a_mistake_is_shown_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FramesProblem) as problem:
        parse_frames(text)

    assert message in problem.value.message
    assert "1001-1100x2" in problem.value.hint


@pytest.mark.parametrize(
    ("frames", "text"), [([], ""), ([3], "3"), ([1, 2, 3, 5, 9, 10], "1-3, 5, 9-10"), ([9, 1, 2, 2], "1-2, 9")]
)
def test_frames_are_written_in_few_parts(frames: list[int], text: str) -> None:
    assert format_frames(frames) == text


def test_many_parts_are_counted() -> None:
    assert format_frames(range(0, 200, 2)).endswith("38 and 80 more")
