"""Inputs in color spaces that a node type does not take: converted to sRGB, with a warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import Image, Mask, NodeType, Video, convert_color
from studio.suggestion import join_words

_COLORED = frozenset({"image", "mask", "video"})


def convert_inputs(node_type: NodeType, inputs: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the inputs of a call as its node type takes them, and a warning if one was converted.

    Images, masks and videos stay as they are in plain sRGB, and in encodings that the node type declares.
    All others become plain sRGB, videos frame by frame while they are read. The warning is the same for all calls of
    a node, which so has one. Inputs of any type are left alone.
    """
    found = {
        name: value
        for name, value in inputs.items()
        if node_type.inputs[name].spec.name in _COLORED and not _is_taken(node_type, value)
    }
    if not found:
        return inputs, ""
    converted = {name: _convert(node_type, value) for name, value in found.items()}
    return {**inputs, **converted}, _describe(node_type)


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
        taken = f"plain sRGB, and any color space encoded as {join_words(sorted(node_type.encodings))}"
    return f"inputs in other color spaces were converted to sRGB and clipped to [0, 1]: {node_type.id} takes {taken}"
