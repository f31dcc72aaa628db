"""Nodes of older versions: names of inputs and outputs, changed values, ids of node types, and no stated version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from studio.api import Context, Migration, node
from studio.graph import ResolvedGraph, parse_graph, resolve_graph
from studio.graph.drawing.arrows import collect_arrows
from studio.graph.source import Constant, Reference
from tests.studio.graph.catalogs import create_catalog


class Parts(NamedTuple):
    """Attributes:
    text: The words.
    count: How many.
    """

    text: str
    count: int


def _to_percent(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "opacity": inputs["opacity"] * 100} if "opacity" in inputs else inputs


@node(
    "words.repeat",
    version="3.2",
    migrations={
        1: Migration(inputs={"n": "number", "old": None}, outputs={"result": "words"}, first_output="total"),
        2: Migration(inputs={"number": "times"}, outputs={"words": "text", "total": "count"}, change=_to_percent),
    },
    replaces=["words.again"],
)
def repeat(ctx: Context, *, times: int = 1, opacity: float = 100.0) -> Parts:
    """Repeat."""
    return Parts("a" * times, times)


def _swap(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"times" if name == "n" else name: value for name, value in inputs.items()}


@node("words.swap", version="2.0", migrations={1: _swap})
def swap(ctx: Context, *, times: int = 1) -> str:
    """Swap."""
    return ""


def _forget(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"times": inputs.get("n", 1)}


@node("words.forget", version="2.0", migrations={1: _forget})
def forget(ctx: Context, *, times: int = 1) -> str:
    """Forget."""
    return ""


@node("words.mirror", version="2.0", migrations={1: Migration(outputs={"text": "count", "count": "text"})})
def mirror(ctx: Context) -> Parts:
    """Mirror."""
    return Parts("", 0)


@node(
    "words.merged", replaces={"words.loud": Migration(inputs={"text": "words"}, change=lambda i: {**i, "loud": True})}
)
def merged(ctx: Context, words: str = "", *, loud: bool = False) -> str:
    """Merge."""
    return words


@node(
    "words.doubtful",
    version="3.0",
    migrations={
        1: Migration(change=lambda inputs: {name: value * 2 for name, value in inputs.items()}),
        2: Migration(inputs={"size": "width"}),
    },
)
def doubtful(ctx: Context, *, width: int = 1) -> str:
    """Doubt."""
    return ""


CATALOG = create_catalog(repeat, swap, forget, mirror, merged, doubtful)


def resolve(
    type: str, inputs: dict[str, Any] | None = None, version: str | None = None, edge: str = "a", **more: Any
) -> ResolvedGraph:
    nodes = {"a": {"type": type, "version": version, "inputs": inputs or {}}, **more}
    return resolve_graph(parse_graph({"studio": 1, "nodes": nodes, "outputs": {"o": {"from": edge}}}), CATALOG)


def list_literals(resolved: ResolvedGraph) -> dict[str, Any]:
    sources = {name: bound.source for name, bound in resolved.nodes["a"].inputs.items()}
    return {name: source.value for name, source in sources.items() if isinstance(source, Constant)}


def find_codes(resolved: ResolvedGraph) -> list[str]:
    return [finding.code for finding in resolved.findings]


@pytest.mark.parametrize("version", ["3", "3.0", "3.2", "3.9", None])
def test_a_node_of_the_installed_version_stays(version: str | None) -> None:
    resolved = resolve("words.repeat", {"times": 2, "opacity": 50}, version, "a.count")

    assert list_literals(resolved) == {"times": 2, "opacity": 50}
    assert resolved.outputs["o"][0] == Reference("a", "count")
    assert resolved.findings == []


@pytest.mark.parametrize(
    ("version", "inputs"), [("2.7", {"number": 2, "opacity": 0.5}), ("1", {"n": 2, "opacity": 0.5, "old": True})]
)
def test_inputs_of_an_older_version_are_migrated(version: str, inputs: dict[str, Any]) -> None:
    resolved = resolve("words.repeat", inputs, version)

    assert list_literals(resolved) == {"times": 2, "opacity": 50.0}
    assert resolved.findings == []


@pytest.mark.parametrize(("version", "edge"), [("1.0", "a.result"), ("2.0", "a.words"), ("1.0", "a.total")])
def test_an_edge_from_a_renamed_output_follows(version: str, edge: str) -> None:
    resolved = resolve("words.repeat", {}, version, edge)

    assert resolved.outputs["o"][0] == Reference("a", "count" if edge == "a.total" else "text")
    assert resolved.findings == []


def test_edges_inside_a_graph_follow_too() -> None:
    user = {"type": "words.swap", "inputs": {"times": [{"from": "a.total"}]}}
    condition = {"type": "words.merged", "inputs": {"words": {"from": "a.result"}}}

    resolved = resolve("words.repeat", {"n": 2}, "1.0", "b", b=user, c=condition)

    assert not resolved.errors
    assert resolved.nodes["c"].inputs["words"].source == Reference("a", "text")


def test_an_edge_that_names_only_the_node_leads_to_the_old_first_output() -> None:
    assert resolve("words.repeat", {}, "1.0").outputs["o"][0] == Reference("a", "count")
    assert resolve("words.repeat", {}, "2.0").outputs["o"][0] == Reference("a", "text")


@pytest.mark.parametrize(("version", "output"), [("1.0", "count"), ("2.0", "text"), (None, "text")])
def test_outputs_that_changed_names_with_each_other_are_told_apart_by_the_version(
    version: str | None, output: str
) -> None:
    assert resolve("words.mirror", {}, version, "a.text").outputs["o"][0] == Reference("a", output)


# -- no version ----------------------------------------------------------------------------------------


def test_a_node_without_a_version_is_migrated_if_only_an_older_one_had_its_inputs() -> None:
    resolved = resolve("words.repeat", {"n": 2, "opacity": 0.5})

    assert list_literals(resolved) == {"times": 2, "opacity": 50.0}
    assert find_codes(resolved) == ["W104"]
    assert "'n' is of version 1.0 of words.repeat" in resolved.findings[0].message


def test_several_old_names_are_one_sentence() -> None:
    resolved = resolve("words.repeat", {"n": 2}, None, "a.result")

    assert resolved.findings[0].message.startswith("'n' and 'result' are of version 1.0 of words.repeat, and ")


def test_a_node_without_a_version_is_migrated_if_only_an_older_one_had_its_outputs() -> None:
    resolved = resolve("words.repeat", {"opacity": 0.5}, None, "a.words")

    assert list_literals(resolved) == {"opacity": 50.0}
    assert resolved.outputs["o"][0] == Reference("a", "text")
    assert find_codes(resolved) == ["W104"]


def test_an_input_that_is_gone_tells_the_version_too() -> None:
    assert list_literals(resolve("words.repeat", {"old": True, "n": 3})) == {"times": 3}


def test_a_function_that_renames_inputs_tells_the_version() -> None:
    resolved = resolve("words.swap", {"n": 4})

    assert list_literals(resolved) == {"times": 4}
    assert find_codes(resolved) == ["W104"]


@pytest.mark.parametrize("inputs", [{"typo": 4}, {"n": 4, "typo": 1}])
def test_a_mistyped_input_is_not_swallowed_by_a_function_that_ignores_it(inputs: dict[str, Any]) -> None:
    assert set(find_codes(resolve("words.forget", inputs))) == {"E110"}


def test_old_and_new_names_at_once_are_a_mistake() -> None:
    assert find_codes(resolve("words.repeat", {"n": 2, "times": 3})) == ["E110"]


def test_versions_that_would_read_a_node_differently_are_not_guessed() -> None:
    resolved = resolve("words.doubtful", {"size": 4})

    assert find_codes(resolved)[0] == "E124"
    assert '"version"' in resolved.findings[0].hint


# -- what cannot be migrated ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "inputs", "where", "words"),
    [
        ("4.0", {}, "/nodes/a/version", "the graph wants version 4.0 of words.repeat"),
        ("0.9", {}, "/nodes/a/version", "words.repeat cannot read inputs of version 0.9"),
        ("1.0", {"n": 1, "number": 2}, "/nodes/a", "'n' and 'number' are one input, 'number'"),
        ("2.0", {"opacity": None}, "/nodes/a", "TypeError"),
    ],
)
def test_a_node_that_cannot_be_migrated_is_found(version: str, inputs: dict[str, Any], where: str, words: str) -> None:
    found = [finding for finding in resolve("words.repeat", inputs, version).errors if finding.code == "E124"]

    assert [finding.where for finding in found] == [where]
    assert words in found[0].message
    assert found[0].hint


def test_a_finding_in_a_renamed_input_points_at_the_name_in_the_graph() -> None:
    (finding,) = resolve("words.repeat", {"n": "two"}, "1.0").errors

    assert (finding.code, finding.where) == ("E114", "/nodes/a/inputs/n")


# -- ids -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "name"), [("1.0", "n"), ("2.0", "number"), ("3.0", "times"), (None, "n")])
def test_a_node_of_an_old_id_is_read_by_the_migrations_of_its_version(version: str | None, name: str) -> None:
    resolved = resolve("words.again", {name: 5}, version)

    assert list_literals(resolved) == {"times": 5}
    assert resolved.nodes["a"].node_type is CATALOG.node_types["words.repeat"]
    assert "W103" in find_codes(resolved)
    assert not resolved.errors


@pytest.mark.parametrize("version", ["1.0", "7.1", None])
def test_an_old_id_with_a_migration_is_read_by_it(version: str | None) -> None:
    resolved = resolve("words.loud", {"text": "hey"}, version)

    assert list_literals(resolved) == {"words": "hey", "loud": True}
    assert find_codes(resolved) == ["W103"]


def test_nodes_in_a_graph_in_a_graph_are_migrated(tmp_path: Path) -> None:
    part = {
        "studio": 1,
        "nodes": {"a": {"type": "words.again", "version": "1.0", "inputs": {"n": 2}}},
        "outputs": {"words": {"from": "a.result"}},
    }
    (tmp_path / "part.json").write_text(json.dumps(part), encoding="utf-8")
    whole = {"studio": 1, "nodes": {"p": {"type": "graph:part.json"}}, "outputs": {"o": {"from": "p.words"}}}

    resolved = resolve_graph(parse_graph(whole, base=tmp_path), CATALOG)

    assert not resolved.errors
    subgraph = resolved.nodes["p"].subgraph
    assert subgraph is not None
    assert list_literals(subgraph) == {"times": 2}
    assert [(f.code, f.where) for f in resolved.findings] == [("W103", "/nodes/p/type#/nodes/a/type")]


def test_a_migrated_node_is_drawn_with_whole_arrows() -> None:
    user = {"type": "words.swap", "inputs": {"n": {"from": "a.total"}}}

    arrows = collect_arrows(resolve("words.repeat", {"n": 2}, "1.0", "b", b=user))

    assert [(arrow.source, arrow.output, arrow.kind) for arrow in arrows if arrow.target == "nodes.b"] == [
        ("nodes.a", "count", "value")
    ]
