"""Training: small adapters of large models, from a few images of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `train.*`."""
    from studio_train import nodes

    return nodes.NODE_TYPES
