"""Images from words, and from words and a sketch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from studio.api import Batch, Context, Field, Image, Migration, Model, ModelKinds, node
from studio_diffusion.checks import check_drawing, check_span
from studio_diffusion.families import CONTROL, TEXT
from studio_diffusion.nodes.ends import (
    MINI,
    MINI_SKETCH,
    SIZE_AND_STEPS,
    Controls,
    Count,
    Drawn,
    DrawnAfterSketch,
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
    Share,
    Shift,
    Side,
    Sigmas,
    Skip,
    Steps,
    Syntax,
)
from studio_diffusion.noise_plan import read_noise_plan
from studio_diffusion.prompt_syntax import PromptReading

_SAME = (
    "negative_prompt", "width", "height", "steps", "guidance_scale", "sampler", "schedule", "shift", "sigmas",
    "prompt_syntax", "clip_skip", "count", "loras", "lora_scales", "image_prompt", "image_prompt_scale",
    "image_prompt_use", "image_prompt_model", "control", "model",
)  # fmt: skip
_KINDS = {"lines": "lines", "canny": "lines", "scribble": "scribble", "depth": "depth"}
_IMAGE_PROMPT = ("image_prompt", "image_prompt_model", "image_prompt_scale", "image_prompt_use")


def _draw_all(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[Drawn]:
    from studio_diffusion.control import open_controls
    from studio_diffusion.generate import draw, make_request, open_models
    from studio_diffusion.image_prompts import open_image_prompt
    from studio_diffusion.noise import list_seeds
    from studio_diffusion.sizes import choose_size

    first = calls[0]
    count = first["count"]
    adapters = (first["loras"] or (), first["lora_scales"] or ())
    with (
        open_models(ctx, first["model"], *adapters) as (opened, loras),
        open_image_prompt(ctx, *(first[name] for name in _IMAGE_PROMPT)) as image_prompt,
        open_controls(ctx, first["control"]) as controls,
    ):
        request = make_request(
            opened,
            prompts=[call["prompt"] for call in calls for _ in range(count)],
            seeds=[seed for call in calls for seed in list_seeds(call["seed"], count)],
            size=choose_size(opened, first["width"] or 0, first["height"] or 0, ctx.log),
            negative_prompt=first["negative_prompt"],
            steps=first["steps"] or 0,
            guidance_scale=first["guidance_scale"],
            sampler=first["sampler"],
            plan=read_noise_plan(first),
            reading=PromptReading(first["prompt_syntax"], first["clip_skip"]),
        )
        images = draw(
            ctx,
            opened,
            request,
            loras=loras,
            controls=controls,
            image_prompt=image_prompt,
            calls=len(calls),
        )
    groups = [images[at : at + count] for at in range(0, len(images), count)]
    return [Drawn(group[0], group) for group in groups]


@node(
    "diffusion.text_to_image",
    lane="device",
    batch=Batch(_draw_all, same=_SAME, limit=8, tolerance=0.02),
    check=check_drawing(TEXT),
    version="2.0",
    migrations={1: Migration(inputs={"lora_weights": "lora_scales"}, values=SIZE_AND_STEPS)},
    origin="generated",
)
def text_to_image(
    ctx: Context,
    prompt: Prompt,
    *,
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
    """Generate images from text.

    The starting noise is made in float32 on the CPU, so that a seed gives the same image on every device.

    Args:
        prompt: Description of the image; may be empty. SD and SDXL read long prompts in chunks; other models cut them,
            with a warning.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        width: Width of the image; null for the model's own size. Rounded to a size that the model supports, with a
            warning.
        height: Height of the image; null for the model's own size. Rounded to a size that the model supports, with a
            warning.
        steps: Denoising steps; null for a number that suits the model.
        guidance_scale: How strictly to follow the prompt (classifier-free guidance, Ho and Salimans 2022); 1 is not at
            all, and too much gives harsh colors. Null for a value that suits the model.
        sampler: Sampler, the method of denoising; "auto" for the model's own. DDIM (Song et al. 2020), Euler and Heun
            (Karras et al. 2022), DPM-Solver++ (Lu et al. 2022), UniPC (Zhao et al. 2023), LCM (Luo et al. 2023) and
            others.
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
    call = {
        "prompt": prompt,
        "negative_prompt": negative_prompt,
        "width": width,
        "height": height,
        "steps": steps,
        "guidance_scale": guidance_scale,
        "sampler": sampler,
        "schedule": schedule,
        "shift": shift,
        "sigmas": sigmas,
        "prompt_syntax": prompt_syntax,
        "clip_skip": clip_skip,
        "seed": seed,
        "count": count,
        "loras": loras,
        "lora_scales": lora_scales,
        "image_prompt": image_prompt,
        "image_prompt_scale": image_prompt_scale,
        "image_prompt_use": image_prompt_use,
        "image_prompt_model": image_prompt_model,
        "control": control,
        "model": model,
    }
    return _draw_all(ctx, [call])[0]


@node(
    "diffusion.sketch_to_image",
    lane="device",
    check=check_drawing(CONTROL),
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "lora_weights": "lora_scales",
                "strength": "control_scale",
                "start": "control_start",
                "end": "control_end",
            },
            values=SIZE_AND_STEPS,
        )
    },
    origin={"image": "generated", "images": "generated", "control": "edited"},
)
def sketch_to_image(
    ctx: Context,
    sketch: Image,
    prompt: Prompt,
    *,
    kind: Literal["lines", "scribble", "canny", "depth", "as_it_is"] = "lines",
    control_scale: Annotated[float, Field(ge=0, le=2, unit="factor")] = 1.0,
    control_start: Share = 0.0,
    control_end: Share = 1.0,
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
    controlnet: Annotated[Model, ModelKinds("controlnet")] = MINI_SKETCH,
    model: Pipeline = MINI,
) -> DrawnAfterSketch:
    """Generate images from text and a sketch, with a ControlNet (Zhang et al. 2023).

    Args:
        sketch: Drawing or photograph to follow, of any size; alpha is drawn over white.
        prompt: Description of the image.
        kind: How to read the sketch. "lines" and "scribble" take a drawing, dark on light or light on dark, and find
            the edges of a photograph; "canny" finds edges in any image (Canny 1986). All three give white lines on
            black. "depth" is a depth map, near is bright. "as_it_is" passes the sketch to other ControlNets unchanged.
        control_scale: How strictly to follow the sketch; 1 is the strength that the ControlNet was trained with.
        control_start: Share of the steps after which the sketch is followed, 0 to 1.
        control_end: Share of the steps until which the sketch is followed, 0 to 1.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        width: Width of the image; if height is null too, the sketch's shape at the model's own size.
        height: Height of the image; if width is null too, the sketch's shape at the model's own size.
        steps: Denoising steps; null for a number that suits the model.
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
        controlnet: Weights of the ControlNet; they must fit the model.
        model: Weights of a text-to-image model.
    """
    import numpy as np

    from studio_diffusion.control import OpenedControl, require_net
    from studio_diffusion.generate import draw, open_models, repeat_request
    from studio_diffusion.image_prompts import open_image_prompt
    from studio_diffusion.pixels import read_image
    from studio_diffusion.sizes import choose_size, fit_shape
    from studio_diffusion.sketch import prepare_sketch

    check_span(control_start, control_end)
    plan = read_noise_plan({"sampler": sampler, "schedule": schedule, "shift": shift, "sigmas": sigmas})
    adapters = (loras or (), lora_scales or ())
    with (
        open_models(ctx, model, *adapters) as (opened, ready),
        ctx.open(controlnet) as net,
        open_image_prompt(ctx, image_prompt, image_prompt_model, image_prompt_scale, image_prompt_use) as seen,
    ):
        if not (width or height):
            size = fit_shape(opened, (sketch.width, sketch.height))
        else:
            size = choose_size(opened, width or 0, height or 0, ctx.log)
        pixels = np.ascontiguousarray(read_image(sketch)[0].permute(1, 2, 0).numpy())
        control = Image(prepare_sketch(pixels, kind, size))
        request = repeat_request(
            opened,
            prompt=prompt,
            seed=seed,
            count=count,
            size=size,
            negative_prompt=negative_prompt,
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
            plan=plan,
            reading=PromptReading(prompt_syntax, clip_skip),
        )
        require_net(net, controlnet)
        shown = _KINDS.get(kind, "auto") if net.is_union else "auto"
        followed = OpenedControl(net, control, control_scale, control_start, control_end, shown)
        images = draw(ctx, opened, request, loras=ready, controls=[followed], image_prompt=seen)
    return DrawnAfterSketch(images[0], images, control)
