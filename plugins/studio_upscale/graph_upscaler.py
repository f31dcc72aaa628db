"""`GraphUpscaler`: a graph of TensorFlow.js that restores images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from studio.api import ModelError
from studio_upscale.upscaler import Upscaler

if TYPE_CHECKING:
    from studio_upscale.networks.tfjs_graph import TfjsGraph
    from studio_upscale.pixels import FloatArray


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
