"""Inputs in color spaces that a node type does not take: converted to sRGB, with a warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import Image, Mask, NodeType, Video, convert_color
from studio.execution.call import Call

_COLORED = frozenset({"image", "mask", "video"})


def convert_inputs(call: Call, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs of a call as its node type takes them.

    Images, masks and videos go through as they are in plain sRGB, and in the encodings that the node type declares.
    All others become plain sRGB, videos frame by frame while they are read. The node then has one warning, the same
    for all its calls. Inputs of any type are left alone.
    """
    node_type = call.node_type
    found = {
        name: value
        for name, value in inputs.items()
        if node_type.inputs[name].spec.name in _COLORED and not _is_taken(node_type, value)
    }
    if not found:
        return inputs
    if call.context is not None:
        call.context.note(_describe(node_type))
    return {**inputs, **{name: _convert(node_type, value) for name, value in found.items()}}


def _is_taken(node_type: NodeType, value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_taken(node_type, entry) for entry in value)
    return not isinstance(value, Image | Mask | Video) or node_type.takes_color(value.color)


def _convert(node_type: NodeType, value: Any) -> Any:
    if isinstance(value, list):
        return [_convert(node_type, entry) for entry in value]
    return value if _is_taken(node_type, value) else convert_color(value)


def _describe(node_type: NodeType) -> str:
    taken = "sRGB only"
    if node_type.encodings:
        taken = "plain sRGB, and any color space encoded as " + " or ".join(sorted(node_type.encodings))
    return f"inputs in other color spaces were converted to sRGB and clipped to [0, 1]: {node_type.id} takes {taken}"
