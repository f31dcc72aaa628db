"""Images edited by words."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Mask, node
from studio_diffusion.checks import check_drawing
from studio_diffusion.families import EDIT
from studio_diffusion.nodes.ends import (
    Count,
    Drawn,
    Guidance,
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
    Steps,
)
from studio_diffusion.noise_plan import read_noise_plan


@node("diffusion.edit_image", lane="device", check=check_drawing(EDIT), origin="generated")
def edit_image(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=16)],
    prompt: Prompt,
    model: Pipeline,
    *,
    mask: Mask | None = None,
    negative_prompt: Prompt = "",
    width: Side = None,
    height: Side = None,
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    schedule: Schedule = "auto",
    shift: Shift = None,
    sigmas: Sigmas = None,
    seed: Seed = 1,
    count: Count = 1,
    loras: Loras = None,
    lora_scales: Scales = None,
) -> Drawn:
    """Edit an image by an instruction, or make one from several, with a model that looks at images.

    Models: Flux Kontext, Flux 2, Flux Control (the image is a depth map or lines), Qwen-Image-Edit, Qwen-Image 2.1.
    There are none among those that are included.

    Args:
        images: Image to edit first, then others that the prompt refers to, for models that take several; alpha is
            drawn over white.
        prompt: Instruction, such as "make the sky red", or a description of the result.
        model: Weights of a model that edits.
        mask: Mask of the first image: 1 may change, 0 stays; for models that take one.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        width: Width of the result; if height is null too, the first image's shape at the model's own size.
        height: Height of the result; if width is null too, the first image's shape at the model's own size.
        steps: Denoising steps; null for a number that suits the model.
        guidance_scale: How strictly to follow the prompt; 1 is not at all. Null for a value that suits the model.
        sampler: Sampler, the method of denoising; "auto" for the model's own.
        schedule: Spacing of the noise levels (Karras et al. 2022 for "karras"); "auto" for the model's own.
        shift: Shift of a flow model's noise levels (Esser et al. 2024): over 1 more steps at high noise; null for the
            model's own.
        sigmas: The noise levels themselves, falling, instead of steps and schedule; null for the schedule.
        seed: Seed of the noise; another seed gives another image.
        count: Number of images; they use the seeds `seed`, `seed + 1` and so on.
        loras: LoRAs (Hu et al. 2021) to apply to the model; null for none.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
    """
    from studio_diffusion.edit import choose_edit_size, edit
    from studio_diffusion.generate import open_models, repeat_request

    plan = read_noise_plan({"sampler": sampler, "schedule": schedule, "shift": shift, "sigmas": sigmas})
    with open_models(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=choose_edit_size(opened, images[0], width or 0, height or 0, ctx.log),
            negative_prompt=negative_prompt,
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
            plan=plan,
        )
        made = edit(ctx, opened, request, images, mask, loras=adapters)
    return Drawn(made[0], made)
