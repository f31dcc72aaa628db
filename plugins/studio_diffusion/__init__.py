"""Diffusion models: images from words, from sketches, from images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import ModelOpener, ValueType, hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `diffusion.*`."""
    from studio_diffusion import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_value_types() -> Iterable[ValueType[Any]]:
    """Return the value type `control`."""
    from studio_diffusion.control_value import ControlType

    return [ControlType()]


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of diffusion models."""
    from studio_diffusion.opener import DiffusionOpener

    return [DiffusionOpener()]


@hookimpl
def studio_models() -> Mapping[str, Path]:
    """Return the models that ship with the plugin: a generator of small images, its ControlNet and its enlarger.

    `upscale.image` opens the enlarger.
    """
    weights = Path(__file__).parent / "weights"
    models = {"mini": "mini", "mini-sketch": "mini_sketch", "mini-enlarger": "mini_enlarger.safetensors"}
    return {name: weights / file for name, file in models.items() if (weights / file).exists()}


@hookimpl
def studio_catalog() -> Iterable[Path]:
    """Return the folder with entries of models that draw."""
    return [Path(__file__).parent / "catalog"]


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what ComfyUI's nodes for models, prompts, latents and sampling mean."""
    from studio_diffusion.import_rules import RULES

    return RULES
