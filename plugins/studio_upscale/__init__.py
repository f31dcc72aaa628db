"""Super-resolution, and images freed of noise and of JPEG's artefacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import ModelOpener, hookimpl
from studio.api.foreign import ImportRule


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `upscale.*`."""
    from studio_upscale import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the openers of networks that enlarge and restore."""
    from studio_upscale.graph_opener import GraphOpener
    from studio_upscale.opener import UpscaleOpener

    return [UpscaleOpener(), GraphOpener()]


@hookimpl
def studio_models() -> Mapping[str, Path]:
    """Return the networks that ship with the plugin."""
    weights = Path(__file__).parent / "weights"
    files = {
        name: weights / f"{name.replace('-', '_')}.safetensors"
        for name in ("compact", "compact-fast", "compact-restore")
    }
    return {name: file for name, file in files.items() if file.is_file()}


@hookimpl
def studio_catalog() -> Iterable[Path]:
    """Return the folder with entries of networks that enlarge and restore."""
    return [Path(__file__).parent / "catalog"]


@hookimpl
def studio_weight_converters() -> Mapping[str, Callable[[Mapping[str, Path], Path], None]]:
    """Return what makes safetensors of networks of ncnn and of TensorFlow.js."""
    from studio_upscale.ncnn_conversion import convert_ncnn
    from studio_upscale.tfjs_conversion import convert_tfjs

    return {"ncnn": convert_ncnn, "tfjs": convert_tfjs}


@hookimpl
def studio_import_rules() -> Mapping[str, ImportRule]:
    """Return what ComfyUI's nodes for enlarging mean."""
    from studio_upscale.import_rules import RULES

    return RULES
