"""`SeeingModel`: a network of transformers that looks at images, and how images are prepared for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from studio.api import ModelError

FloatArray = npt.NDArray[np.float32]

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_HALF, _BILINEAR = (0.5, 0.5, 0.5), 2  # of Pillow
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_NORMALS = {"DPTForDepthEstimation": (_HALF, _HALF), "ZoeDepthForDepthEstimation": (_HALF, _HALF)}
_NORMALS |= {"DepthProForDepthEstimation": (_HALF, _HALF)}
_NORMALS |= {"OwlViTForObjectDetection": _CLIP, "Owlv2ForObjectDetection": _CLIP}
"""Mean and deviation of networks whose settings give none, where they are not those of ImageNet."""
_PLAIN = ("GLPNForDepthEstimation", "RTDetrForObjectDetection", "RTDetrV2ForObjectDetection")
"""Networks that take samples from 0 to 1, unless their settings say something else."""
_LARGEST = 2048


class SeeingModel:
    """An opened network.

    Attributes:
        network: The network.
        kind: "depth", "segmenter", "detector" or "pose".
        settings: The content of its preprocessor_config.json.
        tokenizer: What turns words into its input; None if it takes none.
    """

    def __init__(self, network: Any, kind: str, settings: Mapping[str, Any], tokenizer: Any = None) -> None:
        self.network, self.kind, self.settings, self.tokenizer = network, kind, settings, tokenizer

    @property
    def name(self) -> str:
        """The class of the network."""
        return type(self.network).__name__

    @property
    def knows_labels(self) -> bool:
        """Whether it cuts out what it has labels for, and takes no points and no boxes."""
        return self.name == "Mask2FormerForUniversalSegmentation"

    def prepare(self, pixels: FloatArray, size: tuple[int, int]) -> torch.Tensor:
        """Return an image as the network takes it: resized, and with its mean and deviation where it has them.

        Args:
            pixels: Height x width x 3, from 0 to 1.
            size: Height and width for the network.
        """
        given = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]
        mode = "bilinear" if self.settings.get("resample") == _BILINEAR else "bicubic"
        made = functional.interpolate(given, size, mode=mode, antialias=True, align_corners=False).clamp(0, 1)
        if self.settings.get("do_normalize", self.name not in _PLAIN):
            defaults = _NORMALS.get(self.name, (_MEAN, _DEVIATION))
            mean = _read_numbers(self.settings.get("image_mean"), defaults[0])
            deviation = _read_numbers(self.settings.get("image_std"), defaults[1])
            made = (made - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
        return made.to(self.network.device, self.network.dtype)

    def find_size(self, default: int) -> tuple[int, int]:
        """Return the height and width that the settings name."""
        size = self.settings.get("size")
        if isinstance(size, int):
            size = {"height": size, "width": size}
        if not isinstance(size, Mapping):
            size = {}
        edge = size.get("longest_edge") or size.get("shortest_edge")
        found = [size.get(name) or edge or default for name in ("height", "width")]
        if not all(isinstance(each, int) and 1 <= each <= _LARGEST for each in found):
            raise ModelError("E634", f"invalid size {size!r} in the settings of the model", hint="copy it again")
        return found[0], found[1]

    def fit_size(self, height: int, width: int, default: int) -> tuple[int, int]:
        """Return the height and width for an image: in its shape, if the settings give the length of its shorter side.

        Args:
            height: Height of the image.
            width: Width of the image.
            default: Length of a side, if the settings give none.
        """
        size = self.settings.get("size")
        shorter = size.get("shortest_edge") if isinstance(size, Mapping) else None
        if not isinstance(shorter, int) or not 1 <= shorter <= _LARGEST:
            return self.find_size(default)
        longest = size.get("longest_edge") if isinstance(size, Mapping) else None
        longest = min(longest, _LARGEST) if isinstance(longest, int) and longest > 0 else _LARGEST
        scale = min(shorter / min(height, width), longest / max(height, width))
        return max(1, round(height * scale)), max(1, round(width * scale))

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return sum(each.nbytes for each in (*self.network.parameters(), *self.network.buffers()))

    def close(self) -> None:
        """Release the weights."""
        self.network = self.tokenizer = None


def check_kind(opened: Any, kind: str, purpose: str) -> SeeingModel:
    """Return an opened model if it is of a kind.

    Raises:
        ModelError: E635 if it does something else.
    """
    if not isinstance(opened, SeeingModel) or opened.kind != kind:
        raise ModelError("E635", f"this model does not {purpose}", hint="see the node type: studio nodes TYPE")
    return opened


def check_finite(array: FloatArray, model: SeeingModel) -> FloatArray:
    """Return what a network made, if all of it is numbers.

    Raises:
        ModelError: E636 for NaN or infinity.
    """
    if not np.isfinite(array).all():
        raise ModelError("E636", f"{model.name} returned NaN", hint="check the weights")
    return array


def _read_numbers(value: Any, default: Sequence[float]) -> tuple[float, ...]:
    if isinstance(value, list) and len(value) == 3 and all(isinstance(each, int | float) for each in value):
        return tuple(map(float, value))
    return tuple(default)
