"""Texts: scenes from a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `text.*`."""
    from studio_text import nodes

    return nodes.NODE_TYPES
