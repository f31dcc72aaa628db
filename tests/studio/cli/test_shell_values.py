"""A shell completes names of node types, plugins, models, and of what a graph declares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.studio.cli.conftest import Desk


def complete(desk: Desk, words: str) -> set[str]:
    """Return what bash would offer for the last word."""
    count = str(len(words.split(" ")) - 1)
    environment = {**os.environ, "_STUDIO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    done = desk.call_process(env=environment)
    assert done.err == ""
    return {line.partition(",")[2] for line in done.out.split()}


@pytest.fixture
def poster(desk: Desk) -> Path:
    """A graph with two inputs and two outputs."""
    nodes = {"join": {"type": "logic.template", "inputs": {"template": "a", "values": {}}}}
    inputs = {"caption": {"type": "text", "default": "a"}, "color": {"type": "text", "default": "b"}}
    outputs = {"first": {"from": "join"}, "second": {"from": "join"}}
    return desk.write_graph("poster.json", {"inputs": inputs, "nodes": nodes, "outputs": outputs})


@pytest.mark.parametrize(("words", "found"), [
    ("studio nodes image.blu", {"image.blur"}),
    ("studio new graph a.json --node video.sp", {"video.speed"}),
    ("studio plugins show spee", {"speech"}),
    ("studio models show builtin:mini-s", {"builtin:mini-sketch"}),
    ("studio run poster.json --set c", {"caption=", "color="}),
    ("studio explain poster.json -s cap", {"caption="}),
    ("studio run poster.json --only f", {"first"}),
    ("studio run poster.json --device c", {"cpu"}),
])  # fmt: skip
def test_names_are_completed(desk: Desk, poster: Path, words: str, found: set[str]) -> None:
    assert poster.name == "poster.json"
    assert complete(desk, words) == found


@pytest.mark.parametrize("text", ["{", "[]", '{"inputs": []}', '{"inputs": {"a": 1}}', "\\x00"])
def test_a_broken_graph_completes_nothing_and_prints_nothing(desk: Desk, text: str) -> None:
    (desk / "poster.json").write_text(text, encoding="utf-8")

    assert complete(desk, "studio run poster.json --set c") == set()
    assert complete(desk, "studio run nosuch.json --only c") == set()
