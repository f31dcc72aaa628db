"""Findings: collected, with the hint of their code, and names that are near."""

from __future__ import annotations

from studio.api import Grammar, TypeSpec
from studio.errors import Finding
from studio.graph.findings import Findings, hint_fit


def test_a_finding_without_a_hint_gets_that_of_its_code() -> None:
    findings = Findings()

    findings.report("E118", "/x", "no")
    findings.report("E118", "/x", "no", hint="this")
    findings.report("E119", "/x", "no")

    assert [finding.hint for finding in findings.found] == ["give one of these", "this", ""]


def test_warnings_are_no_errors() -> None:
    findings = Findings()

    findings.warn("W101", "/x", "unused")
    findings.extend([Finding("E100", "", "broken"), Finding("W102", "", "unused", severity="warning")])

    assert findings.count_errors() == 1
    assert [finding.severity for finding in findings.found] == ["warning", "error", "warning"]


def test_findings_go_into_a_list_that_is_given() -> None:
    found: list[Finding] = []

    Findings(found).report("E100", "", "broken")

    assert [finding.code for finding in found] == ["E100"]


def test_hints_for_types_that_do_not_fit() -> None:
    image, mask = TypeSpec("image"), TypeSpec("mask")

    assert "image.from_mask" in hint_fit(mask, image)
    assert "image.mask_from_luma" in hint_fit(image, mask)
    assert '[{"from": ...}]' in hint_fit(image, image.listed())
    assert hint_fit(image.listed(), image) == ""
    assert "image.convert" in hint_fit(
        TypeSpec("image", channels=frozenset({4})), TypeSpec("image", channels=frozenset({3}))
    )


def test_marks_become_text_by_a_node_of_subtitles() -> None:
    marks = TypeSpec("json", grammar=Grammar("marks", len))

    assert "speech.subtitles" in hint_fit(marks, TypeSpec("text"))
    assert hint_fit(TypeSpec("json"), TypeSpec("image")) == ""
