"""Palettes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import ValueType, find_node_types, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types."""
    from studio_palette import nodes

    return find_node_types(nodes)


@hookimpl
def studio_value_types() -> Iterable[ValueType[Any]]:
    """Return the value types."""
    from studio_palette.palette import PaletteType

    return [PaletteType()]
