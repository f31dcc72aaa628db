"""The opener of graphs of TensorFlow.js that restore images, such as MAXIM (Tu et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Model, ModelError, ModelOpener
from studio.api.model_folder import read_json

if TYPE_CHECKING:
    from studio_upscale.graph_upscaler import GraphUpscaler

_WEIGHTS, _GRAPH = "model.safetensors", "graph.json"


class GraphOpener(ModelOpener):
    """Opens folders with `graph.json` and `model.safetensors`; a `GraphUpscaler`."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether the folder has both files."""
        return path.is_dir() and (path / _GRAPH).is_file() and (path / _WEIGHTS).is_file()

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say that this is an upscaler: a network that restores images."""
        return "upscaler"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> GraphUpscaler:
        """Load a graph, in float32.

        Raises:
            ModelError: E690 if it cannot be read or has an unknown operation, E694 for a load option.
        """
        from safetensors.torch import load_file

        from studio_upscale.graph_upscaler import GraphUpscaler
        from studio_upscale.networks.tfjs_graph import TfjsGraph

        for option, _ in model.options:
            raise ModelError("E694", f"unknown load option {option!r} of upscaling networks", hint="leave it out")
        graph = read_json(path / _GRAPH, "E690")
        try:
            return GraphUpscaler(TfjsGraph(graph, load_file(path / _WEIGHTS), device), device)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            hint = "get the model again"
            raise ModelError("E690", f"the graph of {path.name!r} cannot be used: {error}", hint=hint) from None

    def measure(self, opened: Any) -> int:
        """Return the bytes of the weights."""
        return int(opened.measure())
