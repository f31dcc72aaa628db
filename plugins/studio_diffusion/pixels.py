"""Images between Studio and networks: floats to tensors and back, alpha laid over white, resized, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from studio.api import Image, Mask, StudioError
from studio_diffusion.sizes import Size

FloatArray = NDArray[np.float32]
_BLACK = 1.0 / 512.0


def read_image(image: Image, size: Size | None = None) -> torch.Tensor:
    """Return an image as 1 x 3 x height x width in [0, 1]; alpha is laid over white, grey becomes RGB."""
    pixels = image.pixels
    if pixels.shape[2] == 4:
        pixels = pixels[:, :, :3] * pixels[:, :, 3:] + (1 - pixels[:, :, 3:])
    tensor = torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))[None]
    tensor = tensor.expand(1, 3, *tensor.shape[2:]).clone()
    return tensor if size is None else resize(tensor, size).clamp(0, 1)


def read_mask(mask: Mask, size: Size | None = None) -> torch.Tensor:
    """Return a mask as 1 x 1 x height x width in [0, 1]."""
    tensor = torch.from_numpy(np.array(mask.pixels, np.float32))[None, None]
    return tensor if size is None else resize(tensor, size).clamp(0, 1)


def resize(tensor: torch.Tensor, size: Size) -> torch.Tensor:
    """Resize a batch to width and height, bicubic, antialiased."""
    width, height = size
    if tensor.shape[-2:] == (height, width):
        return tensor
    return functional.interpolate(tensor, (height, width), mode="bicubic", antialias=True)


def make_images(batch: torch.Tensor, *, dark: bool = False) -> list[Image]:
    """Make images of a batch x 3 x height x width in about [0, 1].

    Args:
        batch: What the model drew.
        dark: Whether it may be black all over.

    Raises:
        StudioError: E622 if it holds NaN, or is black all over.
    """
    batch = batch.detach().to("cpu", torch.float32)
    check_drawn(batch, dark=dark)
    pixels: FloatArray = batch.clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return [Image(np.ascontiguousarray(each)) for each in pixels]


def check_drawn(batch: torch.Tensor, *, dark: bool = False) -> None:
    """Raise StudioError E622 for NaN, infinities, or an image that is black all over."""
    if not torch.isfinite(batch).all():
        raise _refuse("the model returned NaN")
    if not dark and any(float(each.max()) < _BLACK for each in batch):
        raise _refuse("the image came out black all over")


def check_latents(latents: torch.Tensor) -> None:
    """Raise StudioError E622 for latents with NaN or infinities: it was not the autoencoder."""
    if not torch.isfinite(latents).all():
        raise StudioError(
            "E622",
            "the denoiser returned NaN before anything was decoded",
            hint="run with --dtype bf16 or fp32; lower the guidance scale and the weights of LoRAs",
        )


def _refuse(what: str) -> StudioError:
    return StudioError(
        "E622",
        what,
        hint="the likely cause is an autoencoder that overflows in float16: run with --dtype bf16 or "
        'fp32, or give the model one that is corrected for float16: {"options": {"vae": "file:FOLDER"}}',
    )


def find_size(image: Image | Mask) -> Size:
    """Return width and height."""
    return image.width, image.height


def to_batch(images: Any) -> torch.Tensor:
    """Return what a pipeline made, whatever it is, as batch x 3 x height x width in [0, 1]."""
    if isinstance(images, torch.Tensor):
        return images.float()
    if isinstance(images, np.ndarray):
        array = images
    else:
        array = np.stack([np.asarray(each, np.float32) for each in images])
        if not isinstance(images[0], np.ndarray):  # Pillow
            array = array / np.float32(255.0)
    if array.ndim == 5:
        array = array[:, 0]
    return torch.from_numpy(np.ascontiguousarray(array.astype(np.float32).transpose(0, 3, 1, 2)))
