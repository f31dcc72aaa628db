"""The opener of graphs of TensorFlow.js that restore images, such as MAXIM (Tu et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Model, ModelError, ModelOpener
from studio.api.model_folder import read_json
from studio_upscale.upscaler import Upscaler

if TYPE_CHECKING:
    from studio_upscale.networks.tfjs_graph import TfjsGraph
    from studio_upscale.pixels import FloatArray

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


class GraphUpscaler(Upscaler):
    """A graph that restores images; their sides are padded to multiples of 64, as MAXIM wants them."""

    _MULTIPLE = 64

    def __init__(self, graph: TfjsGraph, device: str) -> None:
        self._graph, self._device = graph, device
        self.scales, self.reach, self.name = (1,), 0, "the graph"

    def _run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray:
        import torch

        height, width, channels = images.shape[1:]
        room = ((0, 0), (0, -height % self._MULTIPLE), (0, -width % self._MULTIPLE), (0, 0))
        padded = np.pad(np.repeat(images, 3, axis=3) if channels == 1 else images, room, mode="symmetric")
        made = []
        with torch.inference_mode():
            for image in padded:
                given = torch.from_numpy(np.ascontiguousarray(image[None])).to(self._device)
                try:
                    made.append(self._graph.run(given).float().cpu().numpy()[0])
                except (IndexError, KeyError, TypeError, ValueError) as error:
                    raise ModelError("E693", f"{self.name} cannot run: {error}", hint="get the model again") from None
        cut: FloatArray = np.stack(made)[:, :height, :width]
        return cut.mean(axis=3, keepdims=True) if channels == 1 else cut

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return self._graph.measure()
