"""Images understood: objects cut out and found, depth, and drawings of their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import ModelOpener, hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `vision.*`."""
    from studio_vision import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of networks that look at images."""
    from studio_vision.opener import VisionOpener

    return [VisionOpener()]


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what nodes for ComfyUI that look at images mean."""
    from studio_vision.import_rules import RULES

    return RULES


@hookimpl
def studio_catalog() -> Iterable[Path]:
    """Return the folder with entries of networks that look at images."""
    return [Path(__file__).parent / "catalog"]
