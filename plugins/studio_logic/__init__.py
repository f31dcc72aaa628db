"""Logic node types: switches, lists, text, numbers and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from studio.api import hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `logic.*`."""
    from studio_logic import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what ComfyUI's nodes for numbers, text and switches mean."""
    from studio_logic.import_rules import RULES

    return RULES
