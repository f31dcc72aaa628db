"""Mermaid text: nodes, edges and standings, and nothing that Mermaid or HTML would read as more than text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from studio.graph.drawing import draw_mermaid
from studio.graph.resolved import ResolvedGraph

HOSTILE = "</text><script>alert(1)</script>\"' & `x` %%{init: {}}%%"


def test_mermaid_shows_nodes_edges_and_standings(mixed: ResolvedGraph) -> None:
    text = draw_mermaid(mixed, {"new": "hit", "sheet": "miss"})

    assert "flowchart LR" in text
    assert re.search(r'n2\[\["new #40;each#41;<br/><small>image\.new</small>"\]\]', text)
    assert re.search(r'n0 ==>\|"width"\| n2', text)
    assert re.search(r'n1 -\.->\|"when"\| n3', text)
    assert re.search(r"class n2,k0 s0;", text)


def test_ends_have_classes_of_their_own_and_a_dashed_standing_has_a_dash(mixed: ResolvedGraph) -> None:
    lines = draw_mermaid(mixed).splitlines()

    assert "  class n0,n1 input;" in lines
    assert "  class n5,n6 output;" in lines
    assert [line for line in lines if "classDef s0" in line and "stroke-dasharray" in line]  # "not used"
    assert '    k0("not used 1")' in lines


def test_a_graph_without_standings_has_no_legend(resolve: Callable[..., ResolvedGraph]) -> None:
    text = draw_mermaid(resolve(nodes={"a": {"type": "image.new"}}, outputs={"o": {"from": "a"}}))

    assert "legend" not in text
    assert '  n0("a<br/><small>image.new</small>")' in text.splitlines()


def test_what_is_wrong_stands_in_the_node_and_its_edge_ends_in_a_cross(resolve: Callable[..., ResolvedGraph]) -> None:
    nodes = {"a": {"type": "image.new"}, "b": {"type": "audio.trim", "inputs": {"audio": {"from": "a"}}}}

    text = draw_mermaid(resolve(nodes=nodes, outputs={"o": {"from": "b"}}))

    assert re.search(r'n0 -\.-x\|"image → audio"\| n1', text)
    assert re.search(r'n1\("b<br/><small>audio\.trim</small><br/>E\d+ ', text)


def test_hostile_text_is_harmless_in_mermaid(hostile: ResolvedGraph) -> None:
    lines = draw_mermaid(hostile, {"a": HOSTILE}).splitlines()

    title = json.loads(lines[1].removeprefix("title: "))
    assert lines[0] == lines[2] == "---"
    assert "<script>" in title
    assert not [line for line in lines if "script>" in line or "%%" in line or "`" in line or "\x1b" in line]
    for line in lines[4:]:
        bare = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(r"[\w\s()\[\]\"|.=>,;:#-]*", bare), line
