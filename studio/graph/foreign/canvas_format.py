"""The canvas format of ComfyUI (LiteGraph): nodes with places, numbered links, and subgraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.api.foreign import ForeignFile, ForeignLink, ForeignNode
from studio.graph.foreign.canvas_slots import (
    NOTES,
    FindWidgets,
    Hidden,
    Links,
    find_bypass,
    find_hidden_links,
    find_wireless,
    list_slots,
    read_widgets,
    zip_group_widgets,
    zip_subgraph_widgets,
)
from studio.graph.foreign.document import MAX_DEPTH, MAX_NODES, PASS, ForeignDocument, read_number
from studio.graph.foreign.fault import refuse
from studio.graph.foreign.group_nodes import CONVERTED, INLET, OUTLET, WIDGETS, list_group_nodes

MUTED, BYPASSED = 2, 4


def is_canvas(data: Any) -> bool:
    """Return whether JSON is a document in the canvas format."""
    return isinstance(data, dict) and isinstance(data.get("nodes"), list) and isinstance(data.get("links"), list)


@dataclass(frozen=True)
class _Graph:
    """A graph in the document: the whole, or a subgraph where it is used."""

    data: Mapping[str, Any]
    prefix: str
    depth: int
    inlets: Sequence[Any] = ()


@dataclass(frozen=True)
class _Linked:
    """How the nodes of a graph are linked, which is the same wherever a subgraph is used.

    Attributes:
        links: Its links.
        wireless: Links of nodes that feed all inputs of a type.
        hidden: Links of a damaged document that its slots do not name.
        outlets: Links to its own outputs.
    """

    links: Links
    wireless: Hidden
    hidden: Hidden
    outlets: Sequence[tuple[Any, ...]]


@dataclass
class _Flat:
    """What is read so far."""

    find_widgets: FindWidgets
    subgraphs: Mapping[str, Mapping[str, Any]]
    nodes: dict[str, ForeignNode] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, tuple[ForeignNode, str]] = field(default_factory=dict)
    unsure: dict[str, tuple[ForeignNode, str]] = field(default_factory=dict)
    pending: list[_Graph] = field(default_factory=list)
    senders: dict[str, ForeignLink] = field(default_factory=dict)
    linked: dict[int, _Linked] = field(default_factory=dict)  # by the id of the graph in memory


def read_canvas(data: Mapping[str, Any], find_widgets: FindWidgets) -> ForeignDocument:
    """Read a document in the canvas format; subgraphs and group nodes are flattened.

    Args:
        data: The document.
        find_widgets: Returns the names of the widgets of a class.

    Raises:
        UsageError: E029 if it is malformed, or too large when it is flat.
    """
    flat = _Flat(find_widgets, {**_list_subgraphs(data), **list_group_nodes(data, find_widgets)})
    flat.pending.append(_Graph(data, "", 0))
    while flat.pending:
        _read_graph(flat, flat.pending.pop())
    title = data.get("title") or data.get("name")
    name = title if isinstance(title, str) else ""
    return ForeignDocument("ComfyUI", flat.nodes, flat.notes, flat.left_out, flat.unsure, name)


def _list_subgraphs(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    definitions = data.get("definitions")
    found = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    rows = found if isinstance(found, list) else []
    return {
        str(row["id"]): {key: value for key, value in row.items() if key not in (WIDGETS, CONVERTED)}
        for row in rows
        if isinstance(row, dict) and "id" in row
    }


def _read_graph(flat: _Flat, graph: _Graph) -> None:
    if graph.depth > MAX_DEPTH:
        raise refuse(f"subgraphs are nested more than {MAX_DEPTH} deep", where="/definitions/subgraphs")
    rows = graph.data.get("nodes")
    if not isinstance(rows, list):
        raise refuse("invalid nodes: not a list", where="/nodes")
    linked = flat.linked.get(id(graph.data))
    if linked is None:
        linked = flat.linked[id(graph.data)] = _read_linked(graph.data, rows)
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("type"), str):
            raise refuse("invalid node: not an object with a type", where="/nodes")
        if len(flat.nodes) >= MAX_NODES:
            raise refuse(f"the document has more than {MAX_NODES} nodes when its subgraphs are flattened")
        _read_row(flat, graph, row, linked)
    if graph.prefix:
        _add_outlet(flat, graph, linked)


def _read_linked(data: Mapping[str, Any], rows: Sequence[Any]) -> _Linked:
    links = _read_links(data)
    outlets = [link for link in links.values() if link[2] == OUTLET]
    return _Linked(links, find_wireless(data), find_hidden_links(rows, links), outlets)


def _read_links(data: Mapping[str, Any]) -> Links:
    """Return the links of a graph by number: origin and its slot, target and its slot."""
    links: dict[int, tuple[Any, ...]] = {}
    rows = data.get("links") or []
    if not isinstance(rows, list):
        raise refuse("invalid links: not a list", where="/links")
    for row in rows:
        if isinstance(row, dict):
            row = [row.get(key) for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot")]
        if isinstance(row, list) and len(row) >= 5 and type(row[0]) is int and type(row[2]) is int:
            links[row[0]] = tuple(row[1:5])
    return links


def _read_row(flat: _Flat, graph: _Graph, row: Mapping[str, Any], linked: _Linked) -> None:
    node_id, kind = f"{graph.prefix}{row.get('id')}", str(row["type"])
    if kind in NOTES:
        flat.notes += _list_texts(row.get("widgets_values"))
        return
    sources, doubts = _find_sources(row, linked)
    inputs = {name: _follow(graph, link) for name, link in sources.items()}
    given = {name: value for name, value in inputs.items() if value is not None}
    node = _make_node(row, node_id, kind, given, flat)
    if doubts:
        flat.unsure[node_id] = (node, doubts)
    mode = row.get("mode")
    if mode in (MUTED, BYPASSED):
        flat.left_out[node_id] = (node, "muted" if mode == MUTED else "bypassed")
        passed = find_bypass(row, given) if mode == BYPASSED else {}
        flat.nodes[node_id] = ForeignNode(node_id, PASS, passed)
    elif kind in flat.subgraphs:
        _enter(flat, graph, row, node)
    else:
        flat.nodes[node_id] = node


def _find_sources(row: Mapping[str, Any], linked: _Linked) -> tuple[dict[str, tuple[Any, ...] | None], str]:
    """Return the link to each input of a node, by its name, and what is doubtful about them."""
    sources: dict[str, tuple[Any, ...] | None] = {}
    lost, mended = [], []
    for at, (name, number, _) in enumerate(list_slots(row)):
        place = (str(row.get("id")), at)
        link = linked.links.get(number) if type(number) is int else None
        link = link or linked.wireless.get(place)
        if link is None and place in linked.hidden:
            link = linked.hidden[place]
            mended.append(name)
        elif link is None and type(number) is int:
            lost.append(name)
        sources[name] = link
    doubts = {"lost links": lost, "linked by the table of links alone": mended}
    return sources, "; ".join(f"{what}: {', '.join(names)[:200]}" for what, names in doubts.items() if names)


def _follow(graph: _Graph, link: tuple[Any, ...] | None) -> Any:
    """Return where a link comes from: a node, or what the subgraph was given."""
    if link is None:
        return None
    origin, slot = link[0], link[1]
    if origin == INLET:
        return graph.inlets[slot] if 0 <= slot < len(graph.inlets) else None
    return ForeignLink(f"{graph.prefix}{origin}", slot)


def _make_node(row: Mapping[str, Any], node_id: str, kind: str, given: dict[str, Any], flat: _Flat) -> ForeignNode:
    values = row.get("widgets_values")
    widgets = {} if kind in flat.subgraphs else read_widgets(row, values, flat.find_widgets(kind))
    title = row.get("title")
    inputs = {**widgets, **given}
    return ForeignNode(
        node_id, kind, inputs, title if isinstance(title, str) else "", _read_place(row), tuple(_list_files(row))
    )


def _enter(flat: _Flat, graph: _Graph, row: Mapping[str, Any], node: ForeignNode) -> None:
    """Note that a subgraph must be read, with what its inputs are given here."""
    subgraph = flat.subgraphs[node.kind]
    names = [str(one.get("name")) for one in subgraph.get("inputs") or [] if isinstance(one, dict)]
    is_group = WIDGETS in subgraph
    widgets = _read_group_widgets(flat, subgraph, row, node) if is_group else zip_subgraph_widgets(subgraph, row)
    inlets = [node.inputs.get(name, widgets.get(name)) for name in names]
    flat.pending.append(_Graph(subgraph, f"{node.id}:", graph.depth + 1, inlets))


def _read_group_widgets(
    flat: _Flat, group: Mapping[str, Any], row: Mapping[str, Any], node: ForeignNode
) -> Mapping[str, Any]:
    """Return the values of a group node's widgets; its nodes keep their own where these cannot be told apart."""
    widgets = zip_group_widgets(group[WIDGETS], group[CONVERTED], row.get("widgets_values"))
    if widgets is None:
        flat.unsure[node.id] = (node, "its values are those of its nodes when they were grouped")
    return widgets or {}


def _add_outlet(flat: _Flat, graph: _Graph, linked: _Linked) -> None:
    """Add the node that stands for the outputs of a subgraph."""
    passed = {}
    for link in linked.outlets:
        value = _follow(graph, link)
        if value is not None:
            passed[str(link[3])] = value
    node_id = graph.prefix.removesuffix(":")
    flat.nodes[node_id] = ForeignNode(node_id, PASS, passed)


def _list_texts(values: Any) -> Iterator[str]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, str) and value.strip():
            yield value.strip()


def _read_place(row: Mapping[str, Any]) -> tuple[float, float] | None:
    place = row.get("pos")
    if isinstance(place, dict):
        place = [place.get("0"), place.get("1")]
    if not isinstance(place, list) or len(place) < 2:
        return None
    x, y = read_number(place[0]), read_number(place[1])
    return None if x is None or y is None else (round(x, 1), round(y, 1))


def _list_files(row: Mapping[str, Any]) -> Iterator[ForeignFile]:
    properties = row.get("properties")
    models = properties.get("models") if isinstance(properties, dict) else None
    for model in models if isinstance(models, list) else ():
        if isinstance(model, dict) and isinstance(model.get("name"), str):
            yield ForeignFile(model["name"], str(model.get("url") or ""), str(model.get("directory") or ""))
