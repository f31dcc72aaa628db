"""Texts: scenes from a sentence, and answers of language models on local servers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `text.*`."""
    from studio_text import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_settings() -> type[Any]:
    """Return the class of the settings."""
    from studio_text.settings import TextSettings

    return TextSettings
