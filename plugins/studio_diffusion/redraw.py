"""Drawing images over: as a whole, in a part, and beyond their edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studio.api import Context, Image, Mask, StudioError
from studio_diffusion.families import IMAGE, INPAINT, PARTS
from studio_diffusion.generate import DrawingRequest, draw, limit_strength
from studio_diffusion.latents import encode_pixels
from studio_diffusion.masks import FloatArray, extend_canvas, fade_seam, lay_over
from studio_diffusion.pixels import read_image, read_mask, resize
from studio_diffusion.sizes import Size, choose_size, choose_work_size

if TYPE_CHECKING:
    from studio_diffusion.control import OpenedControl
    from studio_diffusion.image_prompts import ImagePrompt
    from studio_diffusion.pipeline_model import PipelineModel

_MOST_PIXELS = 64_000_000


def choose_redraw_size(
    opened: PipelineModel, image: Image, width: int, height: int, log: Callable[[str], None]
) -> Size:
    """Return the size that an image is drawn over at: what the user gave, one side following the other."""
    if not (width or height):
        return choose_work_size(opened, (image.width, image.height), log)
    wide = width or max(1, round(height * image.width / image.height))
    high = height or max(1, round(width * image.height / image.width))
    return choose_size(opened, wide, high, log)


def redraw(
    ctx: Context,
    opened: PipelineModel,
    request: DrawingRequest,
    image: Image,
    strength: float,
    *,
    loras: Sequence[tuple[Any, float]] = (),
    controls: Sequence[OpenedControl] = (),
    image_prompt: ImagePrompt | None = None,
) -> list[Image]:
    """Draw an image over.

    Raises:
        ModelError: E616 if the model cannot do that.
    """
    pixels = read_image(image, request.size)
    if strength <= 0:
        kept = Image(np.ascontiguousarray(pixels[0].permute(1, 2, 0).numpy()))
        return [kept] * len(request.seeds)
    start = encode_pixels(opened, pixels) if takes_latents(opened) and not controls else pixels
    return draw(
        ctx,
        opened,
        request,
        task=IMAGE,
        loras=loras,
        controls=controls,
        image_prompt=image_prompt,
        media={"image": start},
        options={"strength": limit_strength(strength, request.steps)},
        dark=_is_dark(pixels),
    )


def takes_latents(opened: PipelineModel) -> bool:
    """Say whether the family's pipeline takes an encoded image, which no seed changes."""
    vae = opened.find_vae()
    channels = vae.config.get("latent_channels") if vae is not None else None
    return opened.family in PARTS and (opened.family in ("sd3", "flux") or channels == 4) and channels != 3


def repaint(
    ctx: Context,
    opened: PipelineModel,
    request: DrawingRequest,
    image: Image,
    mask: Mask,
    weight: FloatArray,
    strength: float,
    *,
    loras: Sequence[tuple[Any, float]] = (),
    controls: Sequence[OpenedControl] = (),
    image_prompt: ImagePrompt | None = None,
) -> list[Image]:
    """Draw a part of an image anew, and lay it over the image.

    Args:
        ctx: Whom to report to.
        opened: The model.
        request: What to draw, at the size that the model works at.
        image: The image.
        mask: Where the model draws.
        weight: How much of what it draws is laid over the image, height x width.
        strength: How much may change.
        loras: LoRAs with their weights.
        controls: Images to follow, with their ControlNets.
        image_prompt: Images that are read beside the prompt.
    """
    whole = read_image(image)
    kept: FloatArray = np.ascontiguousarray(whole[0].permute(1, 2, 0).numpy())
    if strength <= 0 or not weight.any():
        if strength > 0:
            ctx.log("the mask chooses nothing, so nothing was drawn")
        return [Image(kept)] * len(request.seeds)
    pixels = resize(whole, request.size).clamp(0, 1)
    chosen = (torch.nn.functional.adaptive_max_pool2d(read_mask(mask), request.size[::-1]) > 1 / 512).float()
    drawn = draw(
        ctx,
        opened,
        request,
        task=INPAINT,
        loras=loras,
        controls=controls,
        image_prompt=image_prompt,
        media={"image": pixels, "mask_image": chosen},
        options={"strength": limit_strength(strength, request.steps)},
        dark=_is_dark(pixels),
    )
    return [Image(lay_over(kept, _enlarge(each, (image.width, image.height)), weight)) for each in drawn]


def extend_image(image: Image, sides: tuple[int, int, int, int], seam: int) -> tuple[Image, Mask, FloatArray]:
    """Return a larger canvas, where to draw on it, and how much of that to lay over it.

    Args:
        image: The image.
        sides: How far to extend it left, right, up and down.
        seam: How far into the image old and new are mixed.

    Raises:
        StudioError: E621 if the canvas would be too large.
    """
    left, right, top, bottom = sides
    width, height = image.width + left + right, image.height + top + bottom
    if width * height > _MOST_PIXELS:
        raise StudioError("E621", f"a canvas of {width} x {height} pixels is too large", hint="extend it by less")
    pixels = np.ascontiguousarray(read_image(image)[0].permute(1, 2, 0).numpy())
    seam = min(seam, image.width // 4, image.height // 4)
    canvas, mask = extend_canvas(pixels, left, right, top, bottom, seam)
    new = np.ones_like(mask)
    new[top : top + image.height, left : left + image.width] = 0
    return Image(canvas), Mask(mask), fade_seam(mask, new)


def _enlarge(image: Image, size: Size) -> FloatArray:
    if (image.width, image.height) == size:
        return image.pixels
    array: FloatArray = read_image(image, size)[0].permute(1, 2, 0).contiguous().numpy()
    return array


def _is_dark(pixels: torch.Tensor) -> bool:
    return float(pixels.max()) < 0.05
