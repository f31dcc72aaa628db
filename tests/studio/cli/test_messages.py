"""How errors, warnings and findings are shown."""

from __future__ import annotations

import pytest

from studio.cli.messages import has_errors, show_error, show_findings, show_warning
from studio.errors import Finding, RunError

ERROR = Finding("E103", "/nodes/a/type", "unknown node type 'x'", "a node type", "'x'", "did you mean 'y'?")
WARNING = Finding("W201", "", "an output is not used", severity="warning")


def test_an_error_is_shown_with_its_code_and_hint_on_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(RunError("E742", "the ledger cannot be used", hint="free space"))
    show_warning("careful")

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: E742 the ledger cannot be used\n  hint: free space\nwarning: careful\n"


def test_a_finding_is_shown_with_what_its_message_does_not_say_already(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings([ERROR, WARNING], "graph.json")

    assert capsys.readouterr().err.splitlines() == [
        "graph.json",
        "  error E103 at /nodes/a/type: unknown node type 'x'",
        "      expected: a node type",
        "      hint: did you mean 'y'?",
        "  warning W201 at /: an output is not used",
    ]


def test_a_long_value_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings([Finding("E110", "/a", "m", "e" * 201, "f" * 200)], "", err=False)

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"      expected: {'e' * 197}..."
    assert lines[2] == f"      found: {'f' * 200}"


@pytest.mark.parametrize(("findings", "wrong"), [([], False), ([WARNING], False), ([WARNING, ERROR], True)])
def test_a_graph_with_warnings_alone_is_valid(findings: list[Finding], wrong: bool) -> None:
    assert has_errors(findings) is wrong
