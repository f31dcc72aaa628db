"""Latents as values: drawn over, blended, enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from studio.api import Conditioning, Context, Latent, Mask, StudioError
from studio_diffusion.conditioning import takes_guidance, unpack_conditioning
from studio_diffusion.families import IMAGE, TEXT
from studio_diffusion.generate import DrawingRequest, limit_strength, sample
from studio_diffusion.latents import blend, enlarge, fade_in
from studio_diffusion.pixels import read_mask
from studio_diffusion.regions import follow_regions, take_first
from studio_diffusion.sizes import Size, check_reach, find_multiple
from studio_diffusion.watch import Watch

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel


def sample_over(
    ctx: Context,
    opened: PipelineModel,
    request: DrawingRequest,
    latent: Latent,
    conditioning: Conditioning,
    strength: float,
    mask: Mask | None = None,
) -> Latent:
    """Draw a latent, from noise or over what it holds.

    Raises:
        ModelError: E616 if the model does not draw over images.
        StudioError: E621, E622, E624, E627.
    """
    check_reach(opened, request.size)
    _check_multiple(opened, request.size)
    planned = mask is not None or opened.follows_plan(request.sampler, request.plan)
    fresh = latent.is_empty if planned else latent.is_empty or strength >= 1.0
    fresh = fresh and request.plan.adds_noise and mask is None
    if strength <= 0 and not fresh:
        return latent
    task = TEXT if fresh else IMAGE
    pipeline = opened.for_task(task)
    guided = takes_guidance(opened, request.guidance_scale)
    tensors = unpack_conditioning(opened, take_first(conditioning), guided=guided)
    rows, columns = latent.samples.shape[-2:]
    shift = request.plan.shift
    with follow_regions(opened, pipeline, conditioning, request.size, (rows, columns), guided=guided, shift=shift):
        made = sample(
            opened,
            pipeline,
            task,
            request,
            Watch(ctx, opened, request.size),
            tensors=tensors,
            media={} if fresh else {"image": torch.from_numpy(latent.samples.copy())[None]},
            options={} if fresh else {"strength": limit_strength(strength, request.steps)},
            kept=None if mask is None else _prepare_kept(mask, latent),
        )
    return Latent(made[0].float().cpu().numpy(), latent.space, *request.size)


def _prepare_kept(mask: Mask, latent: Latent) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a mask at a latent's size, and the latent, both of one row."""
    _check_plane(latent)
    clean = torch.from_numpy(latent.samples.copy())[None]
    return read_mask(mask, (clean.shape[-1], clean.shape[-2])), clean


def blend_latents(first: Latent, second: Latent, amount: float, mask: Mask | None, *, spherical: bool) -> Latent:
    """Mix two latents.

    Raises:
        StudioError: E624 if they are of two spaces, E627 if they are of two shapes.
    """
    _check_space(first, second)
    if first.samples.shape != second.samples.shape:
        raise StudioError(
            "E627",
            f"the first latent is of an image of {first.width} x {first.height}, the second of "
            f"{second.width} x {second.height}",
            hint="make them equal with diffusion.upscale_latent",
        )
    share: float | torch.Tensor = amount
    if mask is not None:
        _check_plane(first)
        share = amount * read_mask(mask, (first.samples.shape[-1], first.samples.shape[-2]))[0]
    start, end = (torch.from_numpy(each.samples.copy()) for each in (first, second))
    return Latent(blend(start, end, share, spherical=spherical).numpy(), first.space, first.width, first.height)


def composite_latents(
    base: Latent, top: Latent, place: tuple[int, int], feather: int, mask: Mask | None = None
) -> Latent:
    """Put a latent on another.

    Raises:
        StudioError: E624 if they are of two spaces, E627 if the top one lies outside the base.
    """
    _check_space(base, top)
    _check_plane(base)
    if top.samples.shape[:-2] != base.samples.shape[:-2]:
        kinds = [" x ".join(str(side) for side in each.samples.shape[:-2]) for each in (top, base)]
        raise StudioError(
            "E627",
            f"the top latent has {kinds[0]} channels, and the base {kinds[1]}",
            hint="make both with one model, from images of the same kind",
        )
    rows, columns = base.samples.shape[-2:]
    across, down = max(1, base.width // columns), max(1, base.height // rows)
    left, upper = place[0] // across, place[1] // down
    right, lower = min(columns, left + top.samples.shape[-1]), min(rows, upper + top.samples.shape[-2])
    inner = (slice(max(0, upper), lower), slice(max(0, left), right))
    if inner[0].start >= lower or inner[1].start >= right:
        raise StudioError(
            "E627",
            f"the top latent of {top.width} x {top.height} at {place[0]}, {place[1]} lies outside the base of "
            f"{base.width} x {base.height}",
            hint="take a smaller x and y",
        )
    tall, wide = top.samples.shape[-2:]
    weights: npt.NDArray[np.float32] = np.ones((tall, wide), np.float32)
    if mask is not None:
        weights = read_mask(mask, (wide, tall))[0, 0].numpy()
    outer = (slice(inner[0].start - upper, lower - upper), slice(inner[1].start - left, right - left))
    fades = (upper > 0, lower < rows, left > 0, right < columns)
    weights = weights[outer] * fade_in((lower - inner[0].start, right - inner[1].start), feather // across, fades)
    made = base.samples.copy()
    made[..., inner[0], inner[1]] += (top.samples[..., outer[0], outer[1]] - made[..., inner[0], inner[1]]) * weights
    return Latent(made, base.space, base.width, base.height)


def resize_latent(latent: Latent, scale: float, method: str, multiple: int) -> Latent:
    """Enlarge a latent.

    Raises:
        StudioError: E627 if it is not a plane of samples, or would be too large.
    """
    _check_plane(latent)
    rows, columns = latent.samples.shape[-2:]
    size = tuple(max(multiple, round(side * scale / multiple) * multiple) for side in (rows, columns))
    if max(size) > 4096:
        raise StudioError(
            "E627", f"a latent of {size[1]} x {size[0]} samples is too large", hint="take a smaller scale"
        )
    samples = torch.from_numpy(latent.samples.copy())
    planes = samples[None] if samples.ndim == 3 else samples
    made = enlarge(planes, (size[0], size[1]), method).reshape(*samples.shape[:-2], *size)
    width, height = latent.width * size[1] // columns, latent.height * size[0] // rows
    return Latent(made.numpy(), latent.space, width, height)


def _check_space(first: Latent, second: Latent) -> None:
    if first.space != second.space:
        raise StudioError(
            "E624",
            f"the first latent is of {first.space}, the second of {second.space}",
            hint="blend latents that were made with one model",
        )


def _check_multiple(opened: PipelineModel, size: Size) -> None:
    multiple = find_multiple(opened)
    if any(side % multiple for side in size):
        raise StudioError(
            "E627",
            f"this latent is of an image of {size[0]} x {size[1]}, and the model draws multiples of {multiple}",
            hint="give diffusion.upscale_latent another scale, or a larger multiple_of",
        )


def _check_plane(latent: Latent) -> None:
    if latent.samples.ndim < 3:
        raise StudioError(
            "E627",
            "this latent is a row of tokens, not a plane of samples",
            hint="blend or enlarge the decoded image",
        )
