"""Style node types: a picture repainted with the strokes and the colours of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import find_node_types, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `style.*`."""
    from studio_style import nodes

    return find_node_types(nodes)
