"""Simplifies a foreign document: what only passes values on goes, and what follows from literals becomes a literal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.api.foreign import ForeignLink, ForeignNode, ImportRule
from studio.graph.foreign.document import PASS, ForeignDocument
from studio.graph.foreign.fault import refuse

Rules = Mapping[str, ImportRule]
_REROUTES = ("Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss", "SetNode", "GetNode")


@dataclass(frozen=True)
class Flow:
    """A document without what only passes values on.

    Attributes:
        nodes: The nodes that are left, each after those that it uses.
        folded: Ids of the nodes that are gone because their values are known.
        lost: Names of the inputs of a node, by its id, whose links lead to nodes that are not there.
    """

    nodes: Mapping[str, ForeignNode]
    folded: frozenset[str]
    lost: Mapping[str, Sequence[str]] = field(default_factory=dict)


def simplify(document: ForeignDocument, rules: Rules) -> Flow:
    """Simplify a document.

    Raises:
        UsageError: E029 for a cycle.
    """
    names = _name_setters(document.nodes)
    known: dict[ForeignLink, Any] = {}
    left: dict[str, ForeignNode] = {}
    folded = set()
    for node_id in _sort(document.nodes, names):
        node = _resolve(document.nodes[node_id], document.nodes, known, names)
        outputs = _find_outputs(node, rules.get(node.kind))
        if outputs is None:
            left[node_id] = node
        else:
            folded.add(node_id)
            known |= {ForeignLink(node_id, slot): value for slot, value in outputs.items()}
    return Flow(left, frozenset(folded), _list_lost(document.nodes))


def _list_lost(nodes: Mapping[str, ForeignNode]) -> dict[str, list[str]]:
    lost: dict[str, list[str]] = {}
    for node_id, node in nodes.items():
        for name, value in node.inputs.items() if node.kind != PASS else ():
            if isinstance(value, ForeignLink) and value.node not in nodes:
                lost.setdefault(node_id, []).append(name)
    return lost


def find_needed(nodes: Mapping[str, ForeignNode], wanted: Iterable[str]) -> set[str]:
    """Return the ids of nodes and of all that they use."""
    needed: set[str] = set()
    pending = list(wanted)
    while pending:
        node_id = pending.pop()
        if node_id not in needed and node_id in nodes:
            needed.add(node_id)
            pending += [link.node for link in list_links(nodes[node_id])]
    return needed


def list_links(node: ForeignNode) -> list[ForeignLink]:
    """Return the links at a node's inputs."""
    return [value for value in node.inputs.values() if isinstance(value, ForeignLink)]


def _name_setters(nodes: Mapping[str, ForeignNode]) -> dict[str, str]:
    """Return the ids of nodes that give a value a name, by that name; a "GetNode" with the name passes it on."""
    found = {}
    for node in nodes.values():
        name = next((value for value in node.inputs.values() if isinstance(value, str)), None)
        if node.kind == "SetNode" and name is not None:
            found[name] = node.id
    return found


def _find_hidden(node: ForeignNode, names: Mapping[str, str]) -> ForeignLink | None:
    """Return the link that a node has by a name."""
    if node.kind != "GetNode":
        return None
    name = next((value for value in node.inputs.values() if isinstance(value, str)), "")
    return ForeignLink(names[name], 0) if name in names else None


def _list_sources(node: ForeignNode, names: Mapping[str, str]) -> list[str]:
    hidden = _find_hidden(node, names)
    return [link.node for link in list_links(node)] + ([hidden.node] if hidden else [])


def _sort(nodes: Mapping[str, ForeignNode], names: Mapping[str, str]) -> list[str]:
    """Return the ids of nodes, each after those that it uses."""
    sources = {key: {one for one in _list_sources(node, names) if one in nodes} for key, node in nodes.items()}
    users: dict[str, list[str]] = {}
    for node_id, used in sources.items():
        for one in used:
            users.setdefault(one, []).append(node_id)
    waiting = {node_id: len(used) for node_id, used in sources.items()}
    ready = deque(node_id for node_id, count in waiting.items() if not count)
    order = []
    while ready:
        node_id = ready.popleft()
        order.append(node_id)
        for user in users.get(node_id, ()):
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if len(order) < len(nodes):
        raise refuse(f"the document has a cycle: {_find_cycle(sources, set(order))}")
    return order


def _find_cycle(sources: Mapping[str, set[str]], done: set[str]) -> str:
    node_id = next(one for one in sources if one not in done)
    path: list[str] = []
    seen: dict[str, int] = {}
    while node_id not in seen:
        seen[node_id] = len(path)
        path.append(node_id)
        node_id = min(one for one in sources[node_id] if one not in done)
    cycle = [*path[seen[node_id] :], node_id][::-1]
    shown = cycle if len(cycle) <= 8 else [*cycle[:4], "...", *cycle[-3:]]
    return " -> ".join(one[:60] for one in shown)


def _resolve(
    node: ForeignNode, nodes: Mapping[str, ForeignNode], known: Mapping[ForeignLink, Any], names: Mapping[str, str]
) -> ForeignNode:
    """Return a node whose links lead to what really makes their values; an input without a value goes."""
    inputs = {}
    for name, value in node.inputs.items():
        if isinstance(value, ForeignLink):
            if value in known:
                value = known[value]
            elif value.node not in nodes or nodes[value.node].kind == PASS:
                value = None
        if value is not None:
            inputs[name] = value
    hidden = _find_hidden(node, names)
    if hidden is not None:
        inputs = {"value": known.get(hidden, hidden)}
    return replace(node, inputs=inputs)


def _find_outputs(node: ForeignNode, rule: ImportRule | None) -> Mapping[int, Any] | None:
    """Return what a node that needs no counterpart passes on, by output; None for any other node."""
    if node.kind == PASS:
        return {int(slot): value for slot, value in node.inputs.items()}
    if node.kind in _REROUTES:
        return _number([value for value in node.inputs.values() if node.kind != "SetNode" or _is_link(value)][:1])
    if rule is None:
        return None
    if rule.choose is not None:
        chosen = rule.choose(_list_literals(node))
        return None if chosen is None else _number([node.inputs[chosen]] if chosen in node.inputs else [])
    if rule.fold is None or any(_is_link(value) for value in node.inputs.values()):
        return None
    outputs = _fold(rule, node)
    return None if outputs is None else _number(outputs)


def _fold(rule: ImportRule, node: ForeignNode) -> Sequence[Any] | None:
    assert rule.fold is not None
    try:
        return rule.fold(node.inputs)
    except (KeyError, TypeError, ValueError, ArithmeticError, IndexError, AttributeError):
        return None  # whatever a document says; the node is reported as it is converted


def _list_literals(node: ForeignNode) -> dict[str, Any]:
    """Return what is known of the inputs; a link stands for a value that is not known."""
    return dict(node.inputs)


def _is_link(value: Any) -> bool:
    return isinstance(value, ForeignLink)


def _number(values: Sequence[Any]) -> dict[int, Any]:
    return {slot: value for slot, value in enumerate(values) if value is not None}
