"""Images drawn over: as a whole, in a part, beyond their edges, and in variations."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Mask, node
from studio_diffusion.checks import check_drawing
from studio_diffusion.families import IMAGE, INPAINT
from studio_diffusion.nodes.ends import (
    MINI,
    Count,
    Drawn,
    Guidance,
    Loras,
    Pipeline,
    Prompt,
    Sampler,
    Seed,
    Side,
    Steps,
    Strength,
    Weights,
)

Border = Annotated[int, Field(ge=0, le=8192, unit="pixels")]
Feather = Annotated[float, Field(ge=0, le=1000, unit="pixels")]


@node("diffusion.image_to_image", lane="device", check=check_drawing(IMAGE))
def image_to_image(
    ctx: Context,
    image: Image,
    prompt: Prompt,
    *,
    strength: Strength = 0.6,
    negative_prompt: Prompt = "",
    width: Side = 0,
    height: Side = 0,
    steps: Steps = 0,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_weights: Weights = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw an image over after words (SDEdit, Meng et al. 2021).

    Args:
        image: Image to begin with, any size; alpha is laid over white.
        prompt: What it is to become.
        strength: How much may change: 0 nothing, 1 nearly all. A part of the steps is taken, as large as this.
        negative_prompt: What to keep out.
        width: Columns of the result; with `height` 0 as well, the image's own size, brought near to the model's
            where that is far from it.
        height: Rows of the result.
        steps: Steps from pure noise; 0 for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; without it what suits the model.
        sampler: As for diffusion.text_to_image.
        seed: Another seed, another image.
        count: How many images, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_weights: A weight for each, or one for all; 1 without.
        model: Weights to use.
    """
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.redraw import choose_redraw_size, redraw

    with open_models(ctx, model, loras or (), lora_weights or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_redraw_size(opened, image, width, height, ctx.log),
            negative_prompt=negative_prompt,
            steps=steps,
            guidance_scale=guidance_scale,
            sampler=sampler,
        )
        images = redraw(ctx, opened, request, image, strength, loras=adapters)
    return Drawn(images[0], images)


@node("diffusion.variations", lane="device", check=check_drawing(IMAGE))
def draw_variations(
    ctx: Context,
    image: Image,
    *,
    amount: Strength = 0.5,
    prompt: Prompt = "",
    negative_prompt: Prompt = "",
    steps: Steps = 0,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 4,
    loras: Loras = None,
    lora_weights: Weights = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw variations of an image: each with noise of its own over the image (SDEdit, Meng et al. 2021).

    Args:
        image: Image to vary, any size; alpha is laid over white.
        amount: How far they may go: 0 leaves the image, 1 keeps next to nothing of it.
        prompt: What the image shows; it helps to stay with it.
        negative_prompt: What to keep out.
        steps: Steps from pure noise; 0 for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; without it what suits the model.
        sampler: As for diffusion.text_to_image.
        seed: Another seed, other variations.
        count: How many, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_weights: A weight for each, or one for all; 1 without.
        model: Weights to use.
    """
    return image_to_image(
        ctx,
        image,
        prompt,
        strength=amount,
        negative_prompt=negative_prompt,
        steps=steps,
        guidance_scale=guidance_scale,
        sampler=sampler,
        seed=seed,
        count=count,
        loras=loras,
        lora_weights=lora_weights,
        model=model,
    )


@node("diffusion.inpaint", lane="device", check=check_drawing(INPAINT))
def inpaint(
    ctx: Context,
    image: Image,
    mask: Mask,
    prompt: Prompt,
    *,
    strength: Strength = 1.0,
    feather: Feather = 4.0,
    negative_prompt: Prompt = "",
    steps: Steps = 0,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_weights: Weights = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw a part of an image anew; what the mask does not choose stays exactly as it is.

    Args:
        image: Image to change; alpha is laid over white.
        mask: Where to draw, of the same size: 1 is drawn, 0 stays, between is mixed.
        prompt: What the part, or the whole image, is to show.
        strength: How much may change there: 1 begins with pure noise.
        feather: Width of the soft edge, inside the mask.
        negative_prompt: What to keep out.
        steps: Steps from pure noise; 0 for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; without it what suits the model.
        sampler: As for diffusion.text_to_image.
        seed: Another seed, another image.
        count: How many images, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_weights: A weight for each, or one for all; 1 without.
        model: Weights to use.
    """
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.masks import check_mask, soften_inside
    from studio_diffusion.redraw import repaint
    from studio_diffusion.sizes import choose_work_size

    check_mask(image, mask)
    with open_models(ctx, model, loras or (), lora_weights or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_work_size(opened, (image.width, image.height), ctx.log),
            negative_prompt=negative_prompt,
            steps=steps,
            guidance_scale=guidance_scale,
            sampler=sampler,
        )
        weight = soften_inside(mask.pixels, feather)
        images = repaint(ctx, opened, request, image, mask, weight, strength, loras=adapters)
    return Drawn(images[0], images)


@node("diffusion.outpaint", lane="device", check=check_drawing(INPAINT))
def outpaint(
    ctx: Context,
    image: Image,
    prompt: Prompt,
    *,
    left: Border = 0,
    right: Border = 0,
    top: Border = 0,
    bottom: Border = 0,
    seam: Border = 16,
    strength: Strength = 0.9,
    negative_prompt: Prompt = "",
    steps: Steps = 0,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_weights: Weights = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw on beyond the edges of an image.

    The new parts begin as a mirror image that fades into a blur, and are then drawn anew with a soft seam.

    Args:
        image: Image to extend; alpha is laid over white. Behind the seam it stays exactly as it is.
        prompt: What the whole image shows.
        left: How far to extend it on this side.
        right: How far to extend it on this side.
        top: How far to extend it on this side.
        bottom: How far to extend it on this side.
        seam: How far into the image old and new are mixed; at most a quarter of the image's side.
        strength: How far the new parts may leave the mirror image: 1 begins with pure noise.
        negative_prompt: What to keep out.
        steps: Steps from pure noise; 0 for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; without it what suits the model.
        sampler: As for diffusion.text_to_image.
        seed: Another seed, another image.
        count: How many images, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_weights: A weight for each, or one for all; 1 without.
        model: Weights to use.
    """
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.redraw import extend_image, repaint
    from studio_diffusion.sizes import choose_work_size

    if not (left or right or top or bottom):
        return Drawn(image, [image] * count)
    canvas, mask, weight = extend_image(image, (left, right, top, bottom), seam)
    with open_models(ctx, model, loras or (), lora_weights or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_work_size(opened, (canvas.width, canvas.height), ctx.log),
            negative_prompt=negative_prompt,
            steps=steps,
            guidance_scale=guidance_scale,
            sampler=sampler,
        )
        images = repaint(ctx, opened, request, canvas, mask, weight, strength, loras=adapters)
    return Drawn(images[0], images)
