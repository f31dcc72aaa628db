"""Videos: read, cut, join, transformed, interpolated, and made from words and stills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `video.*`."""
    from studio_video import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_catalog() -> Iterable[Path]:
    """Return the folder with entries of models that make videos."""
    return [Path(__file__).parent / "catalog"]


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what ComfyUI's nodes for videos mean."""
    from studio_video.import_rules import RULES

    return RULES
