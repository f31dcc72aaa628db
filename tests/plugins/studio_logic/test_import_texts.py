"""ComfyUI's nodes for texts, worked out from literals."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api.foreign import ForeignNode
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.flow import Flow, simplify
from studio_logic.import_rules import RULES


def work_out(kind: str, **inputs: Any) -> Flow:
    return simplify(ForeignDocument("ComfyUI", {"1": ForeignNode("1", kind, inputs)}), RULES)


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("StringSubstring", {"string": "a red fox", "start": 2, "end": 5}, "red"),
        ("StringSubstring", {"string": "a red fox", "start": -3, "end": 99}, "fox"),
        ("StringLength", {"string": "füchse"}, 6),
        ("CaseConverter", {"string": "a red fox", "mode": "UPPERCASE"}, "A RED FOX"),
        ("CaseConverter", {"string": "a red fox", "mode": "Title Case"}, "A Red Fox"),
        ("CaseConverter", {"string": "a RED fox", "mode": "Capitalize"}, "A red fox"),
        ("StringTrim", {"string": "  fox ", "mode": "Left"}, "fox "),
        ("StringTrim", {"string": "  fox ", "mode": "Both"}, "fox"),
        ("StringContains", {"string": "a Red fox", "substring": "red", "case_sensitive": True}, False),
        ("StringContains", {"string": "a Red fox", "substring": "red", "case_sensitive": False}, True),
        ("StringCompare", {"string_a": "Fox", "string_b": "fo", "mode": "Starts With", "case_sensitive": False}, True),
        ("StringCompare", {"string_a": "fox", "string_b": "ox", "mode": "Ends With", "case_sensitive": True}, True),
        ("StringCompare", {"string_a": "fox", "string_b": "Fox", "mode": "Equal", "case_sensitive": True}, False),
    ],
)
def test_a_text_that_is_a_literal_is_worked_out(kind: str, inputs: dict[str, Any], expected: Any) -> None:
    fold = RULES[kind].fold

    assert fold is not None
    assert fold(inputs) == [expected]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("StringTrim", {"string": "x", "mode": "Middle"}),
        ("StringLength", {"string": 5}),
        ("StringSubstring", {}),
        ("StringCompare", {"string_a": "5", "string_b": 5, "mode": "Equal"}),
    ],
)
def test_values_that_do_not_fit_are_left_to_the_report(kind: str, inputs: dict[str, Any]) -> None:
    assert "1" in work_out(kind, **inputs).nodes
