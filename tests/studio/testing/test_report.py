"""`Report`: which checks passed, failed and were skipped."""

from __future__ import annotations

from studio.testing import Check, Report


def test_a_check_without_problems_passes_and_one_with_several_fails_once_for_each() -> None:
    report = Report("a.b")

    assert report.add("call", [])
    assert not report.add("codecs", ["one", "two"])

    assert report.passed == ["call"]
    assert report.failed == [Check("codecs", "failed", "one"), Check("codecs", "failed", "two")]


def test_a_skipped_check_keeps_its_reason_and_is_neither_passed_nor_failed() -> None:
    report = Report("a.b")

    report.skip("schema", "jsonschema is not installed")

    assert (report.passed, report.failed) == ([], [])
    assert report.skipped == [Check("schema", "skipped", "jsonschema is not installed")]


def test_the_text_counts_the_checks_and_lists_failures_first() -> None:
    report = Report("a.b")
    report.add("call", [])
    report.add("inputs", ["copy it"])
    report.skip("schema", "not installed")

    assert str(report).splitlines() == [
        "a.b: 1 checks passed, 1 failed, 1 skipped",
        "  failed   inputs: copy it",
        "  skipped  schema: not installed",
        "  passed   call",
    ]


def test_a_check_without_a_message_shows_its_name_alone() -> None:
    assert str(Check("call", "passed")) == "call"
