"""What a drawing of a graph shows, before it is laid out: cards and arrows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.errors import Finding, UsageError
from studio.graph.document import NodeDocument, is_file, is_quoted
from studio.graph.edges import find_edges
from studio.graph.parse import escape
from studio.graph.resolved import ResolvedGraph, ResolvedNode

MAX_NODES = 1000
MAX_SETTINGS = 5
FAILED, ERROR = "failed", "error"
UNUSED = "not used"


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
        mark: "each" for a node that is mapped over a list, "frames" over a film, or "".
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
class Arrow:
    """An edge as it is drawn, from one card's row to another's.

    Attributes:
        source: Key of the card it starts at.
        output: Name of the output.
        target: Key of the card it ends at.
        input: Name of the input; "when" for a condition.
        kind: "value", "list", "condition" or "broken".
        backward: Whether it leads back.
    """

    source: str
    output: str
    target: str
    input: str
    kind: str = "value"
    backward: bool = False


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
    document = resolved.graph.document
    count = len(document.nodes)
    if max(count, len(document.inputs), len(document.outputs)) > MAX_NODES:
        raise UsageError(
            "E020",
            f"a graph of {count} nodes is too large to draw",
            where=str(resolved.graph.path or ""),
            hint=f"the limit is {MAX_NODES} nodes; move parts of it into graphs of their own",
        )
    arrows = _collect_arrows(resolved)
    problems = _collect_problems(resolved.errors)
    used = {arrow.source for arrow in arrows}
    cards = [
        Card(
            f"inputs.{name}",
            "input",
            name,
            declared.type,
            "" if f"inputs.{name}" in used else UNUSED,
            problems=tuple(problems.get(("inputs", name), ())),
            tooltip=declared.description,
        )
        for name, declared in document.inputs.items()
    ]
    unused = {f.where for f in resolved.findings if f.code == "W101"}
    for node_id, node in document.nodes.items():
        wrong = tuple(problems.get(("nodes", node_id), ()))
        standing = UNUSED if f"/nodes/{escape(node_id)}" in unused else (standings or {}).get(node_id, "")
        cards.append(_create_node_card(node_id, node, resolved.nodes[node_id], arrows, wrong, standing))
    cards += [
        Card(
            f"outputs.{name}",
            "output",
            name,
            _name_type(resolved, name),
            "",
            problems=tuple(problems.get(("outputs", name), ())),
            tooltip=declared.description,
        )
        for name, declared in document.outputs.items()
    ]
    return Sketch(document.title or resolved.graph.name, tuple(cards), tuple(arrows))


def _name_type(resolved: ResolvedGraph, output: str) -> str:
    return str(resolved.outputs[output][1]) if output in resolved.outputs else "?"


def _create_node_card(
    node_id: str,
    node: NodeDocument,
    resolved: ResolvedNode,
    arrows: Iterable[Arrow],
    problems: tuple[str, ...],
    standing: str,
) -> Card:
    key = f"nodes.{node_id}"
    connected = {arrow.input for arrow in arrows if arrow.target == key}
    settings = {name: _describe_setting(value) for name, value in node.inputs.items() if name not in connected}
    left = [Row(name) for name in node.inputs if name in connected]
    left += [Row("when")] if "when" in connected else []
    left += [Row(name, value) for name, value in list(settings.items())[:MAX_SETTINGS]]
    if len(settings) > MAX_SETTINGS:
        left.append(Row(value=f"and {len(settings) - MAX_SETTINGS} more"))
    outputs = {arrow.output for arrow in arrows if arrow.source == key}
    right = [name for name in resolved.outputs if name in outputs] + sorted(outputs - set(resolved.outputs))
    rows = [Row(row.left, row.value, name) for row, name in _pair(left, right)]
    summary = resolved.node_type.summary if resolved.node_type else ""
    about = [node.description or summary, *(f"{name}: {value}" for name, value in settings.items()), *problems]
    mark = "frames" if resolved.stream else "each" if resolved.depth else ""
    return Card(
        key,
        "node",
        node_id,
        node.type,
        ERROR if problems else standing,
        tuple(rows),
        problems,
        mark,
        "\n".join(filter(None, about)),
    )


def _pair(left: Sequence[Row], right: Sequence[str]) -> list[tuple[Row, str]]:
    length = max(len(left), len(right))
    return [(left[i] if i < len(left) else Row(), right[i] if i < len(right) else "") for i in range(length)]


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


def _collect_arrows(resolved: ResolvedGraph) -> list[Arrow]:
    document = resolved.graph.document
    order = {node_id: index for index, node_id in enumerate(resolved.nodes)}
    arrows: dict[Arrow, None] = {}
    for node_id, node in document.nodes.items():
        ends = [(name, source) for name, value in node.inputs.items() for _, source in find_edges(value)]
        for name, source in ends:
            broken = name not in resolved.nodes[node_id].inputs
            _add_arrow(arrows, resolved, source, f"nodes.{node_id}", name, "broken" if broken else "", order)
        if node.when is not None:
            kind = "condition" if resolved.nodes[node_id].when is not None else "broken"
            _add_arrow(arrows, resolved, node.when.source, f"nodes.{node_id}", "when", kind, order)
    for name, declared in document.outputs.items():
        kind = "" if name in resolved.outputs else "broken"
        _add_arrow(arrows, resolved, declared.source, f"outputs.{name}", "", kind, order)
    return list(arrows)


def _add_arrow(
    arrows: dict[Arrow, None],
    resolved: ResolvedGraph,
    source: str,
    target: str,
    name: str,
    kind: str,
    order: Mapping[str, int],
) -> None:
    head, _, tail = source.partition(".")
    if head == "inputs":
        if tail in resolved.inputs:
            is_list = resolved.inputs[tail].spec.depth > 0
            arrows[Arrow(f"inputs.{tail}", "", target, name, kind or ("list" if is_list else "value"))] = None
        return
    if head not in order:
        return
    outputs = resolved.nodes[head].outputs
    output = tail or next(iter(outputs), "")
    is_list = output in outputs and outputs[output].depth > 0
    backward = target.startswith("nodes.") and order[head] >= order[target.removeprefix("nodes.")]
    kind = kind or ("broken" if backward else "list" if is_list else "value")
    arrows[Arrow(f"nodes.{head}", output, target, name, kind, backward)] = None


def name_arrow(arrow: Arrow) -> str:
    if not arrow.input or arrow.output == arrow.input:
        return arrow.output or arrow.input
    return f"{arrow.output} → {arrow.input}" if arrow.output else arrow.input
