"""Group nodes of ComfyUI's older canvas documents, in the form of its subgraphs.

Such a document keeps a group's nodes, and the links among them, in `extra.groupNodes`; where the group is used there is
one node of type `workflow>NAME`. What that has for inputs, widgets and outputs is not written down: ComfyUI finds it
anew from the nodes inside. The same is done here: node by node its widgets and its inputs without a link inside, at the
end the widgets that were turned into inputs; a name that is taken is prefixed with the title of its node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.graph.foreign.canvas_slots import CONTROLLED, NOTES, FindWidgets
from studio.graph.foreign.document import MAX_NODES
from studio.graph.foreign.fault import refuse

INLET, OUTLET = -10, -20
"""Numbers of the nodes that stand for the inputs and the outputs of a subgraph in its links."""
WIDGETS, CONVERTED = "group_widgets", "group_converted"
"""Keys of a shaped group: names of its widgets in the order of their values, and of those that became inputs."""

_PRIMITIVE, _REROUTE = "PrimitiveNode", "Reroute"
_UNKNOWN = "?"


def list_group_nodes(data: Mapping[str, Any], find_widgets: FindWidgets) -> dict[str, Mapping[str, Any]]:
    """Return the group nodes of a document as subgraphs, by the type that their nodes have.

    Args:
        data: The document.
        find_widgets: Returns the names of the widgets of a class.

    Raises:
        UsageError: E029 if groups are too large.
    """
    extra = data.get("extra")
    groups = extra.get("groupNodes") if isinstance(extra, dict) else None
    if not isinstance(groups, dict):
        return {}
    found: dict[str, Mapping[str, Any]] = {}

    def find(kind: str) -> Sequence[str] | None:
        return [*found[kind][WIDGETS], *found[kind][CONVERTED]] if kind in found else find_widgets(kind)

    size = 0  # groups of groups have the widgets of all
    for name, group in groups.items():
        if isinstance(group, dict) and isinstance(group.get("nodes"), list):
            shaped = _Shaper(group, find, MAX_NODES - size).shape()
            size += len(shaped["nodes"]) + len(shaped["links"])
            found |= {f"workflow>{name}": shaped, f"workflow/{name}": shaped}
    return found


@dataclass
class _Shaper:
    """Finds what a group has for inputs, widgets and outputs.

    Attributes:
        group: The group, as the document has it.
        find_widgets: Returns the names of the widgets of a class.
        most: How many nodes, links and widgets it may have at the most.
    """

    group: Mapping[str, Any]
    find_widgets: FindWidgets
    most: int
    labels: list[dict[str, Any]] = field(default_factory=list)
    outside: set[tuple[int, int]] = field(default_factory=set)
    seen: dict[str, int] = field(default_factory=dict)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    widgets: list[str] = field(default_factory=list)
    converted: list[str] = field(default_factory=list)
    links: list[list[Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def shape(self) -> dict[str, Any]:
        """Return the group as a subgraph.

        Raises:
            UsageError: E029 if it is too large.
        """
        nodes = [node if isinstance(node, dict) else {} for node in self.group["nodes"]]
        self._bound(nodes)
        self.rows = [_copy(node, at) for at, node in enumerate(nodes)]
        self.labels = [{str(one.get("name")): one.get("label") for one in row["inputs"]} for row in self.rows]
        self.outside = {(entry[0], entry[1]) for entry in _list(self.group, "external") if _is_place(entry)}
        inside = self._link_inside()
        sent = {(link[1], link[2]) for link in self.links}
        for row in self.rows:
            if row["type"] in NOTES:
                continue
            self._add_widgets(row, inside, sent)
            self._add_slots(row, inside)
            self._add_outputs(row, inside, sent)
        for row in self.rows:
            self._add_converted(row, inside)
        return {
            "nodes": self.rows, "links": self.links, "inputs": self.inputs, "outputs": self.outputs,
            WIDGETS: self.widgets, CONVERTED: self.converted,
        }  # fmt: skip

    def _bound(self, rows: Sequence[Any]) -> None:
        if len(rows) > self.most:
            raise refuse(f"its groups have more than {MAX_NODES} nodes and widgets", where="/extra/groupNodes")

    def _link_inside(self) -> set[tuple[int, int]]:
        """Link the nodes of the group with one another; return which slots are given something so."""
        inside = set()
        for link in _list(self.group, "links"):
            ends = link[:4] if isinstance(link, list) else ()
            if len(ends) < 4 or not all(type(end) is int for end in ends):
                continue  # from outside
            origin, slot, target, place = ends
            if 0 <= origin < len(self.rows) and 0 <= target < len(self.rows):
                slots = self.rows[target]["inputs"]
                if 0 <= place < len(slots):
                    slots[place]["link"] = self._add_link(origin, slot, target, place)
                    inside.add((target, place))
        for row in self.rows:
            for place, one in enumerate(row["inputs"]):
                if (row["id"], place) not in inside:
                    one["link"] = None
        return inside

    def _add_widgets(self, row: dict[str, Any], inside: set[tuple[int, int]], sent: set[tuple[Any, Any]]) -> None:
        """Add the widgets of a node that are still widgets."""
        at = row["id"]
        if row["type"] == _PRIMITIVE and (at, 0) not in sent:
            return
        converted = {str(slot.get("name")) for slot in row["inputs"] if slot.get("widget")}
        for widget in self._list_widgets(row, len(converted)):
            own = widget.removesuffix(CONTROLLED)
            if own in converted:
                continue
            name = self._name(row, own)
            self.widgets.append(name + widget[len(own) :])
            self._bound(self.widgets)
            if own != _UNKNOWN:
                row["inputs"].append({"name": own, "type": "", "link": self._add_inlet(name, at, len(row["inputs"]))})

    def _list_widgets(self, row: Mapping[str, Any], converted: int) -> Sequence[str]:
        if row["type"] == _PRIMITIVE:
            return (f"value{CONTROLLED}",)
        names = self.find_widgets(row["type"])
        if names is not None:
            return names
        values = row.get("widgets_values")
        return (_UNKNOWN,) * (len(values) - converted if isinstance(values, list) else 0)

    def _add_slots(self, row: Mapping[str, Any], inside: set[tuple[int, int]]) -> None:
        """Add the inputs of a node that are no widgets and have no link inside."""
        at = row["id"]
        for place, slot in enumerate(row["inputs"]):
            if slot.get("widget") or slot["link"] is not None or (at, place) in inside:
                continue
            own = self._find_passed_type(at) if row["type"] == _REROUTE else str(slot.get("name"))
            name = self._name(row, own)
            if self._configure(row, "input", own).get("visible") is not False:
                slot["link"] = self._add_inlet(name, at, place)

    def _add_converted(self, row: Mapping[str, Any], inside: set[tuple[int, int]]) -> None:
        """Add the widgets of a node that were turned into inputs and have no link inside."""
        at = row["id"]
        places = [place for place, slot in enumerate(row["inputs"]) if slot.get("widget") and (at, place) not in inside]
        for place in sorted(places, key=str):  # ComfyUI sorts the numbers as texts
            slot = row["inputs"][place]
            own = str(slot.get("name"))
            name = self._name(row, own)
            slot["link"] = self._add_inlet(name, at, place)
            self.converted.append(name + CONTROLLED)

    def _add_outputs(self, row: Mapping[str, Any], inside: set[tuple[int, int]], sent: set[tuple[Any, Any]]) -> None:
        """Add the outputs of a node that lead outside, or nowhere."""
        at = row["id"]
        if row["type"] == _PRIMITIVE and (at, 0) not in sent:
            return
        if row["type"] == _REROUTE and (at, 0) in inside and (at, 0) in sent and (at, 0) not in self.outside:
            return
        for slot, output in enumerate(_list_objects(row, "outputs")):
            shown = self._configure(row, "output", str(slot)).get("visible")
            if shown is None:
                shown = (at, slot) not in sent or (at, slot) in self.outside
            if shown:
                self._add_link(at, slot, OUTLET, len(self.outputs))
                self.outputs.append({"name": str(output.get("name")), "type": str(output.get("type"))})

    def _find_passed_type(self, at: int) -> str:
        """Return the type of what a reroute passes on, which is the name of its input.

        It is that of the first typed input that it leads to inside, else of a link that led into it, else of one that
        led out of it.
        """
        targets = [link for link in self.links if link[1] == at]
        types: list[Any] = [self.rows[link[3]]["inputs"][link[4]].get("type") for link in targets if link[3] >= 0]
        if not targets:
            links = [link for link in _list(self.group, "links") if isinstance(link, list) and len(link) > 5]
            types = [link[5] for link in links if link[2] == at][:1]
            types += [entry[2] for entry in _list(self.group, "external") if _is_place(entry) and entry[0] == at][:1]
        return next((str(kind) for kind in types if kind not in (None, "*")), "*")

    def _name(self, row: Mapping[str, Any], own: str) -> str:
        """Return the name that ComfyUI gives an input or a widget of a node on the outside of its group."""
        label = self.labels[row["id"]].get(own)
        key = name = str(self._configure(row, "input", own).get("name") or label or own)
        title = row.get("title")
        if (row["type"] == _PRIMITIVE and title) or name in self.seen:
            prefix = f"{row['type'] if title is None else title} "
            key = name = f"{prefix}{own}"
            if name in self.seen:
                name = f"{prefix}{self.seen[name]} {own}"
        self.seen[key] = self.seen.get(key, 1) + 1
        return name

    def _configure(self, row: Mapping[str, Any], side: str, own: str) -> Mapping[str, Any]:
        """Return what the user chose for an input or an output of the group."""
        found: Any = self.group.get("config")
        for key in (str(row["id"]), side, own):
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _add_inlet(self, name: str, target: int, place: int) -> int:
        self.inputs.append({"name": name})
        return self._add_link(INLET, len(self.inputs) - 1, target, place)

    def _add_link(self, *ends: int) -> int:
        self.links.append([len(self.links), *ends])
        self._bound(self.links)
        return len(self.links) - 1


def _is_place(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) >= 3 and type(entry[0]) is int and type(entry[1]) is int


def _copy(node: Mapping[str, Any], at: int) -> dict[str, Any]:
    slots = [dict(slot) for slot in _list_objects(node, "inputs")]
    return {**node, "id": at, "type": str(node.get("type")), "inputs": slots}


def _list(row: Mapping[str, Any], key: str) -> list[Any]:
    rows = row.get(key)
    return rows if isinstance(rows, list) else []


def _list_objects(row: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    return (one for one in _list(row, key) if isinstance(one, dict))
