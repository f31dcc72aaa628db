"""Images drawn over as a whole, and in variations."""

from __future__ import annotations

from studio.api import Context, Image, Migration, node
from studio_diffusion.checks import check_drawing
from studio_diffusion.families import IMAGE
from studio_diffusion.nodes.ends import (
    MINI,
    SIZE_AND_STEPS,
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
    Side,
    Sigmas,
    Skip,
    Steps,
    Strength,
    Syntax,
)
from studio_diffusion.noise_plan import read_noise_plan
from studio_diffusion.prompt_syntax import PromptReading


@node(
    "diffusion.image_to_image",
    lane="device",
    check=check_drawing(IMAGE),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales"}, values=SIZE_AND_STEPS)},
    origin="generated",
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
    """Change an image by a text description (SDEdit, Meng et al. 2021).

    Args:
        image: Image to start from, of any size; alpha is drawn over white.
        prompt: Description of the result.
        strength: How much may change: 0 nothing, 1 nearly all. It is also the share of the steps that run.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        width: Width of the result; if height is null too, the image's own size, or a size nearer to the model's if that
            is far away.
        height: Height of the result; if width is null too, the image's own size, or a size nearer to the model's if
            that is far away.
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
    from studio_diffusion.redraw import choose_redraw_size, redraw

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
            size=choose_redraw_size(opened, image, width or 0, height or 0, ctx.log),
            negative_prompt=negative_prompt,
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
            plan=plan,
            reading=PromptReading(prompt_syntax, clip_skip),
        )
        images = redraw(ctx, opened, request, image, strength, loras=adapters, controls=controls, image_prompt=seen)
    return Drawn(images[0], images)


@node(
    "diffusion.variations",
    lane="device",
    code=2,
    check=check_drawing(IMAGE),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales", "amount": "strength"}, values=STEPS)},
    origin="generated",
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
    schedule: Schedule = "auto",
    shift: Shift = None,
    sigmas: Sigmas = None,
    prompt_syntax: Syntax = "plain",
    clip_skip: Skip = None,
    seed: Seed = 1,
    count: Count = 4,
    loras: Loras = None,
    lora_scales: Scales = None,
    image_prompt: ImagePrompts = None,
    image_prompt_scale: ImagePromptScale = 1.0,
    image_prompt_use: ImagePromptUse = "all",
    image_prompt_model: ImagePromptModel = None,
    control: Controls = None,
    model: Pipeline = MINI,
) -> Drawn:
    """Generate variations of an image, each from its own noise over the image (SDEdit, Meng et al. 2021).

    Args:
        image: Image to vary, of any size; alpha is drawn over white.
        strength: How much may change: 0 nothing, 1 nearly all.
        prompt: Description of the image; it keeps the variations closer to it.
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
        seed: Seed of the noise; another seed gives different variations.
        count: Number of variations; they use the seeds `seed`, `seed + 1` and so on.
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
    return image_to_image(
        ctx,
        image,
        prompt,
        strength=strength,
        negative_prompt=negative_prompt,
        steps=steps,
        guidance_scale=guidance_scale,
        sampler=sampler,
        schedule=schedule,
        shift=shift,
        sigmas=sigmas,
        prompt_syntax=prompt_syntax,
        clip_skip=clip_skip,
        seed=seed,
        count=count,
        loras=loras,
        lora_scales=lora_scales,
        image_prompt=image_prompt,
        image_prompt_scale=image_prompt_scale,
        image_prompt_use=image_prompt_use,
        image_prompt_model=image_prompt_model,
        control=control,
        model=model,
    )
