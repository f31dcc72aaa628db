"""How near everything in an image is, by a network."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from studio_vision.seeing_model import FloatArray, SeeingModel, check_finite

_METRIC = ("GLPNForDepthEstimation", "ZoeDepthForDepthEstimation")
"""Networks that give distances; the others give their inverses, Depth Pro too before its own post-processing."""
_DEFAULT_SIDE = 518
_SIDES = {"DPTForDepthEstimation": 384, "ZoeDepthForDepthEstimation": 384, "DepthProForDepthEstimation": 1536}
_LARGEST = 2048


def find_nearness(model: SeeingModel, pixels: FloatArray) -> FloatArray:
    """Return how near each pixel is, height x width, from 0 (the farthest) to 1 (the nearest).

    Args:
        model: The network.
        pixels: Height x width x 3, from 0 to 1.
    """
    height, width = pixels.shape[:2]
    with torch.inference_mode():
        found = model.network(pixel_values=model.prepare(pixels, _choose_size(model, height, width))).predicted_depth
        whole = functional.interpolate(found[:, None].float(), (height, width), mode="bicubic", align_corners=False)
    depth: FloatArray = check_finite(whole[0, 0].cpu().numpy(), model)
    if model.name in _METRIC:
        depth = (1 / np.maximum(depth, 1e-3)).astype(np.float32)
    low, high = float(depth.min()), float(depth.max())
    return ((depth - low) / max(high - low, 1e-9)).astype(np.float32)


def _choose_size(model: SeeingModel, height: int, width: int) -> tuple[int, int]:
    """Return the size that the network takes: as its settings say, in the shape of the image where it may keep it."""
    if model.name == "GLPNForDepthEstimation":
        return _choose_own_size(model, height, width)
    size = model.find_size(_SIDES.get(model.name, _DEFAULT_SIDE))
    if not model.settings.get("keep_aspect_ratio"):
        return size
    multiple = model.settings.get("ensure_multiple_of")
    multiple = multiple if isinstance(multiple, int) and multiple > 0 else 1
    factors = size[0] / height, size[1] / width
    factor = min(factors, key=lambda each: abs(1 - each))
    found = [max(multiple, round(side * factor / multiple) * multiple) for side in (height, width)]
    most = _LARGEST // multiple * multiple
    return min(found[0], most), min(found[1], most)


def _choose_own_size(model: SeeingModel, height: int, width: int) -> tuple[int, int]:
    """Return the size of the image, in whole steps of a network that takes images as they are."""
    step = model.settings.get("size_divisor")
    step = step if isinstance(step, int) and 0 < step <= _LARGEST else 32
    scale = min(1.0, _LARGEST / max(height, width))
    return max(step, int(height * scale) // step * step), max(step, int(width * scale) // step * step)
