"""A sketch has a card for every input, node and output, with its settings, its standing and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.errors import UsageError
from studio.graph.drawing.sketch import Card, Row, sketch_graph
from studio.graph.resolved import ResolvedGraph

Resolve = Callable[..., ResolvedGraph]


def find_cards(resolved: ResolvedGraph, standings: dict[str, str] | None = None) -> dict[str, Card]:
    return {card.key: card for card in sketch_graph(resolved, standings).cards}


def test_a_sketch_holds_cards_arrows_and_marks(mixed: ResolvedGraph) -> None:
    cards = find_cards(mixed, {"new": "hit", "sheet": "miss"})

    assert {key: card.standing for key, card in cards.items() if card.kind == "node"} == {
        "nodes.new": "hit",
        "nodes.sheet": "miss",
        "nodes.idle": "not used",
    }
    assert cards["nodes.new"].mark == "each"
    assert cards["nodes.new"].rows == (Row("width", "", "image"), Row("color", "teal", ""))
    assert cards["nodes.sheet"].rows == (Row("images", "", "image"), Row("when"))


def test_ends_show_their_types_and_whether_an_input_is_used(resolve: Resolve) -> None:
    declared = {"type": "int", "default": 1, "description": "a number"}
    cards = find_cards(resolve(inputs={"a": declared}, nodes={}, outputs={"o": {"from": "nobody"}}))

    assert (cards["inputs.a"].subtitle, cards["inputs.a"].standing) == ("int", "not used")
    assert cards["inputs.a"].tooltip == "a number"
    assert cards["outputs.o"].subtitle == "?"


def test_a_card_lists_five_settings_and_says_how_many_more_there_are(resolve: Resolve) -> None:
    values = {f"v{index}": index for index in range(8)}
    node = {"type": "logic.template", "inputs": {"template": "{v0}", **values}}

    rows = find_cards(resolve(nodes={"a": node}, outputs={"o": {"from": "a"}}))["nodes.a"].rows

    assert [row.left for row in rows] == ["template", "v0", "v1", "v2", "v3", ""]
    assert rows[5] == Row(value="and 4 more")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("teal", "teal"),
        (" ", '" "'),
        (3, "3"),
        (True, "true"),
        ([1, "a"], '[1, "a"]'),
        ({"file": "deep/er/photo.png"}, "photo.png"),
        ({"literal": {"file": "photo.png"}}, '{"file": "photo.png"}'),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_setting_is_shown_in_a_line(resolve: Resolve, value: object, shown: str) -> None:
    resolved = resolve(nodes={"a": {"type": "image.new", "inputs": {"color": value}}}, outputs={})

    assert find_cards(resolved)["nodes.a"].rows == (Row("color", shown),)


def test_what_is_wrong_stands_at_the_card_that_it_is_wrong_with(resolve: Resolve) -> None:
    nodes = {"a": {"type": "image.resise"}, "fine": {"type": "image.new"}}
    cards = find_cards(resolve(nodes=nodes, outputs={"o": {"from": "a"}}), {"a": "hit"})

    assert [problem[:4] for problem in cards["nodes.a"].problems] == ["E103"]
    assert cards["nodes.a"].standing == "error"
    assert "E103" in cards["nodes.a"].tooltip
    assert not cards["nodes.fine"].problems


def test_a_card_without_a_description_shows_what_its_type_does(resolve: Resolve) -> None:
    nodes = {"own": {"type": "image.invert", "description": "mine"}, "bare": {"type": "image.invert"}}
    resolved = resolve(nodes=nodes, outputs={})
    cards = find_cards(resolved)
    node_type = resolved.nodes["bare"].node_type

    assert node_type is not None
    assert cards["nodes.own"].tooltip.startswith("mine")
    assert cards["nodes.bare"].tooltip.startswith(node_type.summary)


def test_the_title_is_the_graphs_own_or_its_name(mixed: ResolvedGraph, resolve: Resolve) -> None:
    assert sketch_graph(mixed).title == "Mixed"
    assert sketch_graph(resolve()).title == resolve().graph.name


@pytest.mark.parametrize(("count", "refused"), [(1000, False), (1001, True)])
def test_a_graph_of_too_many_inputs_is_refused(resolve: Resolve, count: int, refused: bool) -> None:
    resolved = resolve(inputs={f"i{index}": {"type": "int", "default": 1} for index in range(count)})

    if refused:
        with pytest.raises(UsageError, match="E020"):
            sketch_graph(resolved)
    else:
        assert len(sketch_graph(resolved).cards) == count
