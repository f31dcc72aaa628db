"""The API format of ComfyUI: nodes by id, each with its class and its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api.foreign import ForeignLink, ForeignNode
from studio.graph.foreign.document import MAX_NODES, ForeignDocument
from studio.graph.foreign.fault import refuse


def is_prompt(data: Any) -> bool:
    """Return whether JSON is a document in the API format."""
    return isinstance(data, dict) and any(
        isinstance(node, dict) and isinstance(node.get("class_type"), str) for node in data.values()
    )


def find_prompt(data: Any) -> Any:
    """Return the document in the API format that JSON is or wraps: a request, an entry of the queue or the history."""
    if is_prompt(data):
        return data
    wrapped = [data.get("prompt"), data.get("output")] if isinstance(data, dict) else []
    if isinstance(data, dict) and len(data) == 1:
        entry = next(iter(data.values()))
        wrapped.append(entry.get("prompt") if isinstance(entry, dict) else None)
    for one in [*wrapped, data]:
        parts = one if isinstance(one, list) else [one]  # the queue: number, id, document, and what else
        found = next((part for part in parts[:3] if is_prompt(part)), None)
        if found is not None:
            return found
    return data


def read_prompt(data: Mapping[str, Any]) -> ForeignDocument:
    """Read a document in the API format.

    Raises:
        UsageError: E029 if it is malformed.
    """
    if len(data) > MAX_NODES:
        raise refuse(f"the document has {len(data)} nodes, more than {MAX_NODES}")
    nodes = {}
    for node_id, node in data.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            if isinstance(node, dict) and "inputs" in node:
                raise refuse(f"node {node_id!r} has no class_type", where=f"/{node_id}")
            continue  # such as "version", or data of other programs beside the nodes
        nodes[node_id] = _read_node(node_id, node)
    return ForeignDocument("ComfyUI", nodes)


def _read_node(node_id: str, node: Mapping[str, Any]) -> ForeignNode:
    inputs = node.get("inputs", {})
    if not isinstance(inputs, dict):
        raise refuse(f"invalid inputs of node {node_id!r}: not an object", where=f"/{node_id}/inputs")
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return ForeignNode(
        node_id,
        node["class_type"],
        {name: _read_value(value) for name, value in inputs.items()},
        title if isinstance(title, str) else "",
    )


def _read_value(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 2 and _is_slot(value[1]) and isinstance(value[0], str | int):
        return ForeignLink(str(value[0]), int(value[1]))
    if isinstance(value, dict) and set(value) == {"__value__"}:
        return value["__value__"]
    return value


def _is_slot(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and value.is_integer())
