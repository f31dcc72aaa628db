"""Conditionings for a part of the image or of the steps, and several of them at once."""

from __future__ import annotations

from typing import Annotated

from studio.api import Conditioning, Context, Field, Mask, node
from studio_diffusion.nodes.ends import Share

Edge = Annotated[int, Field(ge=0, le=65_535, unit="pixels")]
Length = Annotated[int | None, Field(ge=1, le=65_535, unit="pixels")]
Weight = Annotated[float, Field(gt=0, le=10, unit="factor")]


@node("diffusion.combine_conditioning")
def combine_conditioning(
    ctx: Context, conditionings: Annotated[list[Conditioning], Field(min_length=1, max_length=64)]
) -> Conditioning:
    """Let several prompts steer one image, each where and when it counts.

    In each step the model predicts the image for each prompt, and the predictions are averaged by their weights. The
    negative prompt is that of the first.

    Args:
        conditionings: Conditionings of one model, with areas, masks or ranges, or without.
    """
    from studio_diffusion.regions import combine

    return combine(conditionings)


@node("diffusion.set_conditioning_area")
def set_conditioning_area(
    ctx: Context,
    conditioning: Conditioning,
    *,
    x: Edge = 0,
    y: Edge = 0,
    width: Length = None,
    height: Length = None,
    strength: Weight = 1.0,
) -> Conditioning:
    """Let a prompt count in a rectangle of the image alone.

    The rectangle is drawn as an image of its own size, and fades in over eight samples of the latent from its edges
    inside the image. Combine it with a prompt for the whole image. SD, SDXL and SD3 only. It takes the place of an area
    that was set before; by default that is the whole image.

    Args:
        conditioning: Encoded prompt, from diffusion.encode_prompt; of several that are combined, each is changed.
        x: Left edge of the rectangle.
        y: Top edge of the rectangle.
        width: Width of the rectangle; null reaches to the right edge of the image.
        height: Height of the rectangle; null reaches to the bottom of the image.
        strength: Weight of the prompt among others.
    """
    from studio_diffusion.regions import change

    if (x, y, width, height) == (0, 0, None, None):
        return change(conditioning, area=None, strength=None if strength == 1.0 else strength)
    return change(conditioning, area=[x, y, width, height], strength=strength)


@node("diffusion.set_conditioning_mask")
def set_conditioning_mask(
    ctx: Context, conditioning: Conditioning, mask: Mask, *, strength: Weight = 1.0
) -> Conditioning:
    """Let a prompt count inside a mask alone; it is drawn for the whole image. SD, SDXL and SD3 only.

    Args:
        conditioning: Encoded prompt, from diffusion.encode_prompt; of several that are combined, each is changed.
        mask: Weight of the prompt for each pixel, of any size; resized to the latent without antialiasing.
        strength: Weight of the prompt among others, multiplied by the mask.
    """
    from studio_diffusion.regions import add_mask

    return add_mask(conditioning, mask.pixels, strength)


@node("diffusion.set_conditioning_range")
def set_conditioning_range(
    ctx: Context, conditioning: Conditioning, *, start: Share = 0.0, end: Share = 1.0
) -> Conditioning:
    """Let a prompt count in a part of the steps alone. SD, SDXL and SD3 only.

    Args:
        conditioning: Encoded prompt, from diffusion.encode_prompt; of several that are combined, each is changed.
        start: Share of the model's timesteps, counted from pure noise, after which it counts.
        end: Share of the model's timesteps, counted from pure noise, after which it no longer counts.
    """
    from studio_diffusion.regions import change

    return change(conditioning, start=start, end=end)
