"""Images as the batches that an autoencoder takes: one size, three channels, no alpha."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np
import torch
from torch.nn import functional

from studio.api import Image

Shape = tuple[int, int]
"""Rows and columns."""
STEP = 8
"""Rows and columns are multiples of it, as the network halves them three times."""
MOST_STRETCH = 1.1
"""Times that one side may grow against the other before it is said."""
_LONGEST = 8  # times the shorter side


def find_shape(images: Sequence[Image], size: int) -> Shape:
    """Return the rows and columns of a model: about `size` squared, in the middle one of the images' proportions."""
    ratio = min(max(median(image.width / image.height for image in images), 1 / _LONGEST), _LONGEST)
    rows, columns = size / ratio**0.5, size * ratio**0.5
    return _round(rows), _round(columns)


def _round(side: float) -> int:
    return max(STEP, round(side / STEP) * STEP)


def find_stretch(image: Image, shape: Shape) -> float:
    """Return how many times wider, or higher, an image becomes against its other side; 1 for its own proportions."""
    ratio = (shape[1] / shape[0]) / (image.width / image.height)
    return max(ratio, 1 / ratio)


def read_images(images: Sequence[Image], shape: Shape) -> torch.Tensor:
    """Return whole images in a model's shape: count x 3 x rows x columns in [0, 1]; alpha is laid over white."""
    return torch.cat([_read_image(image, shape) for image in images])


def _read_image(image: Image, shape: Shape) -> torch.Tensor:
    pixels = image.pixels
    if pixels.shape[2] in (2, 4):
        pixels = pixels[:, :, :-1] * pixels[:, :, -1:] + (1 - pixels[:, :, -1:])
    tensor = torch.from_numpy(np.array(pixels.transpose(2, 0, 1), np.float32, order="C"))[None]
    if tensor.shape[2:] != shape:
        tensor = functional.interpolate(tensor, shape, mode="bilinear", antialias=True)
    return tensor.expand(1, 3, *shape).clamp(0, 1).clone()


def make_images(batch: torch.Tensor) -> list[Image]:
    """Make images of a batch x 3 x rows x columns; what is beyond [0, 1] is clipped."""
    pixels = batch.detach().cpu().clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return [Image(np.ascontiguousarray(each)) for each in pixels]


def resize_map(maps: torch.Tensor, shape: Shape) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return the only one of some maps, 1 x rows x columns in [0, 1], in another shape: rows x columns."""
    resized = functional.interpolate(maps[:, None], shape, mode="bilinear", antialias=True)[0, 0]
    return np.ascontiguousarray(resized.clamp(0, 1).numpy())


def blur(maps: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return a batch x channels x rows x columns after a Gaussian filter of this many pixels, mirrored at its edges."""
    reach = min(max(1, round(3 * sigma)), min(maps.shape[2:]) - 1)
    places = torch.arange(-reach, reach + 1, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = maps.shape[1]
    padded = functional.pad(maps, (reach, reach, reach, reach), mode="reflect")
    rows = functional.conv2d(padded, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return functional.conv2d(rows, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
