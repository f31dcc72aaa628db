"""Training: small adapters of large models, and autoencoders, from images of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import ModelOpener, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `train.*` and `latent.*`."""
    from studio_train import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_model_openers() -> list[ModelOpener]:
    """Return the opener of autoencoders."""
    from studio_train.opener import AutoencoderOpener

    return [AutoencoderOpener()]
