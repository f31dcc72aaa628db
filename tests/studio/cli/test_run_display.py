"""What `studio run` prints: warnings and errors first, then files, then a line of totals."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from studio.cli.answer import Answer, find_answer, open_answer
from studio.cli.progress import ProgressDisplay
from studio.cli.run_display import EXIT_CODES, choose_display, show_result
from studio.errors import NodeError, RunError


def create_result(**more: Any) -> Any:
    """Return the result of a run with one node and two outputs, one of which is a file."""
    manifest = {
        "nodes": {}, "outputs": ["card", "note"], "cache": {"calls": 5, "hits": 3}, "seconds": 1.234,
    }  # fmt: skip
    known = {
        "status": "done", "manifest": manifest, "warnings": ["no room in the cache", "node 'paint': it is dark"],
        "errors": [],
        "files": [SimpleNamespace(path=Path("out/card.png"), output="card")],
        "notes": ["speech.say: for a natural voice: studio models get kokoro"],
        "outputs": {"card": "an image", "note": None},
    }  # fmt: skip
    return SimpleNamespace(**{**known, **more})


def test_files_are_printed_and_everything_else_goes_to_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(create_result(), quiet=False, as_json=False)

    out, err = capsys.readouterr()
    assert out.splitlines() == ["out/card.png", "note: nothing"]
    assert err.splitlines() == [
        "warning: no room in the cache",
        "warning: node 'paint': it is dark",
        "note: speech.say: for a natural voice: studio models get kokoro",
        "done in 1.23 s: 2 run, 3 from the cache",
    ]


def test_quiet_shows_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(create_result(errors=[RunError("E742", "no")]), quiet=True, as_json=False)

    out, err = capsys.readouterr()
    assert (out, err) == ("", "error: E742 no\n")


def test_outputs_that_were_not_made_are_named_unless_the_run_was_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(create_result(outputs={"card": 1}, status="failed"), quiet=False, as_json=False)
    show_result(create_result(outputs={}, status="cancelled"), quiet=False, as_json=False)

    assert capsys.readouterr().err.count("not made:") == 1


def test_an_error_of_a_node_is_shown_with_its_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    error = NodeError("E301", "it raised ValueError", node="paint", inputs="a=3")

    show_result(create_result(errors=[error, RunError("E742", "no")]), quiet=True, as_json=False)

    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("error: E301") for line in lines)
    assert "  inputs: a=3" in lines
    assert lines[-1] == "error: E742 no"


def test_json_is_the_manifest_with_files_and_errors_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with click.Context(click.Command("run"), obj=Answer(as_json=True)) as ctx:
        open_answer(ctx)
        show_result(create_result(errors=[RunError("E742", "no")]), quiet=False, as_json=True)
        given = find_answer()

    assert capsys.readouterr() == ("", "")
    assert (given.data["files"], given.data["seconds"]) == (["out/card.png"], 1.234)
    assert given.data["errors"][0]["code"] == "E742"
    assert given.data["notes"] == ["speech.say: for a natural voice: studio models get kokoro"]
    assert given.warnings == ["no room in the cache", "node 'paint': it is dark"]


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not isinstance(choose_display(quiet=False), ProgressDisplay)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    assert isinstance(choose_display(quiet=False), ProgressDisplay)
    assert not isinstance(choose_display(quiet=True), ProgressDisplay)


def test_each_status_has_an_exit_code_of_its_own() -> None:
    assert EXIT_CODES == {"done": 0, "failed": 1, "partly done": 3, "cancelled": 130}
