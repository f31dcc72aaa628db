"""Errors as clients are told: without paths, of a bounded size, and with the places that the client itself wrote."""

from __future__ import annotations

import os

import pytest

from studio.errors import Finding, GraphError, NodeError, RunError
from studio.server.error_rows import describe_error


def test_what_an_error_quotes_is_cut() -> None:
    long = "x" * 10**5
    findings = [Finding("E110", f"/nodes/{n}/type", f"unknown {long}", "y", long, "w") for n in range(300)]

    row = describe_error(GraphError(findings))

    assert len(row["findings"]) == 100
    assert len(str(row)) < 300_000
    assert row["findings"][7]["where"] == "/nodes/7/type"


def test_places_in_what_was_sent_stay_where_the_machine_has_such_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda path: True)

    told = describe_error(GraphError([Finding("E104", "/outputs/a/b", "unknown", "a", "b", "c")]))
    hidden = describe_error(RunError("E512", "cannot write /outputs/a/b", where="/outputs/a/b"))

    assert told["findings"][0]["where"] == "/outputs/a/b"
    assert (hidden["where"], hidden["message"]) == ("b", "cannot write b")


def test_no_traceback_is_told() -> None:
    error = NodeError("E301", "it failed", node="a", details="Traceback ...\n  File /home/x.py")

    assert "details" not in describe_error(error)
