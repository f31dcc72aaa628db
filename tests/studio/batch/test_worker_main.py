"""The protocol of a worker process: lines of JSON in, lines of JSON out, and what nodes print goes to the log."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.batch.item import Item
from studio.batch.spec import create_spec
from studio.batch.worker_settings import describe_settings
from tests.studio.batch.conftest import from_input, graph_of

pytestmark = pytest.mark.xdist_group("processes")

PLUGIN = '''
import threading
import time

from studio.api import Context, Packed, ValueType, hookimpl, node


class Page:
    """A text that is slow to store."""

    studio_type = "page"

    def __init__(self, text):
        self.text = text


class PageType(ValueType):
    name = "page"
    python = Page

    def pack(self, value):
        time.sleep(0.5)
        return Packed({"text": value.text})

    def unpack(self, packed):
        return Page(packed.header["text"])


@node("loud.print", code=1)
def shout(ctx: Context, word: str) -> str:
    """Print a word."""
    print(word)
    return word


@node("loud.leave", code=1)
def leave(ctx: Context, word: str) -> str:
    """Leave a thread that never ends."""
    threading.Thread(target=threading.Event().wait).start()
    return word


@node("loud.fill", code=1)
def fill(ctx: Context, word: str) -> Page:
    """Fill a page with a word."""
    return Page(word * 100_000)


@node("loud.count", code=1)
def count(ctx: Context, page: Page) -> int:
    """Count the characters of a page."""
    return len(page.text)


@hookimpl
def studio_value_types():
    """Return the value type."""
    return [PageType()]


@hookimpl
def studio_node_types():
    """Return the node types."""
    return [shout, leave, fill, count]
'''


def create_graph(node_type: str) -> dict[str, Any]:
    """Return a graph of one node that takes a word."""
    nodes = {"work": {"type": node_type, "inputs": {"word": from_input("word")}}}
    return graph_of(nodes, {"word": {"type": "text"}}, {"w": "work"})


FILLING = graph_of(
    {
        "fill": {"type": "loud.fill", "inputs": {"word": from_input("word")}},
        "count": {"type": "loud.count", "inputs": {"page": {"from": "fill"}}},
    },
    {"word": {"type": "text"}},
    {"n": "count"},
)


def create_first_line(studio: Studio, folder: Path, graph: dict[str, Any]) -> dict[str, Any]:
    """Return what a batch says first."""
    spec = create_spec(studio.load(graph), folder / "out", settings=describe_settings(studio.settings))
    return {"spec": spec.to_json(), "name": "mine"}


@pytest.fixture
def studio(tmp_path: Path, working: Studio) -> Iterator[Studio]:
    """A Studio with the plugin."""
    (tmp_path / "plugins" / "studio_loud.py").write_text(PLUGIN, encoding="utf-8")
    with Studio(working.settings) as made:
        yield made


@pytest.fixture
def first_line(tmp_path: Path, studio: Studio) -> dict[str, Any]:
    """What a batch of one printing node says first."""
    return create_first_line(studio, tmp_path, create_graph("loud.print"))


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


def test_a_worker_writes_what_it_made_into_the_cache_before_it_ends(studio: Studio, tmp_path: Path) -> None:
    """Storing a page takes longer than all the rest, so that the worker must wait for it."""
    first = create_first_line(studio, tmp_path, FILLING)

    answers, _, code = talk(first, {"items": [Item(0, "n", {"word": "tea"}).to_json()]})

    assert (answers[-1]["result"]["state"], code) == ("done", 0)
    nodes = studio.run(FILLING, {"word": "tea"}).manifest["nodes"]
    assert {name: node["cached"] for name, node in nodes.items()} == {"fill": 1, "count": 1}


def test_a_worker_ends_with_its_input_whatever_threads_its_nodes_left(studio: Studio, tmp_path: Path) -> None:
    first = create_first_line(studio, tmp_path, create_graph("loud.leave"))

    answers, _, code = talk(first, {"items": [Item(0, "n", {"word": "tea"}).to_json()]})

    assert (answers[-1]["result"]["state"], code) == ("done", 0)


def test_a_worker_without_items_says_that_it_is_alive(first_line: dict[str, Any]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "studio.batch.worker_main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(first_line) + "\n")
        process.stdin.flush()
        while json.loads(process.stdout.readline()) != {"ready": True}:
            pass
        answer = json.loads(process.stdout.readline())
        process.stdin.close()

    assert answer == {"alive": True}
