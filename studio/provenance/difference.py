"""`Difference`: in what two graphs, with their values, files, code and devices, differ; in the words of `explain`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.api import NodeType
from studio.api.hooks import PROJECT
from studio.api.model import REFERENCE
from studio.cache import hash_parts
from studio.graph.document import is_edge, is_file, is_pattern
from studio.graph.pattern import find_names
from studio.provenance.builds import compare_builds, describe_build, parse_builds
from studio.provenance.facts import show_json
from studio.provenance.flat_graph import FlatNode, flatten_document, list_edges, read_mapping

_CODE = ("version", "code", "plugin")
_MACHINE = ("device", "dtype", "python", "system")
_FindParts = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True)
class Difference:
    """One thing in which two results differ.

    Attributes:
        node: The node, "" for what belongs to none.
        part: "node type", "input strength", "output poster", "version", "code", "plugin", "model", "device", "dtype",
            "python", "system", "studio", "distribution numpy"; "" for a node that only one has, "name" for one that
            has another name and makes the same.
        a: What the first has, as text; "" for nothing.
        b: What the second has.
    """

    node: str
    part: str
    a: str
    b: str

    @property
    def is_name(self) -> bool:
        """Whether only names differ, on which no result depends."""
        return self.part == "name"

    def to_json(self) -> dict[str, str]:
        """Return it as plain JSON."""
        return {"node": self.node, "part": self.part, "a": self.a, "b": self.b}


@dataclass(frozen=True)
class Made:
    """What is known of how something was made.

    Attributes:
        document: The graph document.
        inputs: The values of its inputs.
        graphs: Documents of the graphs in it, by path.
        digests: Digests of the files that it reads, by how they are written.
        manifest: The manifest of the run, if there is one.
        output: The output that it is; "" for all of them. What this output does not need does not count.
    """

    document: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    graphs: Mapping[str, Any] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""


def find_differences(
    a: Made,
    b: Made,
    node_types: Mapping[str, NodeType],
    find_parts: _FindParts = lambda _: {},
) -> list[Difference]:
    """Return in what two results differ, causes and not what follows from them.

    Args:
        a: What is known of the first.
        b: What is known of the second.
        node_types: Those that are installed; their defaults stand where a node gives no value.
        find_parts: Returns what a fingerprint was made of, as far as it is known.
    """
    nodes_a = _list_nodes(a, a.output or b.output, node_types)
    nodes_b = _list_nodes(b, b.output or a.output, node_types)
    names = _match_names(nodes_a, nodes_b, a, b)
    found = [Difference(name, "name", name, other) for name, other in names.items() if name != other]
    for name, node in nodes_a.items():
        other = nodes_b.get(names[name]) if name in names else None
        if other is None:
            found.append(Difference(name, "", node.type, ""))
        else:
            found += _compare_nodes(name, (node, a), (other, b), names)
            found += _compare_code(name, a, names[name], b, stated=(node.version, other.version))
            found += _compare_parts(name, (node, a), names[name], (other, b), find_parts)
    known = set(names.values())
    found += [Difference(name, "", "", node.type) for name, node in nodes_b.items() if name not in known]
    return found + list(_compare_machines(a.manifest, b.manifest)) + list(_compare_builds(a.manifest, b.manifest))


def _list_nodes(made: Made, output: str, node_types: Mapping[str, NodeType]) -> dict[str, FlatNode]:
    """Return the nodes that an output needs, or all if there is no such output."""
    nodes = flatten_document(made.document, made.inputs, made.graphs, node_types)
    wanted = f"output {output}"
    if wanted not in nodes[""].inputs:
        return nodes
    nodes[""] = replace(nodes[""], inputs={wanted: nodes[""].inputs[wanted]})
    needed, pending = {""}, [""]
    while pending:
        found = {_find_node(edge, nodes) for end in nodes[pending.pop()].inputs.values() for edge in list_edges(end)}
        pending += (found & nodes.keys()) - needed
        needed |= found
    return {name: node for name, node in nodes.items() if name in needed}


def _compare_nodes(
    name: str, one: tuple[FlatNode, Made], two: tuple[FlatNode, Made], names: Mapping[str, str]
) -> Iterator[Difference]:
    (node, a), (other, b) = one, two
    if node.type != other.type:
        yield Difference(name, "node type", node.type, other.type)
    for end in dict.fromkeys([*node.inputs, *other.inputs]):
        left, right = node.inputs.get(end), other.inputs.get(end)
        if _make_key(left, a, names) != _make_key(right, b, {}):
            part = end if name == "" or node.type == "graph" or end == "when" else f"input {end}"
            yield Difference(name, part, *_show_pair(left, a, right, b))


def _show_pair(left: Any, a: Made, right: Any, b: Made) -> tuple[str, str]:
    """Return two values as text; files of one name with their digests."""
    shown = _show(left), _show(right)
    if shown[0] == shown[1] or is_file(left) or is_file(right):
        shown = _show(left, a), _show(right, b)
    return shown


def _show(value: Any, made: Made | None = None) -> str:
    if value is None:
        return ""
    if is_edge(value):
        return f"from {value['from']}"
    if is_file(value):
        digest = (made.digests.get(value["file"], "") if made else "")[:12]
        return show_json(value["file"]) + (f" ({digest})" if digest else "")
    return show_json(value)


def _make_key(value: Any, made: Made, names: Mapping[str, str]) -> str:
    """Return a text that is equal for equal values: files by their content, edges by the other graph's names."""
    return json.dumps(_normalize(value, made, names), sort_keys=True)


def _normalize(value: Any, made: Made, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_normalize(entry, made, names) for entry in value]
    if is_edge(value):
        node, dot, output = str(value["from"]).rpartition(".")
        node, output = (node, output) if dot else (output, "")
        return {"from": [names.get(node, node), output]}
    if is_file(value):
        return {"file": made.digests.get(value["file"]) or value["file"]}
    if is_pattern(value) and made.digests:
        fitting = find_names(Path(), value["files"], made.digests)
        return {"files": [made.digests.get(name, name) for name in fitting] or value["files"]}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


# -- names -------------------------------------------------------------------------------------------------


def _match_names(nodes_a: Mapping[str, FlatNode], nodes_b: Mapping[str, FlatNode], a: Made, b: Made) -> dict[str, str]:
    """Return for nodes of the first the names of those of the second: equal ones, or others that make the same."""
    names = {name: name for name in nodes_a if name in nodes_b}
    rest_a, rest_b = ([name for name in one if name not in names] for one in (nodes_a, nodes_b))
    if rest_a and rest_b:
        digests_a, digests_b = _digest_nodes(nodes_a, a), _digest_nodes(nodes_b, b)
        by_digest = {digests_b[name]: name for name in rest_b if name in digests_b}
        for name in rest_a:
            other = by_digest.pop(digests_a.get(name, ""), None)
            if other is not None:
                names[name] = other
    return names


def _digest_nodes(nodes: Mapping[str, FlatNode], made: Made) -> dict[str, str]:
    """Return a digest for each node that does not depend on names; none for those in cycles."""
    found: dict[str, str] = {}
    waiting = {name: {_find_node(edge, nodes) for end in n.inputs.values() for edge in list_edges(end)}
               for name, n in nodes.items()}  # fmt: skip
    ready = [name for name, needed in waiting.items() if not needed]
    users: dict[str, list[str]] = {}
    for name, needed in waiting.items():
        for one in needed:
            users.setdefault(one, []).append(name)
    while ready:
        name = ready.pop()
        node = nodes[name]
        parts = {end: _make_key(value, made, found) for end, value in node.inputs.items()}
        found[name] = hash_parts({"node type": node.type, **parts})
        for user in users.get(name, ()):
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    return found


def _find_node(edge: str, nodes: Mapping[str, FlatNode]) -> str:
    """Return the node that an edge comes from; the edge itself if it is none of these nodes."""
    node, dot, _ = edge.rpartition(".")
    return node if dot and node in nodes else edge


# -- code and device ---------------------------------------------------------------------------------------


def _compare_code(name: str, a: Made, other: str, b: Made, stated: tuple[str, str]) -> Iterator[Difference]:
    row_a, row_b = (_find_row(made, node) for made, node in ((a, name), (b, other)))
    for part in _CODE if row_a and row_b else ():
        if row_a.get(part) != row_b.get(part):
            yield Difference(name, part, str(row_a.get(part, "")), str(row_b.get(part, "")))
    if not (row_a and row_b) and all(stated) and stated[0] != stated[1]:
        yield Difference(name, "version", *stated)


def _compare_parts(
    name: str, one: tuple[FlatNode, Made], other: str, two: tuple[FlatNode, Made], find_parts: _FindParts
) -> Iterator[Difference]:
    """Yield what only fingerprints tell: other sources of one version, and other weights of one name."""
    rows = _find_row(one[1], name), _find_row(two[1], other)
    fingerprints = [row.get("fingerprints") for row in rows]
    if not all(isinstance(known, list) and len(known) == 1 for known in fingerprints):
        return
    parts = [find_parts(str(known[0])) for known in fingerprints if isinstance(known, list)]
    for part in dict.fromkeys([*parts[0], *parts[1]]) if all(parts) else ():
        left, right = parts[0].get(part, ""), parts[1].get(part, "")
        if left != right and _is_told_by_parts(part, one, two):
            yield Difference(name, part.replace("input", "weights of input"), left[:12], right[:12])


def _is_told_by_parts(part: str, one: tuple[FlatNode, Made], two: tuple[FlatNode, Made]) -> bool:
    if not part.startswith("input "):
        return part in ("sources", "sources of Studio") or part.startswith("value type ")
    end = part.removeprefix("input ")
    left, right = (node.inputs.get(end) for node, _ in (one, two))
    is_model = isinstance(left, str) and REFERENCE.match(left) is not None
    return is_model and left == right


def _find_row(made: Made, name: str) -> Mapping[str, Any]:
    return read_mapping(read_mapping(made.manifest.get("nodes")).get(name))


def _compare_machines(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    if not a or not b:
        return
    machines = read_mapping(a.get("machine")), read_mapping(b.get("machine"))
    pairs = {name: (machines[0].get(name), machines[1].get(name)) for name in _MACHINE}
    for name, (one, two) in {**pairs, "studio": (a.get("studio"), b.get("studio"))}.items():
        if one != two:
            yield Difference("", name, str(one or ""), str(two or ""))


def _compare_builds(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    builds_a, builds_b = parse_builds(a.get("distributions")), parse_builds(b.get("distributions"))
    if not builds_a or not builds_b:  # older manifests record none
        return
    for name in sorted({*builds_a, *builds_b}):
        one, two = ({name: known[name]} if name in known else {} for known in (builds_a, builds_b))
        if not (compare_builds(one, two) or compare_builds(two, one)):
            continue
        left, right = one.get(name, {}), two.get(name, {})
        if name != PROJECT or left.get("version") == right.get("version"):  # else its version is listed already
            yield Difference("", f"distribution {name}", describe_build(left, right), describe_build(right, left))
