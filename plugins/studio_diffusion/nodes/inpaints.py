"""Images drawn over in a part, and beyond their edges."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Mask, Migration, node
from studio_diffusion.checks import check_drawing
from studio_diffusion.families import INPAINT
from studio_diffusion.nodes.ends import (
    MINI,
    STEPS,
    Controls,
    Count,
    Drawn,
    Guidance,
    ImagePromptModel,
    ImagePrompts,
    ImagePromptScale,
    ImagePromptUse,
    Loras,
    Pipeline,
    Prompt,
    Sampler,
    Scales,
    Schedule,
    Seed,
    Shift,
    Sigmas,
    Skip,
    Steps,
    Strength,
    Syntax,
)
from studio_diffusion.noise_plan import read_noise_plan
from studio_diffusion.prompt_syntax import PromptReading

Border = Annotated[int, Field(ge=0, le=8192, unit="pixels")]
Feather = Annotated[float, Field(ge=0, le=1000, unit="pixels")]


@node(
    "diffusion.inpaint",
    lane="device",
    check=check_drawing(INPAINT),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales", "feather": "mask_blur"}, values=STEPS)},
    origin="generated",
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
    schedule: Schedule = "auto",
    shift: Shift = None,
    sigmas: Sigmas = None,
    prompt_syntax: Syntax = "plain",
    clip_skip: Skip = None,
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_scales: Scales = None,
    image_prompt: ImagePrompts = None,
    image_prompt_scale: ImagePromptScale = 1.0,
    image_prompt_use: ImagePromptUse = "all",
    image_prompt_model: ImagePromptModel = None,
    control: Controls = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Generate a part of an image again; pixels outside the mask stay exactly as they are.

    Args:
        image: Image to change; alpha is drawn over white.
        mask: Mask of the same size: 1 is generated, 0 stays, values in between are mixed.
        prompt: Description of the part, or of the whole image.
        strength: How much may change inside the mask; 1 starts with pure noise.
        mask_blur: Width of the soft edge, inside the mask.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        steps: Denoising steps from pure noise; null for a number that suits the model.
        guidance_scale: How strictly to follow the prompt; 1 is without guidance. Null for a value that suits the model.
        sampler: Sampler, the method of denoising; "auto" for the model's own.
        schedule: Spacing of the noise levels (Karras et al. 2022 for "karras"); "auto" for the model's own.
        shift: Shift of a flow model's noise levels (Esser et al. 2024): over 1 more steps at high noise; null for the
            model's own.
        sigmas: The noise levels themselves, falling, instead of steps and schedule; null for the schedule.
        prompt_syntax: How the prompts are read: "plain" text, or with weights as ComfyUI has them, `(red:1.2)`, or as
            the web UI of AUTOMATIC1111 has them, `(red:1.2)` and `[red]`; for both, BREAK begins a new chunk. SD and
            SDXL only.
        clip_skip: Layers to leave out at the end of the CLIP text encoders; null for those of the model. SD and SDXL
            only.
        seed: Seed of the noise; another seed gives another image.
        count: Number of images; they use the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs (Hu et al. 2021) to apply to the model; null for none.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        image_prompt: Images that are read as a part of the prompt (IP-Adapter, Ye et al. 2023); null for none.
        image_prompt_scale: How strongly the images of `image_prompt` count; 1 is as their model was trained.
        image_prompt_use: What the images of `image_prompt` decide on: "all", "style" or "layout" (InstantStyle, Wang et
            al. 2024); the last two for SDXL with an IP-Adapter only.
        image_prompt_model: Weights that read `image_prompt`: an IP-Adapter for SD, SDXL, SD3 or Flux, Flux Redux, or
            for SDXL the CLIP vision model, whose embedding takes the place of the prompt's pooled one.
        control: Images to follow, each from diffusion.control, several at once; null for none.
        model: Weights of a text-to-image model.
    """
    from studio_diffusion.control import open_controls
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.image_prompts import open_image_prompt
    from studio_diffusion.masks import check_mask, soften_inside
    from studio_diffusion.redraw import repaint
    from studio_diffusion.sizes import choose_work_size

    check_mask(image, mask)
    plan = read_noise_plan({"sampler": sampler, "schedule": schedule, "shift": shift, "sigmas": sigmas})
    with (
        open_models(ctx, model, loras or (), lora_scales or ()) as (opened, adapters),
        open_image_prompt(ctx, image_prompt, image_prompt_model, image_prompt_scale, image_prompt_use) as seen,
        open_controls(ctx, control) as controls,
    ):
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
            plan=plan,
            reading=PromptReading(prompt_syntax, clip_skip),
        )
        weight = soften_inside(mask.pixels, mask_blur)
        images = repaint(
            ctx, opened, request, image, mask, weight, strength, loras=adapters, controls=controls, image_prompt=seen
        )
    return Drawn(images[0], images)


@node(
    "diffusion.outpaint",
    lane="device",
    check=check_drawing(INPAINT),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales"}, values=STEPS)},
    origin="generated",
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
    schedule: Schedule = "auto",
    shift: Shift = None,
    sigmas: Sigmas = None,
    prompt_syntax: Syntax = "plain",
    clip_skip: Skip = None,
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_scales: Scales = None,
    image_prompt: ImagePrompts = None,
    image_prompt_scale: ImagePromptScale = 1.0,
    image_prompt_use: ImagePromptUse = "all",
    image_prompt_model: ImagePromptModel = None,
    control: Controls = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Extend an image beyond its edges.

    The new parts start as a mirror image that fades into a blur. They are then generated, with a soft seam.

    Args:
        image: Image to extend; alpha is drawn over white. Apart from the seam it is not changed.
        prompt: Description of the whole image.
        left: Width to add on the left.
        right: Width to add on the right.
        top: Height to add at the top.
        bottom: Height to add at the bottom.
        seam: Width of the seam inside the image where old and new are mixed; at most a quarter of the image's side.
        strength: How much the new parts may differ from the mirror image; 1 starts with pure noise.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        steps: Denoising steps from pure noise; null for a number that suits the model.
        guidance_scale: How strictly to follow the prompt; 1 is without guidance. Null for a value that suits the model.
        sampler: Sampler, the method of denoising; "auto" for the model's own.
        schedule: Spacing of the noise levels (Karras et al. 2022 for "karras"); "auto" for the model's own.
        shift: Shift of a flow model's noise levels (Esser et al. 2024): over 1 more steps at high noise; null for the
            model's own.
        sigmas: The noise levels themselves, falling, instead of steps and schedule; null for the schedule.
        prompt_syntax: How the prompts are read: "plain" text, or with weights as ComfyUI has them, `(red:1.2)`, or as
            the web UI of AUTOMATIC1111 has them, `(red:1.2)` and `[red]`; for both, BREAK begins a new chunk. SD and
            SDXL only.
        clip_skip: Layers to leave out at the end of the CLIP text encoders; null for those of the model. SD and SDXL
            only.
        seed: Seed of the noise; another seed gives another image.
        count: Number of images; they use the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs (Hu et al. 2021) to apply to the model; null for none.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        image_prompt: Images that are read as a part of the prompt (IP-Adapter, Ye et al. 2023); null for none.
        image_prompt_scale: How strongly the images of `image_prompt` count; 1 is as their model was trained.
        image_prompt_use: What the images of `image_prompt` decide on: "all", "style" or "layout" (InstantStyle, Wang et
            al. 2024); the last two for SDXL with an IP-Adapter only.
        image_prompt_model: Weights that read `image_prompt`: an IP-Adapter for SD, SDXL, SD3 or Flux, Flux Redux, or
            for SDXL the CLIP vision model, whose embedding takes the place of the prompt's pooled one.
        control: Images to follow, each from diffusion.control, several at once; null for none.
        model: Weights of a text-to-image model.
    """
    from studio_diffusion.control import open_controls
    from studio_diffusion.generate import open_models, repeat_request
    from studio_diffusion.image_prompts import open_image_prompt
    from studio_diffusion.redraw import extend_image, repaint
    from studio_diffusion.sizes import choose_work_size

    if not (left or right or top or bottom):
        return Drawn(image, [image] * count)
    canvas, mask, weight = extend_image(image, (left, right, top, bottom), seam)
    plan = read_noise_plan({"sampler": sampler, "schedule": schedule, "shift": shift, "sigmas": sigmas})
    with (
        open_models(ctx, model, loras or (), lora_scales or ()) as (opened, adapters),
        open_image_prompt(ctx, image_prompt, image_prompt_model, image_prompt_scale, image_prompt_use) as seen,
        open_controls(ctx, control) as controls,
    ):
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
            plan=plan,
            reading=PromptReading(prompt_syntax, clip_skip),
        )
        images = repaint(
            ctx, opened, request, canvas, mask, weight, strength, loras=adapters, controls=controls, image_prompt=seen
        )
    return Drawn(images[0], images)
