"""Verdicts: what passes, in which words, and what happens to what does not."""

from __future__ import annotations

import pytest

from studio.api import StudioError
from studio.api.verdict import Measure, give_verdict, list_verdicts
from studio.testing import TestContext


def test_both_ends_of_a_range_pass() -> None:
    values = (-17.001, -17.0, -15.0, -14.999)

    passed = [Measure("loudness", value, "LUFS", -17.0, -15.0).passed for value in values]

    assert passed == [False, True, True, False]


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure("contrast", 4.4781, minimum=4.5), "contrast 4.4781 (expected at least 4.5)"),
        (Measure("clipped", 3, "samples", maximum=0), "clipped 3 samples (expected at most 0)"),
        (Measure("width", 640, "pixels", 320, 320), "width 640 pixels (expected 320)"),
        (Measure("black", 1.5, "seconds", None, 1.0, 2.0), "black 1.5 seconds at 2.00 s (expected at most 1)"),
        (Measure("loudness", -9.0, "LUFS", -17.0, -15.0), "loudness -9 LUFS (expected -17 to -15)"),
        (Measure("silence", 2.00001, "seconds", maximum=2), "silence 2.00001 seconds (expected at most 2)"),
        (Measure("gain", -1e-7, minimum=0, maximum=1.00004), "gain -0.0000001 (expected 0 to 1.00004)"),
        (Measure("silence", 1.99999, "seconds", maximum=2), "silence 2 seconds (expected at most 2)"),
    ],
)
def test_a_measure_says_what_was_found_and_what_was_asked(measure: Measure, text: str) -> None:
    assert str(measure) == text


def test_what_was_measured_is_recorded_with_the_digits_that_say_why_it_did_not_pass() -> None:
    values = (0.123456789, 2.000000123)

    rows = [Measure("silence", value, "seconds", maximum=2).to_json() for value in values]

    assert [(row["measured"], row["passed"]) for row in rows] == [(0.123457, True), (2.0000001, False)]


def test_a_verdict_that_did_not_pass_is_logged_and_names_only_what_failed() -> None:
    ctx = TestContext()
    measures = [Measure("width", 8, "pixels", minimum=8), Measure("height", 4, "pixels", minimum=8)]

    verdict = give_verdict(ctx, "check.image", measures, "hold")

    assert verdict["passed"] is False
    assert verdict["on_fail"] == "hold"
    assert verdict["sentence"] == "height 4 pixels (expected at least 8)"
    assert [(row["name"], row["measured"], row["passed"]) for row in verdict["measures"]] == [
        ("width", 8, True),
        ("height", 4, False),
    ]
    assert ctx.messages == ["check.image did not pass: height 4 pixels (expected at least 8)"]


def test_a_verdict_that_passed_is_silent_whatever_on_fail_says() -> None:
    ctx = TestContext()

    verdict = give_verdict(ctx, "check.image", [Measure("width", 8, "pixels", minimum=8)], "fail")

    assert verdict["passed"] is True
    assert ctx.messages == []


def test_fail_is_an_error_with_a_code() -> None:
    with pytest.raises(
        StudioError, match=r"check\.image did not pass: width 7 pixels \(expected at least 8\)"
    ) as caught:
        give_verdict(TestContext(), "check.image", [Measure("width", 7, "pixels", minimum=8)], "fail")

    assert caught.value.code == "E325"


def test_verdicts_are_found_alone_and_in_lists_and_nothing_else_is_one() -> None:
    verdict = {"check": "a.b", "passed": False}

    assert list_verdicts(verdict) == [verdict]
    assert list_verdicts([verdict, "text", {"passed": True}]) == [verdict]
    assert list_verdicts("text") == []
