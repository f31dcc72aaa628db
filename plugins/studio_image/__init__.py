"""Image node types, and checks of images: files, geometry, tone, filters, masks, layers, text and contact sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from studio.api import hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `image.*`, and `check.*` for images and videos."""
    from studio_image import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what ComfyUI's nodes for images and masks mean."""
    from studio_image.import_rules import RULES

    return RULES
