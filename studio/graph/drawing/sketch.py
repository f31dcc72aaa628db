"""What a drawing of a graph shows, before it is laid out: its cards, and the arrows between them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio.errors import Finding, UsageError
from studio.graph.document import NodeDocument, is_file, is_quoted
from studio.graph.drawing.arrows import Arrow, collect_arrows
from studio.graph.json_pointer import escape
from studio.graph.resolved import ResolvedGraph, ResolvedNode

MAX_NODES = 1000
MAX_SETTINGS = 5
FAILED, ERROR = "failed", "error"
UNUSED = "not used"

_Problems = Mapping[tuple[str, str], Sequence[str]]


@dataclass(frozen=True)
class Row:
    """One line in a node's card: an input on the left, an output on the right, either may be missing.

    Attributes:
        left: Name of the input.
        value: The literal that it has, or "" where an edge leads to it.
        right: Name of the output.
    """

    left: str = ""
    value: str = ""
    right: str = ""


@dataclass(frozen=True)
class Card:
    """An input of the graph, a node, or an output of the graph, as it is drawn.

    Attributes:
        key: Unique in the drawing.
        kind: "input", "node" or "output".
        title: Its name.
        subtitle: Its type.
        standing: What a standing says about a node, or "".
        rows: The lines of a node's card.
        problems: What is wrong with it, one line each.
        mark: "each" for a node that is mapped over a list, "frames" over a video, or "".
        tooltip: What is shown when the pointer rests on it.
    """

    key: str
    kind: str
    title: str
    subtitle: str
    standing: str = ""
    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()
    mark: str = ""
    tooltip: str = ""


@dataclass(frozen=True)
class Sketch:
    """What a drawing shows, before it is laid out."""

    title: str
    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...]


def sketch_graph(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> Sketch:
    """Return what a drawing of a graph shows.

    Args:
        resolved: The graph, with or without errors.
        standings: For nodes by id: "hit", "miss", "unknown", "always runs", "skipped", "failed" or another word.

    Raises:
        UsageError: E020 if the graph has more than 1000 nodes.
    """
    _check_size(resolved)
    document = resolved.graph.document
    arrows = collect_arrows(resolved)
    problems = _collect_problems(resolved.errors)
    cards = [
        *_create_input_cards(resolved, arrows, problems),
        *_create_node_cards(resolved, arrows, problems, standings or {}),
        *_create_output_cards(resolved, problems),
    ]
    return Sketch(document.title or resolved.graph.name, tuple(cards), tuple(arrows))


def _check_size(resolved: ResolvedGraph) -> None:
    document = resolved.graph.document
    count = len(document.nodes)
    if max(count, len(document.inputs), len(document.outputs)) > MAX_NODES:
        raise UsageError(
            "E020",
            f"a graph of {count} nodes is too large to draw",
            where=str(resolved.graph.path or ""),
            hint=f"the limit is {MAX_NODES} nodes; move parts of it into graphs of their own",
        )


def _create_input_cards(resolved: ResolvedGraph, arrows: Iterable[Arrow], problems: _Problems) -> Iterator[Card]:
    used = {arrow.source for arrow in arrows}
    for name, declared in resolved.graph.document.inputs.items():
        key = f"inputs.{name}"
        wrong = problems.get(("inputs", name), ())
        standing = "" if key in used else UNUSED
        yield Card(key, "input", name, declared.type, standing, problems=tuple(wrong), tooltip=declared.description)


def _create_output_cards(resolved: ResolvedGraph, problems: _Problems) -> Iterator[Card]:
    for name, declared in resolved.graph.document.outputs.items():
        kind = str(resolved.outputs[name][1]) if name in resolved.outputs else "?"
        wrong = problems.get(("outputs", name), ())
        yield Card(f"outputs.{name}", "output", name, kind, problems=tuple(wrong), tooltip=declared.description)


def _create_node_cards(
    resolved: ResolvedGraph, arrows: Sequence[Arrow], problems: _Problems, standings: Mapping[str, str]
) -> Iterator[Card]:
    unused = {finding.where for finding in resolved.findings if finding.code == "W101"}
    for node_id, node in resolved.graph.document.nodes.items():
        wrong = tuple(problems.get(("nodes", node_id), ()))
        standing = UNUSED if f"/nodes/{escape(node_id)}" in unused else standings.get(node_id, "")
        yield _create_node_card(node_id, node, resolved.nodes[node_id], arrows, wrong, ERROR if wrong else standing)


def _create_node_card(
    node_id: str,
    node: NodeDocument,
    resolved: ResolvedNode,
    arrows: Iterable[Arrow],
    problems: tuple[str, ...],
    standing: str,
) -> Card:
    key = f"nodes.{node_id}"
    connected, outputs = _find_connected(key, arrows)
    settings = {name: _describe_setting(value) for name, value in node.inputs.items() if name not in connected}
    right = [name for name in resolved.outputs if name in outputs] + sorted(outputs - set(resolved.outputs))
    rows = _pair([*_list_inputs(node, connected), *_list_settings(settings)], right)
    summary = resolved.node_type.summary if resolved.node_type else ""
    about = [node.description or summary, *(f"{name}: {value}" for name, value in settings.items()), *problems]
    mark = "frames" if resolved.stream else "each" if resolved.depth else ""
    return Card(key, "node", node_id, node.type, standing, rows, problems, mark, "\n".join(filter(None, about)))


def _find_connected(key: str, arrows: Iterable[Arrow]) -> tuple[set[str], set[str]]:
    """Return the inputs and the outputs of a card that arrows lead to and from."""
    inputs: set[str] = set()
    outputs: set[str] = set()
    for arrow in arrows:
        if arrow.target == key:
            inputs.add(arrow.input)
        if arrow.source == key:
            outputs.add(arrow.output)
    return inputs, outputs


def _list_inputs(node: NodeDocument, connected: Collection[str]) -> list[Row]:
    rows = [Row(name) for name in node.inputs if name in connected]
    return [*rows, Row("when")] if "when" in connected else rows


def _list_settings(settings: Mapping[str, str]) -> list[Row]:
    rows = [Row(name, value) for name, value in settings.items()]
    more = len(rows) - MAX_SETTINGS
    return [*rows[:MAX_SETTINGS], Row(value=f"and {more} more")] if more > 0 else rows


def _pair(left: Sequence[Row], right: Sequence[str]) -> tuple[Row, ...]:
    """Return rows with what is on the left and the outputs on the right, from the top."""
    pairs = itertools.zip_longest(left, right)
    return tuple(replace(row or Row(), right=output or "") for row, output in pairs)


def _describe_setting(value: Any) -> str:
    if is_file(value):
        return str(value["file"]).rpartition("/")[2]
    if is_quoted(value):
        value = value["literal"]
    text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"


def _collect_problems(errors: Iterable[Finding]) -> dict[tuple[str, str], list[str]]:
    """Return what is wrong by the part of the document that it is wrong with."""
    found: dict[tuple[str, str], list[str]] = {}
    for finding in errors:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in finding.where.split("#")[0].split("/")]
        if len(parts) >= 3:
            found.setdefault((parts[1], parts[2]), []).append(f"{finding.code} {finding.message}")
    return found
