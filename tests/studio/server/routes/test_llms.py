"""`/llms.txt`: what a program that reads text learns of a server."""

from __future__ import annotations

from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk

PAINT = {
    "title": "Noise",
    "inputs": {"seed": {"type": "int", "default": 3}},
    "nodes": {"a": {"type": "fake.image", "inputs": {"seed": {"from": "inputs.seed"}}}},
    "outputs": {"picture": {"from": "a"}},
}


def test_graphs_and_node_types_are_described_to_those_who_may_use_them(desk: Desk) -> None:
    desk.write_graph("paint", PAINT)
    desk.write_graph("unusable", {"nodes": {"a": {"type": "fake.none"}}, "outputs": {}})

    answer = desk.client.get("/llms.txt")
    desk.parts.tokens.add("ada", Scope.RUN)

    lines = answer.text.splitlines()
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert lines[0] == "# Studio"
    assert "- [paint](/api/v1/graphs/paint): Noise. Takes seed (int). Makes picture (image)" in lines
    assert "- fake.add: Add two numbers." in lines
    assert "unusable" not in answer.text
    assert str(desk.folder) not in answer.text
    assert desk.client.get("/llms.txt").status_code == 401


def test_addresses_that_it_names_are_answered(desk: Desk) -> None:
    import re

    text = desk.client.get("/llms.txt").text
    names = re.findall(r"\]\((/[a-z0-9/._]+)\)", text)

    for name in set(names) - {"/api/v1/events", "/mcp"}:
        assert desk.client.get(name).status_code in (200, 405), name
