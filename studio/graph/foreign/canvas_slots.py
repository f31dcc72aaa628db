"""The slots and widgets of nodes on ComfyUI's canvas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_WIDGET_TYPES = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
_CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
_NAMED = ("SetNode", "GetNode")
NOTES = ("Note", "MarkdownNote")
"""Classes of notes, which do nothing."""
CONTROLLED = "+"
"""Ends the name of a widget that is followed by a control, such as "randomize"."""
Links = Mapping[int, tuple[Any, ...]]
"""Links by number: origin and its slot, target and its slot."""
Hidden = Mapping[tuple[str, int], tuple[Any, ...]]
"""Links that slots do not name, by target and slot: origin and its slot."""
FindWidgets = Callable[[str], Sequence[str] | None]
"""Returns the names of the widgets of a class, or None for an unknown class."""


def list_slots(row: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Return name, number of the link and type of each input slot."""
    slots = row.get("inputs")
    return [
        (str(slot.get("name")), slot.get("link"), str(slot.get("type")))
        for slot in (slots if isinstance(slots, list) else ())
        if isinstance(slot, dict)
    ]


def find_wireless(graph: Mapping[str, Any]) -> Hidden:
    """Return the links of nodes that feed all inputs of a type ("Use Everywhere")."""
    extra = graph.get("extra")
    wireless = extra.get("ue_links") if isinstance(extra, dict) else None
    found: dict[tuple[str, int], tuple[Any, ...]] = {}
    for link in wireless if isinstance(wireless, list) else ():
        row: dict[str, Any] = link if isinstance(link, dict) else {}
        slot, target_slot = row.get("upstream_slot"), row.get("downstream_slot")
        if type(slot) is int and type(target_slot) is int:
            found[str(row.get("downstream")), target_slot] = (row.get("upstream"), slot)
    return found


def find_hidden_links(rows: Sequence[Any], links: Links) -> Hidden:
    """Return the links of damaged documents to slots that do not name them.

    ComfyUI's own repair does so with a link that the output where it begins names, the last one first.

    Args:
        rows: The nodes of a graph.
        links: Its links.
    """
    found: dict[tuple[str, int], tuple[Any, ...]] = {}
    sent = {number for row in rows if isinstance(row, dict) for number in _list_sent(row)}
    unnamed = {str(row.get("id")) for row in rows if isinstance(row, dict) and not _names_links(row)}
    for number, (origin, slot, target, target_slot) in reversed(list(links.items())):
        if type(target_slot) is int and (number in sent or str(target) in unnamed):
            found.setdefault((str(target), target_slot), (origin, slot))
    return found


def _list_sent(row: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the links that a node's outputs name."""
    outputs = row.get("outputs")
    found = [one.get("links") for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
    return [number for numbers in found if isinstance(numbers, list) for number in numbers if type(number) is int]


def _names_links(row: Mapping[str, Any]) -> bool:
    slots = row.get("inputs")
    return any("link" in slot for slot in (slots if isinstance(slots, list) else ()) if isinstance(slot, dict))


def find_bypass(row: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the outputs of a bypassed node pass on: for each the input of its type, that at its place first."""
    slots, outputs = list_slots(row), row.get("outputs")
    passed = {}
    for at, output in enumerate(outputs if isinstance(outputs, list) else ()):
        wanted = str(output.get("type")) if isinstance(output, dict) else ""
        fitting = [name for name, _, kind in slots if wanted in (kind, "*") or kind == "*"]
        if at < len(slots) and slots[at][0] in fitting:
            fitting.insert(0, slots[at][0])
        value = next((given[name] for name in fitting if name in given), None)
        if value is not None:
            passed[str(at)] = value
    return passed


def read_widgets(row: Mapping[str, Any], values: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """Return the values of a node's widgets by name."""
    if isinstance(values, dict):
        return dict(values)
    if not isinstance(values, list):
        return {}
    if row.get("type") in _NAMED:
        names = ("name",)
    if names is None:
        names = [str(slot["name"]) for slot in row.get("inputs") or () if isinstance(slot, dict) and slot.get("widget")]
        return dict(zip(names, values, strict=False))
    return _zip_widgets(names, list(values))


def _zip_widgets(names: Sequence[str], rest: list[Any]) -> dict[str, Any]:
    """Return values by name; what is left of them stays in the list."""
    found = {}
    for at, name in enumerate(names, 1):
        if not rest:
            break
        found[name.removesuffix(CONTROLLED)] = rest.pop(0)
        if name.endswith(CONTROLLED) and _begin_with_control(rest, len(names) - at):
            rest.pop(0)
    return found


def _begin_with_control(rest: Sequence[Any], count: int) -> bool:
    """Say whether values begin with that of a control, where so many widgets follow it.

    In older documents it is null, or a bool; a bool is a control's if there are more values than widgets.
    """
    if rest and isinstance(rest[0], bool):
        return sum(not _is_control(value) for value in rest) > count
    return bool(rest) and (rest[0] is None or _is_control(rest[0]))


def _is_control(value: Any) -> bool:
    return isinstance(value, str) and value in _CONTROLS


def zip_group_widgets(names: Sequence[str], converted: Sequence[str], values: Any) -> dict[str, Any] | None:
    """Return the values that a group node's widgets have where it is used, by name, or None where they do not fit.

    Args:
        names: Names of its widgets.
        converted: Names of those that were turned into inputs: their values follow, or are not there at all.
        values: The values, with those of controls such as "randomize".
    """
    if not isinstance(values, list):
        return {} if values is None else None
    for wanted in (names, [*names, *converted]):
        rest = list(values)
        found = _zip_widgets(wanted, rest)
        if len(found) == len(wanted) and not rest:
            return found
    return None


def zip_subgraph_widgets(subgraph: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a subgraph is given by widgets where it is used, by the names of its inputs."""
    values = row.get("widgets_values")
    if not isinstance(values, list) or not values:
        return {}
    names = [
        str(one.get("name"))
        for one in subgraph.get("inputs") or ()
        if isinstance(one, dict) and _is_widget(str(one.get("type")))
    ]
    if len(values) != len(names):
        return {}
    return dict(zip(names, values, strict=True))


def _is_widget(kind: str) -> bool:
    return any(part in _WIDGET_TYPES for part in kind.split(","))
