"""Between images and latents: encoding, decoding, packing, blending, enlarging."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from studio.api import StudioError
from studio_diffusion.families import PARTS, refuse_parts

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

_DECODED_PIXELS = 4_000_000  # at once: more is no faster, and the autoencoder is what runs out of memory first


@torch.no_grad()
def encode_pixels(opened: PipelineModel, pixels: torch.Tensor) -> torch.Tensor:
    """Return the latents of images (batch x 3 x height x width in [0, 1]): the mean, so that no seed matters."""
    vae = opened.find_vae()
    with _full_precision(vae), opened.measures.applied():
        found = vae.encode((2 * pixels - 1).to(opened.device, vae.dtype))
    if hasattr(found, "latent_dist"):
        latents = found.latent_dist.mode()
    else:
        latents = found.latents if hasattr(found, "latents") else found.latent
    return _scale(vae, latents)


@torch.no_grad()
def decode_latents(opened: PipelineModel, latents: torch.Tensor, *, tiled: bool = False) -> torch.Tensor:
    """Return the images (batch x 3 x height x width, about [0, 1]) of latents; large ones a few at once."""
    vae = opened.find_vae()
    area = math.prod(latents.shape[2:]) * find_scale(opened) ** 2
    with _full_precision(vae), opened.measures.applied(tiled=tiled):
        values = _unscale(vae, latents.to(opened.device, vae.dtype))
        parts = torch.split(values, max(1, _DECODED_PIXELS // area))
        pixels = torch.cat([vae.decode(part, return_dict=False)[0] for part in parts])
    return pixels.float() / 2 + 0.5


def find_latent_shape(opened: PipelineModel, width: int, height: int) -> tuple[int, int, int]:
    """Return channels, rows and columns of the latent of an image."""
    vae = opened.find_vae()
    channels = vae.config.get("latent_channels") or vae.config.get("z_dim") or 4
    scale = find_scale(opened)
    return int(channels), height // scale, width // scale


def find_scale(opened: PipelineModel) -> int:
    """Return how many pixels a side of one latent sample covers."""
    pipeline = opened.pipeline
    scale = getattr(pipeline, "vae_scale_factor", None)
    return int(scale or 8)


def unpack(pipeline: Any, latents: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Bring latents that a pipeline holds as a row of patches back to channels x rows x columns."""
    if latents.ndim == 3 and hasattr(pipeline, "_unpack_latents"):
        latents = pipeline._unpack_latents(latents, height, width, pipeline.vae_scale_factor)
    return latents


def blend(first: torch.Tensor, second: torch.Tensor, amount: float | torch.Tensor, *, spherical: bool) -> torch.Tensor:
    """Mix two latents.

    Args:
        first: A latent.
        second: Another of the same shape.
        amount: Share of the second, a number or a tensor that broadcasts.
        spherical: Along the arc instead of the chord, which keeps the deviation (Shoemake 1985).
    """
    angle = _find_angle(first, second) if spherical else 0.0
    if math.sin(angle) < 1e-4:
        return torch.add(first, (second - first) * amount)
    share = torch.as_tensor(amount)
    return (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * second) / math.sin(angle)


def _find_angle(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the angle between two latents, in radians; 0 if one of them is 0 everywhere."""
    lengths = first.norm(), second.norm()
    if min(lengths) == 0:
        return 0.0
    cosine = float((first * second).sum() / (lengths[0] * lengths[1]))
    return math.acos(max(-1.0, min(1.0, cosine)))


def enlarge(latents: torch.Tensor, size: tuple[int, int], method: str) -> torch.Tensor:
    """Resize latents (batch x channels x rows x columns) to rows and columns."""
    if method == "nearest":
        return functional.interpolate(latents, size, mode="nearest-exact")
    return functional.interpolate(latents, size, mode=method, antialias=True)


def check_parts(opened: PipelineModel) -> None:
    """Raise StudioError E623 for a family whose steps are not taken apart."""
    if opened.family not in PARTS:
        raise refuse_parts(opened.info)


def check_space(opened: PipelineModel, space: str) -> None:
    """Raise StudioError E624 for a latent that this model's autoencoder does not understand."""
    if space != opened.latent_space:
        raise StudioError(
            "E624",
            f"this latent is of {space}, and the model's autoencoder works with {opened.latent_space}",
            hint="give the node the model that the latent was made with, or decode it there and encode it here",
        )


def _scale(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    statistics = _read_statistics(vae, latents)
    if statistics is not None:
        mean, deviation = statistics
        return (latents - mean) * float(vae.config.scaling_factor) / deviation
    shift = vae.config.get("shift_factor") or 0.0
    return (latents - shift) * float(vae.config.get("scaling_factor") or 1.0)


def _unscale(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    statistics = _read_statistics(vae, latents)
    if statistics is not None:
        mean, deviation = statistics
        return latents * deviation / float(vae.config.scaling_factor) + mean
    return latents / float(vae.config.get("scaling_factor") or 1.0) + (vae.config.get("shift_factor") or 0.0)


def _read_statistics(vae: Any, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return mean and deviation of each channel; None where the autoencoder has none."""
    mean, deviation = vae.config.get("latents_mean"), vae.config.get("latents_std")
    if mean is None or deviation is None:
        return None
    shape = (1, -1, 1, 1)
    return torch.tensor(mean).view(shape).to(latents), torch.tensor(deviation).view(shape).to(latents)


@contextmanager
def _full_precision(vae: Any) -> Iterator[None]:
    """Let an autoencoder that says that float16 is too little for it work in float32."""
    if not (vae.dtype == torch.float16 and vae.config.get("force_upcast")):
        yield
        return
    vae.to(torch.float32)
    try:
        yield
    finally:
        vae.to(torch.float16)


def fade_in(size: tuple[int, int], feather: int, fades: tuple[bool, bool, bool, bool]) -> npt.NDArray[np.float32]:
    """Return weights that rise from edges in equal steps to 1.

    Args:
        size: Rows and columns.
        feather: How many samples they rise over.
        fades: Whether they rise from the top, bottom, left and right edge.
    """
    ramps = [np.ones(side, np.float32) for side in size]
    for at, fading in enumerate(fades):
        ramp = ramps[at // 2]
        steps = np.arange(1, min(feather, len(ramp)) + 1, dtype=np.float32) / max(1, feather)
        if fading and at % 2:
            ramp[len(ramp) - len(steps) :] *= steps[::-1]
        elif fading:
            ramp[: len(steps)] *= steps
    return np.outer(*ramps).astype(np.float32)
