"""Drawings show what is in a graph, read well, and do no harm whatever the graph says."""

from __future__ import annotations

import io
import json
import re
import time
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image as Pictures

from studio.errors import UsageError
from studio.graph import parse_graph, resolve_graph
from studio.graph.drawing import draw_mermaid, draw_png, draw_svg
from studio.graph.drawing.layout import Box, Link, lay_out
from studio.graph.drawing.sketch import sketch_graph
from studio.graph.drawing.text import clip_text, measure_text
from studio.graph.resolved import ResolvedGraph
from studio.registry import Registry

HOSTILE = "</text><script>alert(1)</script>\"' & `x` %%{init: {}}%% ]]> #quot; \u202e\x00\x1b[31m\n---\nend"
GRAPHS = sorted((Path(__file__).parents[3] / "graphs").glob("*.json"))
SVG = "{http://www.w3.org/2000/svg}"


def resolve(registry: Registry, **parts: Any) -> ResolvedGraph:
    return resolve_graph(parse_graph({"studio": 1, **parts}), registry)


@pytest.fixture
def mixed(registry: Registry) -> ResolvedGraph:
    """A graph with an input, a list, a mapped node, a condition, two outputs and a node that is not used."""
    return resolve(
        registry,
        title="Mixed",
        inputs={"sizes": {"type": "list[int]", "default": [8, 9]}, "flag": {"type": "bool", "default": True}},
        nodes={
            "new": {"type": "image.new", "inputs": {"width": {"from": "inputs.sizes"}, "color": "teal"}},
            "sheet": {"type": "image.grid", "inputs": {"images": {"from": "new"}}, "when": {"from": "inputs.flag"}},
            "idle": {"type": "image.new"},
        },
        outputs={"sheet": {"from": "sheet"}, "parts": {"from": "new"}},
    )


def read_words(svg: str) -> list[str]:
    return [str(element.text) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_sketch_holds_cards_arrows_and_marks(mixed: ResolvedGraph) -> None:
    sketch = sketch_graph(mixed, {"new": "hit", "sheet": "miss"})

    cards = {card.key: card for card in sketch.cards}
    assert {key: card.standing for key, card in cards.items() if card.kind == "node"} == {
        "nodes.new": "hit",
        "nodes.sheet": "miss",
        "nodes.idle": "not used",
    }
    assert cards["nodes.new"].mark == "each"
    assert [(row.left, row.value, row.right) for row in cards["nodes.new"].rows] == [
        ("width", "", "image"),
        ("color", "teal", ""),
    ]
    assert {(a.source, a.target, a.input, a.kind) for a in sketch.arrows} == {
        ("inputs.sizes", "nodes.new", "width", "list"),
        ("nodes.new", "nodes.sheet", "images", "list"),
        ("inputs.flag", "nodes.sheet", "when", "condition"),
        ("nodes.sheet", "outputs.sheet", "", "value"),
        ("nodes.new", "outputs.parts", "", "list"),
    }


def test_svg_shows_names_types_settings_and_a_legend(mixed: ResolvedGraph) -> None:
    words = read_words(draw_svg(mixed, {"new": "hit", "sheet": "miss"}))

    for expected in (
        "Mixed",
        "new",
        "image.new",
        "color",
        "teal",
        "sheet",
        "image.grid",
        "sizes",
        "list[int]",
        "when",
        "hit 1",
        "miss 1",
        "not used 1",
        "each",
    ):
        assert expected in words


def test_mermaid_shows_nodes_edges_and_standings(mixed: ResolvedGraph) -> None:
    text = draw_mermaid(mixed, {"new": "hit", "sheet": "miss"})

    assert "flowchart LR" in text
    assert re.search(r'n2\[\["new #40;each#41;<br/><small>image\.new</small>"\]\]', text)
    assert re.search(r'n0 ==>\|"width"\| n2', text)
    assert re.search(r'n1 -\.->\|"when"\| n3', text)
    assert re.search(r"class n2,k0 s0;", text)


def test_png_is_a_picture_of_the_size_asked_for(mixed: ResolvedGraph) -> None:
    small, large = (Pictures.open(io.BytesIO(draw_png(mixed, scale=scale))) for scale in (1, 2))

    assert small.format == "PNG"
    assert large.width == pytest.approx(2 * small.width, abs=2)
    assert len(large.resize((200, 100)).getcolors(20_000) or ()) > 50


def test_standings_have_colours_of_their_own(mixed: ResolvedGraph) -> None:
    drawn = {
        word: draw_svg(mixed, {"new": word})
        for word in ("hit", "miss", "unknown", "always runs", "skipped", "failed", "odd")
    }

    assert all(f"{word} 1" in read_words(svg) for word, svg in drawn.items())
    assert all(one != other for one, other in combinations(drawn.values(), 2))


@pytest.fixture
def hostile(registry: Registry) -> ResolvedGraph:
    return resolve(
        registry,
        title=HOSTILE,
        inputs={"i": {"type": "text", "default": HOSTILE, "description": HOSTILE}},
        nodes={
            "a": {
                "type": "logic.template",
                "description": HOSTILE,
                "inputs": {"template": HOSTILE, "b": {"from": "inputs.i"}},
            },
            "b": {"type": HOSTILE[:60], "inputs": {"x": HOSTILE}},
            "end": {"type": "image.new"},
        },
        outputs={"o": {"from": "a", "description": HOSTILE}},
    )


def test_hostile_text_is_harmless_in_svg(hostile: ResolvedGraph) -> None:
    svg = draw_svg(hostile, {"a": HOSTILE})

    root = ElementTree.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "g",
        "title",
        "rect",
        "path",
        "circle",
        "text",
    }
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
    assert "\u202e" not in svg
    assert "\x1b" not in svg


def test_hostile_text_is_harmless_in_mermaid(hostile: ResolvedGraph) -> None:
    lines = draw_mermaid(hostile, {"a": HOSTILE}).splitlines()

    title = json.loads(lines[1].removeprefix("title: "))
    assert lines[0] == lines[2] == "---"
    assert "<script>" in title
    assert not [line for line in lines if "script>" in line or "%%" in line or "`" in line or "\x1b" in line]
    for line in lines[4:]:
        bare = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(r"[\w\s()\[\]\"|.=>,;:#-]*", bare), line


def test_a_graph_with_errors_is_drawn_with_what_is_wrong(registry: Registry) -> None:
    invert = "image.invert"
    resolved = resolve(
        registry,
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


def test_an_empty_graph_is_drawn(registry: Registry) -> None:
    resolved = resolve(registry)

    ElementTree.fromstring(draw_svg(resolved))
    assert draw_png(resolved).startswith(b"\x89PNG")
    assert "flowchart" in draw_mermaid(resolved)


def test_a_drawing_is_the_same_each_time(mixed: ResolvedGraph) -> None:
    assert draw_svg(mixed, {"new": "hit"}) == draw_svg(mixed, {"new": "hit"})


def chain(registry: Registry, count: int, reach: int = 1) -> ResolvedGraph:
    nodes: dict[str, Any] = {"n0": {"type": "image.new"}}
    for i in range(1, count):
        sources = [{"from": f"n{max(0, i - step)}"} for step in (1, reach)]
        nodes[f"n{i}"] = {"type": "image.blend", "inputs": {"first": sources[0], "second": sources[1]}}
    return resolve(registry, nodes=nodes, outputs={"o": {"from": f"n{count - 1}"}})


def test_300_nodes_are_drawn_in_seconds(registry: Registry) -> None:
    resolved = chain(registry, 300, reach=7)

    started = time.process_time()
    svg = draw_svg(resolved)

    assert time.process_time() - started < 5  # 0.15 s on the machine this was written on
    assert len(read_words(svg)) > 900


def test_a_graph_too_large_to_draw_is_refused_at_once(registry: Registry) -> None:
    resolved = chain(registry, 10_000)

    for draw in (draw_svg, draw_mermaid, draw_png):
        with pytest.raises(UsageError, match="10000 nodes is too large to draw") as caught:
            draw(resolved)
        assert "1000" in caught.value.hint


def test_text_is_cut_to_the_room_there_is() -> None:
    assert clip_text("short", 12, 100) == "short"
    cut = clip_text("W" * 1000, 12, 100)
    assert cut.endswith("…")
    assert measure_text(cut, 12) <= 100


# -- layout ---------------------------------------------------------------------------------------------


def place(edges: list[tuple[str, str]], height: float = 40.0) -> tuple[dict[str, Box], list[Link]]:
    boxes = {name: Box(name, 100.0, height) for name in dict.fromkeys(name for edge in edges for name in edge)}
    links = [Link(a, b, 20.0, 20.0) for a, b in edges]
    lay_out(list(boxes.values()), links)
    return boxes, links


def test_boxes_do_not_overlap_and_edges_lead_right() -> None:
    edges = [(f"n{i}", f"n{j}") for i in range(40) for j in (i * 2 + 1, i * 2 + 2, i + 17) if j < 60]

    boxes, links = place(edges)

    assert all(boxes[link.source].x + 100 < boxes[link.target].x for link in links)
    for one, other in combinations(boxes.values(), 2):
        assert one.x != other.x or abs(one.y - other.y) >= 40 - 1e-6


def test_edges_do_not_run_through_boxes() -> None:
    boxes, links = place([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c"), ("x", "d")])

    for link in links:
        for x, y in link.points[3:-1:3]:
            inside = [b.key for b in boxes.values() if b.x < x < b.x + b.width and b.y < y < b.y + b.height]
            assert inside == []


def test_a_chain_is_a_straight_line() -> None:
    boxes, _ = place([(f"n{i}", f"n{i + 1}") for i in range(20)])

    assert len({round(box.y, 3) for box in boxes.values()}) == 1


def test_crossings_that_can_be_avoided_are() -> None:
    boxes, _ = place([("a", "z"), ("b", "y"), ("c", "x"), ("d", "w")])

    left, right = [boxes[n].y for n in "abcd"], [boxes[n].y for n in "zyxw"]
    assert sorted(range(4), key=left.__getitem__) == sorted(range(4), key=right.__getitem__)


def test_what_needs_nothing_stands_before_its_first_use() -> None:
    boxes, _ = place([("a", "b"), ("b", "c"), ("c", "d"), ("late", "d")])

    assert boxes["late"].column == boxes["c"].column
