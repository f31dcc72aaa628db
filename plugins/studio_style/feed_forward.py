"""Style transfer in one pass through a network: adaptive instance normalisation (Huang and Belongie 2017)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch.nn import functional

from .color_match import FloatArray, compute_luma, replace_luma, resize_image
from .levels import fit_size
from .style_set import StyleSet

if TYPE_CHECKING:
    from .networks.adain import AdainNetwork

Quality = Literal["draft", "standard", "fine"]

_SIDES: dict[Quality, int] = {"draft": 384, "standard": 1024, "fine": 2048}
_STYLE_SIDE = 1024
_MULTIPLE = 8
_SMALLEST = 16


def repaint(
    content: FloatArray,
    styles: StyleSet,
    network: AdainNetwork,
    *,
    strength: float,
    stroke_scale: float,
    keep_colors: bool,
    quality: Quality,
    device: str,
) -> FloatArray:
    """Repaint an image at a working size and enlarge it. Not a number anywhere raises FloatingPointError."""
    full = (content.shape[0], content.shape[1])
    working = resize_image(content, fit_size(full, _SIDES[quality] / max(full)))
    grown = stroke_scale * math.sqrt(working.shape[0] * working.shape[1])
    images = []
    for style in styles.images:
        factor = min(grown / math.sqrt(style.shape[0] * style.shape[1]), _STYLE_SIDE / max(style.shape[:2]))
        images.append(_to_tensor(resize_image(style, fit_size(style.shape[:2], factor)), device))
    with torch.inference_mode():
        painted = network(_to_tensor(working, device), images, styles.shares, strength)
    if not bool(torch.isfinite(painted).all()):
        raise FloatingPointError
    cropped = painted[0, :, : working.shape[0], : working.shape[1]].clamp(0.0, 1.0).permute(1, 2, 0).cpu().numpy()
    enlarged = resize_image(np.ascontiguousarray(cropped), full)
    return replace_luma(content, compute_luma(enlarged)) if keep_colors else enlarged


def _to_tensor(image: FloatArray, device: str) -> torch.Tensor:
    """Return an image as 1 x 3 x H x W, its sides repeated to multiples of 8."""
    values = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].to(device)
    missing = [max(_SMALLEST, side + -side % _MULTIPLE) - side for side in values.shape[2:]]
    return functional.pad(values, (0, missing[1], 0, missing[0]), mode="replicate")
