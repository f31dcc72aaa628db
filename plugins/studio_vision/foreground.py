"""What stands in front of a background, by an ONNX network: U2-Net, IS-Net, BiRefNet and others with one mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from studio.api import ModelError

FloatArray = npt.NDArray[np.float32]
Normalization = Literal["imagenet", "imagenet_mean", "half"]

_SIDE = 1024
_LARGEST_SIDE = 4096
_LARGEST_LOGIT = 80.0  # its exponential is a float32
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_NUMBERS: Mapping[str, tuple[Sequence[float], Sequence[float]]] = {
    "imagenet": (_MEAN, _DEVIATION),
    "imagenet_mean": (_MEAN, (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
}


class Network(Protocol):
    """What is asked of an ONNX network."""

    inputs: Sequence[Any]
    outputs: Sequence[Any]

    def run(self, inputs: Mapping[str, Any], outputs: Sequence[str] | None = None) -> dict[str, Any]:
        """Run the network once."""


def find_foreground(network: Network, pixels: FloatArray, normalization: Normalization) -> FloatArray:
    """Return a mask of the foreground, height x width, from 0 to 1.

    Args:
        network: A network that takes one image and gives a mask first.
        pixels: Height x width x 3, from 0 to 1.
        normalization: What the network was trained with.

    Raises:
        ModelError: E635 for another network, E636 if it returns NaN.
    """
    height, width = pixels.shape[:2]
    end = _check(network)
    size = tuple(side if isinstance(side, int) and side > 0 else _SIDE for side in end.shape[2:])
    shown = _resize(pixels, (size[1], size[0]))
    mean, deviation = (np.array(numbers, np.float32) for numbers in _NUMBERS[normalization])
    shown = (shown / np.float32(max(float(shown.max()), 1e-6)) - mean) / deviation
    first = network.outputs[0].name
    found = np.asarray(network.run({end.name: shown.transpose(2, 0, 1)[None].astype(np.float32)}, [first])[first])
    if found.ndim not in (3, 4) or found.shape[0] != 1:
        raise _refuse(f"its first output is {' x '.join(map(str, found.shape))}")
    mask = found.reshape(-1, *found.shape[-2:])[0].astype(np.float32)
    if not np.isfinite(mask).all():
        raise ModelError("E636", "the network returned NaN", hint="check the weights")
    if mask.min() < 0 or mask.max() > 1:
        mask = 1 / (1 + np.exp(-mask.clip(-_LARGEST_LOGIT, _LARGEST_LOGIT)))
    spread = float(mask.max() - mask.min())
    mask = (mask - mask.min()) / spread if spread > 1e-6 else mask
    coded = np.repeat(mask[..., None], 3, axis=2)
    return _resize(coded, (width, height))[..., 0]


def _check(network: Network) -> Any:
    """Return the only input of a network that takes an image."""
    shape = network.inputs[0].shape if len(network.inputs) == 1 else None
    if shape is None or len(shape) != 4 or shape[1] not in (3, None):
        raise _refuse("it does not take one image of three channels")
    sides = [side for side in shape[2:] if isinstance(side, int)]
    if any(side > _LARGEST_SIDE for side in sides):
        raise _refuse(f"it takes images of {max(sides)} pixels")
    return network.inputs[0]


def _refuse(reason: str) -> ModelError:
    return ModelError(
        "E635", f"this network finds no foreground: {reason}", hint="take U2-Net, IS-Net or BiRefNet as an ONNX file"
    )


def _resize(pixels: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Resize to width and height, at 8 bits, by Lanczos."""
    coded = PillowImage.fromarray(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8), "RGB")
    resized: FloatArray = np.asarray(coded.resize(size, PillowImage.Resampling.LANCZOS), np.float32)
    return resized / np.float32(255)
