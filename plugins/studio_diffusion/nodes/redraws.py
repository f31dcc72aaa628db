"""Images drawn over: as a whole, in a part, beyond their edges, and in variations."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Mask, Migration, node
from studio_diffusion.checks import check_drawing
from studio_diffusion.families import IMAGE, INPAINT
from studio_diffusion.nodes.ends import (
    MINI,
    SIZE_AND_STEPS,
    STEPS,
    Count,
    Drawn,
    Guidance,
    Loras,
    Pipeline,
    Prompt,
    Sampler,
    Scales,
    Seed,
    Side,
    Steps,
    Strength,
)

Border = Annotated[int, Field(ge=0, le=8192, unit="pixels")]
Feather = Annotated[float, Field(ge=0, le=1000, unit="pixels")]


@node(
    "diffusion.image_to_image",
    lane="device",
    check=check_drawing(IMAGE),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales"}, values=SIZE_AND_STEPS)},
)
def image_to_image(
    ctx: Context,
    image: Image,
    prompt: Prompt,
    *,
    strength: Strength = 0.6,
    negative_prompt: Prompt = "",
    width: Side = None,
    height: Side = None,
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_scales: Scales = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw an image over after words (SDEdit, Meng et al. 2021).

    Args:
        image: Image to begin with, any size; alpha is laid over white.
        prompt: Description of what the image is to become.
        strength: How much may change: 0 nothing, 1 nearly all. A part of the steps is taken, as large as this.
        negative_prompt: Description of what to keep out.
        width: Columns of the result; null, with `height` too, for the image's own size, brought near to the model's
            where that is far from it.
        height: Rows of the result.
        steps: Steps from pure noise; null for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; null for what suits the model.
        sampler: Way from noise to image, as for diffusion.text_to_image; "auto" for the model's own.
        seed: Seed of the noise; another seed gives another image.
        count: How many images, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        model: Model to draw with.
    """
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.redraw import choose_redraw_size, redraw

    with open_models(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_redraw_size(opened, image, width or 0, height or 0, ctx.log),
            negative_prompt=negative_prompt,
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
        )
        images = redraw(ctx, opened, request, image, strength, loras=adapters)
    return Drawn(images[0], images)


@node(
    "diffusion.variations",
    lane="device",
    check=check_drawing(IMAGE),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales", "amount": "strength"}, values=STEPS)},
)
def draw_variations(
    ctx: Context,
    image: Image,
    *,
    strength: Strength = 0.5,
    prompt: Prompt = "",
    negative_prompt: Prompt = "",
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 4,
    loras: Loras = None,
    lora_scales: Scales = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw variations of an image: each with noise of its own over the image (SDEdit, Meng et al. 2021).

    Args:
        image: Image to vary, any size; alpha is laid over white.
        strength: How far the variations may go: 0 leaves the image, 1 keeps next to nothing of it.
        prompt: Description of the image; it helps to stay with it.
        negative_prompt: Description of what to keep out.
        steps: Steps from pure noise; null for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; null for what suits the model.
        sampler: Way from noise to image, as for diffusion.text_to_image; "auto" for the model's own.
        seed: Seed of the noise; another seed gives other variations.
        count: How many, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        model: Model to draw with.
    """
    return image_to_image(
        ctx,
        image,
        prompt,
        strength=strength,
        negative_prompt=negative_prompt,
        steps=steps,
        guidance_scale=guidance_scale,
        sampler=sampler,
        seed=seed,
        count=count,
        loras=loras,
        lora_scales=lora_scales,
        model=model,
    )


@node(
    "diffusion.inpaint",
    lane="device",
    check=check_drawing(INPAINT),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales", "feather": "mask_blur"}, values=STEPS)},
)
def inpaint(
    ctx: Context,
    image: Image,
    mask: Mask,
    prompt: Prompt,
    *,
    strength: Strength = 1.0,
    mask_blur: Feather = 4.0,
    negative_prompt: Prompt = "",
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_scales: Scales = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw a part of an image anew; what the mask does not choose stays exactly as it is.

    Args:
        image: Image to change; alpha is laid over white.
        mask: Where to draw, of the same size: 1 is drawn, 0 stays, between is mixed.
        prompt: What the part, or the whole image, is to show.
        strength: How much may change there: 1 begins with pure noise.
        mask_blur: Width of the soft edge, inside the mask.
        negative_prompt: Description of what to keep out.
        steps: Steps from pure noise; null for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; null for what suits the model.
        sampler: Way from noise to image, as for diffusion.text_to_image; "auto" for the model's own.
        seed: Seed of the noise; another seed gives another image.
        count: How many images, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        model: Model to draw with.
    """
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.masks import check_mask, soften_inside
    from studio_diffusion.redraw import repaint
    from studio_diffusion.sizes import choose_work_size

    check_mask(image, mask)
    with open_models(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_work_size(opened, (image.width, image.height), ctx.log),
            negative_prompt=negative_prompt,
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
        )
        weight = soften_inside(mask.pixels, mask_blur)
        images = repaint(ctx, opened, request, image, mask, weight, strength, loras=adapters)
    return Drawn(images[0], images)


@node(
    "diffusion.outpaint",
    lane="device",
    check=check_drawing(INPAINT),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales"}, values=STEPS)},
)
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
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_scales: Scales = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Draw on beyond the edges of an image.

    The new parts begin as a mirror image that fades into a blur, and are then drawn anew with a soft seam.

    Args:
        image: Image to extend; alpha is laid over white. Behind the seam it stays exactly as it is.
        prompt: Description of the whole image.
        left: Pixels to add at the left.
        right: Pixels to add at the right.
        top: Pixels to add at the top.
        bottom: Pixels to add at the bottom.
        seam: How far into the image old and new are mixed; at most a quarter of the image's side.
        strength: How far the new parts may leave the mirror image: 1 begins with pure noise.
        negative_prompt: Description of what to keep out.
        steps: Steps from pure noise; null for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; null for what suits the model.
        sampler: Way from noise to image, as for diffusion.text_to_image; "auto" for the model's own.
        seed: Seed of the noise; another seed gives another image.
        count: How many images, of the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs to draw with.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        model: Model to draw with.
    """
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.redraw import extend_image, repaint
    from studio_diffusion.sizes import choose_work_size

    if not (left or right or top or bottom):
        return Drawn(image, [image] * count)
    canvas, mask, weight = extend_image(image, (left, right, top, bottom), seam)
    with open_models(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_work_size(opened, (canvas.width, canvas.height), ctx.log),
            negative_prompt=negative_prompt,
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
        )
        images = repaint(ctx, opened, request, canvas, mask, weight, strength, loras=adapters)
    return Drawn(images[0], images)
