"""Drawings as a whole: every graph is drawn, whatever is wrong with it, the same each time, and in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from studio.errors import UsageError
from studio.graph import parse_graph, resolve_graph
from studio.graph.drawing import draw_mermaid, draw_png, draw_svg
from studio.graph.drawing.sketch import sketch_graph
from studio.graph.resolved import ResolvedGraph
from studio.registry import Registry

GRAPHS = sorted((Path(__file__).parents[4] / "graphs").glob("*.json"))
SVG = "{http://www.w3.org/2000/svg}"
Resolve = Callable[..., ResolvedGraph]


def read_words(svg: str) -> list[str]:
    return [str(element.text) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def chain(resolve: Resolve, count: int, reach: int = 1) -> ResolvedGraph:
    nodes: dict[str, Any] = {"n0": {"type": "image.new"}}
    for i in range(1, count):
        sources = [{"from": f"n{max(0, i - step)}"} for step in (1, reach)]
        nodes[f"n{i}"] = {"type": "image.blend", "inputs": {"base": sources[0], "top": sources[1]}}
    return resolve(nodes=nodes, outputs={"o": {"from": f"n{count - 1}"}})


def test_a_graph_with_errors_is_drawn_with_what_is_wrong(resolve: Resolve) -> None:
    invert = "image.invert"
    resolved = resolve(
        nodes={
            "a": {"type": invert, "inputs": {"image": {"from": "c"}}},
            "b": {"type": invert, "inputs": {"image": {"from": "a"}}},
            "c": {"type": invert, "inputs": {"image": {"from": "b"}}},
            "d": {"type": "image.resise"},
            "e": {"type": "image.new", "inputs": {"width": 0}},
            "f": {"type": invert, "inputs": {"image": {"from": "g"}}},
        },
        outputs={"o": {"from": "c"}, "p": {"from": "none"}},
    )

    sketch = sketch_graph(resolved)
    words = " ".join(read_words(draw_svg(resolved)))
    draw_png(resolved)
    draw_mermaid(resolved)

    wrong = {card.title for card in sketch.cards if card.standing == "error"}
    assert {"d", "e", "f"} < wrong
    assert wrong & {"a", "b", "c"}
    assert [arrow.backward for arrow in sketch.arrows if arrow.kind == "broken"] != []
    assert all(code in words for code in ("E103", "E117", "E112", "E119"))


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.stem)
def test_graphs_of_the_repository_are_drawn(path: Path, registry: Registry) -> None:
    resolved = resolve_graph(parse_graph(path.read_bytes(), base=path.parent, path=path), registry)

    assert {card.title for card in sketch_graph(resolved).cards} <= {*read_words(draw_svg(resolved))}


def test_an_empty_graph_is_drawn(resolve: Resolve) -> None:
    resolved = resolve()

    ElementTree.fromstring(draw_svg(resolved))
    assert draw_png(resolved).startswith(b"\x89PNG")
    assert "flowchart" in draw_mermaid(resolved)


def test_a_drawing_is_the_same_each_time(mixed: ResolvedGraph) -> None:
    assert draw_svg(mixed, {"new": "hit"}) == draw_svg(mixed, {"new": "hit"})


def test_300_nodes_are_drawn_in_seconds(resolve: Resolve) -> None:
    resolved = chain(resolve, 300, reach=7)

    started = time.process_time()
    svg = draw_svg(resolved)

    assert time.process_time() - started < 5  # 0.15 s on the machine this was written on
    assert len(read_words(svg)) > 900


def test_a_graph_too_large_to_draw_is_refused_at_once(resolve: Resolve) -> None:
    resolved = chain(resolve, 10_000)

    for draw in (draw_svg, draw_mermaid, draw_png):
        with pytest.raises(UsageError, match="10000 nodes is too large to draw") as caught:
            draw(resolved)
        assert "1000" in caught.value.hint
