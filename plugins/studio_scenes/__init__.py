"""Labeled scenes: pictures made of cut-outs that know what they show, to teach and to test detectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `scenes.*`."""
    from studio_scenes import nodes

    return nodes.NODE_TYPES
