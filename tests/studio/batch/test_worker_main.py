"""The protocol of a worker process: lines of JSON in, lines of JSON out, and what nodes print goes to the log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.batch.item import Item
from studio.batch.spec import create_spec
from studio.batch.worker_settings import describe_settings
from tests.studio.batch.conftest import from_input, graph_of

PRINTING = '''
from studio.api import Context, hookimpl, node


@node("loud.print", code=1)
def shout(ctx: Context, word: str) -> str:
    """Print a word."""
    print(word)
    return word


@hookimpl
def studio_node_types():
    """Return the node type."""
    return [shout]
'''
GRAPH = graph_of(
    {"shout": {"type": "loud.print", "inputs": {"word": from_input("word")}}},
    {"word": {"type": "text"}},
    {"w": "shout"},
)


@pytest.fixture
def first_line(tmp_path: Path, working: Studio) -> dict[str, Any]:
    """What a batch says first."""
    (tmp_path / "plugins" / "studio_loud.py").write_text(PRINTING)
    with Studio(working.settings) as studio:
        spec = create_spec(studio.load(GRAPH), tmp_path / "out", settings=describe_settings(studio.settings))
    return {"spec": spec.to_json(), "name": "mine"}


def talk(*lines: Any) -> tuple[list[dict[str, Any]], str, int]:
    """Write lines to a worker process, and close its input when it has reported every item."""
    process = subprocess.Popen(
        [sys.executable, "-m", "studio.batch.worker_main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    wanted = sum(len(line.get("items", ())) for line in lines)
    process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
    process.stdin.flush()
    answers: list[dict[str, Any]] = []
    while wanted > sum("result" in answer for answer in answers) and (line := process.stdout.readline()):
        answers.append(json.loads(line))
    process.stdin.close()
    answers += [json.loads(line) for line in process.stdout]
    log = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    return [answer for answer in answers if "alive" not in answer], log, process.wait(timeout=60)


def test_a_worker_says_that_it_is_ready_and_then_reports_each_item(first_line: dict[str, Any]) -> None:
    items = [Item(index, f"n{index}", {"word": word}).to_json() for index, word in enumerate(("é", "\ud800"))]

    answers, log, code = talk(first_line, {"items": items[:1]}, {"items": items[1:]})

    assert answers[0] == {"ready": True}
    results = {answer["result"]["index"]: answer["result"] for answer in answers[1:]}
    assert results[0]["state"] == "done"
    assert results[0]["outputs"][0]["path"] == "n0.txt"
    assert sorted(results) == [0, 1]
    assert code == 0
    assert "é" in log  # what a node prints is no part of the protocol


def test_a_worker_that_cannot_start_says_why(first_line: dict[str, Any]) -> None:
    first_line["spec"]["graph"] = {"studio": 1, "nodes": {"a": {"type": "no.such"}}, "outputs": {}}

    answers, _, code = talk(first_line)

    assert [list(answer) for answer in answers] == [["refused"]]
    assert answers[0]["refused"]["code"] == "E103"
    assert code == 1


def test_a_worker_whose_batch_is_gone_before_it_said_anything_ends() -> None:
    assert talk() == ([], "", 0)
