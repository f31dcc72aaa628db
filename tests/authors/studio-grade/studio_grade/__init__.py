"""Node types `grade.*`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import ModelOpener, find_node_types, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types."""
    from studio_grade import nodes

    return find_node_types(nodes)


@hookimpl
def studio_models() -> Mapping[str, Path]:
    """Return the weights."""
    return {"grade-warm": Path(__file__).parent / "weights" / "warm.safetensors"}


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener."""
    from studio_grade.opener import MatrixOpener

    return [MatrixOpener()]
