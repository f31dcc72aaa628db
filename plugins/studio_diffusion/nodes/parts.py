"""Drawing taken apart: prompts, latents, sampling and decoding as nodes of their own, so that graphs can reuse them."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Added, Conditioning, Context, Field, Image, Latent, Mask, Migration, node
from studio_diffusion.checks import check_part
from studio_diffusion.nodes.ends import (
    MINI,
    SIZE,
    STEPS,
    Guidance,
    Pipeline,
    Prompt,
    Sampler,
    Schedule,
    Seed,
    Share,
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

Place = Annotated[int, Field(ge=-65_535, le=65_535, unit="pixels")]


@node("diffusion.encode_prompt", lane="device", check=check_part)
def encode_prompt(
    ctx: Context,
    prompt: Prompt,
    *,
    negative_prompt: Prompt = "",
    prompt_syntax: Syntax = "plain",
    clip_skip: Skip = None,
    model: Pipeline = MINI,
) -> Conditioning:
    """Encode a prompt with a model's text encoders, for diffusion.sample.

    Args:
        prompt: Description of the image; may be empty.
        negative_prompt: Description of what to avoid; used only if the guidance scale is over 1.
        prompt_syntax: How the prompts are read: "plain" text, or with weights as ComfyUI has them, `(red:1.2)`, or as
            the web UI of AUTOMATIC1111 has them, `(red:1.2)` and `[red]`; for both, BREAK begins a new chunk. SD and
            SDXL only.
        clip_skip: Layers to leave out at the end of the CLIP text encoders; null for those of the model. SD and SDXL
            only.
        model: Weights of a model whose text encoders to use: SD, SDXL, SD3, Flux, PixArt or Sana.
    """
    from studio_diffusion.conditioning import encode_prompts, pack_conditioning
    from studio_diffusion.latents import check_parts
    from studio_diffusion.prompts import warn_about

    with ctx.open(model) as opened:
        check_parts(opened)
        warn_about(opened, [prompt], negative_prompt, ctx.log, prompt_syntax)
        reading = PromptReading(prompt_syntax, clip_skip)
        guided = opened.family != "flux"
        tensors = encode_prompts(opened, opened.pipeline, [prompt], negative_prompt, guided=guided, reading=reading)
        return pack_conditioning(opened, tensors, prompt, negative_prompt)


@node(
    "diffusion.empty_latent",
    lane="device",
    device_free=True,
    check=check_part,
    version="2.0",
    migrations={1: Migration(values=SIZE)},
    origin="algorithmic",
)
def make_empty_latent(ctx: Context, *, width: Side = None, height: Side = None, model: Pipeline = MINI) -> Latent:
    """Make an empty latent for diffusion.sample.

    Args:
        width: Width of the image; null for the model's own size. Rounded to a size that the model supports, with a
            warning.
        height: Height of the image; null for the model's own size. Rounded to a size that the model supports, with a
            warning.
        model: Weights of the model that will use the latent.
    """
    import numpy as np

    from studio_diffusion.latents import check_parts, find_latent_shape
    from studio_diffusion.sizes import choose_size

    with ctx.open(model) as opened:
        check_parts(opened)
        size = choose_size(opened, width or 0, height or 0, ctx.log)
        return Latent(np.zeros(find_latent_shape(opened, *size), np.float32), opened.latent_space, *size)


@node(
    "diffusion.encode_image",
    lane="device",
    check=check_part,
    version="2.0",
    migrations={1: Migration(values=SIZE)},
    origin="unchanged",
)
def encode_image(
    ctx: Context, image: Image, *, width: Side = None, height: Side = None, model: Pipeline = MINI
) -> Latent:
    """Encode an image into the latent space of a model.

    Args:
        image: Image to encode, of any size; alpha is drawn over white.
        width: Width to resize the image to; if height is null too, its own size, or a size nearer to the model's if
            that is far away.
        height: Height to resize the image to; if width is null too, its own size, or a size nearer to the model's if
            that is far away.
        model: Weights of a model whose autoencoder to use.
    """
    from studio_diffusion.latents import check_parts, encode_pixels
    from studio_diffusion.pixels import check_latents, read_image
    from studio_diffusion.redraw import choose_redraw_size

    with ctx.open(model) as opened:
        check_parts(opened)
        size = choose_redraw_size(opened, image, width or 0, height or 0, ctx.log)
        ctx.step(0, 1)
        latents = encode_pixels(opened, read_image(image, size)).float().cpu()
        check_latents(latents)
        return Latent(latents[0].numpy(), opened.latent_space, *size)


@node(
    "diffusion.sample",
    lane="device",
    check=check_part,
    version="2.0",
    migrations={1: Migration(values=STEPS)},
    origin="generated",
)
def sample_latent(
    ctx: Context,
    latent: Latent,
    conditioning: Conditioning,
    *,
    strength: Strength = 1.0,
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    schedule: Schedule = "auto",
    shift: Shift = None,
    sigmas: Sigmas = None,
    first_step: Annotated[int | None, Field(ge=0, le=1000), Added] = None,
    last_step: Annotated[int | None, Field(ge=1, le=1000), Added] = None,
    add_noise: Annotated[bool, Added] = True,
    keep_noise: Annotated[bool, Added] = False,
    mask: Annotated[Mask | None, Added] = None,
    seed: Seed = 1,
    model: Pipeline = MINI,
) -> Latent:
    """Generate a latent from noise, or from a latent that contains an image.

    From an empty latent the decoded result equals that of diffusion.text_to_image with the same seed.

    Args:
        latent: Latent to start from: an empty latent, an encoded image, or an earlier result.
        conditioning: Encoded prompt, from diffusion.encode_prompt.
        strength: How much of the latent may change; 1 starts with pure noise. Ignored for an empty latent.
        steps: Denoising steps from pure noise; null for a number that suits the model.
        guidance_scale: How strictly to follow the prompt; 1 is without guidance. Null for a value that suits the model.
        sampler: Sampler, the method of denoising; "auto" for the model's own.
        schedule: Spacing of the noise levels (Karras et al. 2022 for "karras"); "auto" for the model's own.
        shift: Shift of a flow model's noise levels (Esser et al. 2024): over 1 more steps at high noise; null for the
            model's own.
        sigmas: The noise levels themselves, falling, instead of steps and schedule; null for the schedule.
        first_step: Step to begin with, counted from 0, for drawing in stages; null for the first.
        last_step: Step to end before; null to take all.
        add_noise: Mix the latent with noise first; false for a latent that still has the noise of an earlier stage.
        keep_noise: Leave the noise of `last_step` in the latent, for a next stage.
        mask: Where to draw, of any size: 1 is drawn, 0 stays; null for everywhere.
        seed: Seed of the noise; another seed gives another image.
        model: Weights of a text-to-image model.
    """
    from studio_diffusion.generate import make_request
    from studio_diffusion.latents import check_parts, check_space
    from studio_diffusion.resample import sample_over

    plan = read_noise_plan(
        {
            "sampler": sampler,
            "schedule": schedule,
            "shift": shift,
            "sigmas": sigmas,
            "first_step": first_step,
            "last_step": last_step,
            "add_noise": add_noise,
            "keep_noise": keep_noise,
        }
    )
    with ctx.open(model) as opened:
        check_parts(opened)
        check_space(opened, latent.space)
        request = make_request(
            opened,
            prompts=[str(conditioning.info.get("prompt", ""))],
            seeds=[seed],
            size=(latent.width, latent.height),
            negative_prompt=str(conditioning.info.get("negative_prompt", "")),
            steps=steps or 0,
            guidance_scale=guidance_scale,
            sampler=sampler,
            plan=plan,
        )
        return sample_over(ctx, opened, request, latent, conditioning, strength, mask)


@node("diffusion.decode_latent", lane="device", check=check_part, origin="unchanged")
def decode_latent(ctx: Context, latent: Latent, *, tiled: bool = False, model: Pipeline = MINI) -> Image:
    """Decode a latent into an image.

    Args:
        latent: Latent to decode.
        tiled: Decode in overlapping tiles, which needs less memory and gives faint seams.
        model: Weights of a model whose autoencoder to use; it must have the latent's space.
    """
    import torch

    from studio_diffusion.latents import check_parts, check_space, decode_latents
    from studio_diffusion.pixels import make_images

    with ctx.open(model) as opened:
        check_parts(opened)
        check_space(opened, latent.space)
        ctx.step(0, 1)
        latents = torch.from_numpy(latent.samples.copy())[None]
        return make_images(decode_latents(opened, latents, tiled=tiled), dark=latent.is_empty)[0]


@node(
    "diffusion.blend_latents",
    version="2.0",
    migrations={1: Migration(inputs={"first": "base", "second": "top", "amount": "opacity"})},
    replaces="diffusion.latent_blend",
    origin="edited",
)
def blend_latents(
    ctx: Context,
    base: Latent,
    top: Latent,
    *,
    opacity: Share = 0.5,
    mask: Mask | None = None,
    method: Literal["linear", "spherical"] = "linear",
) -> Latent:
    """Mix two latents of the same space and size.

    Args:
        base: Latent to mix the top latent into.
        top: Latent to mix into the base, of the same space and size.
        opacity: Share of the top latent, from 0 to 1.
        mask: Mask of the top latent, of any size, multiplied by the opacity; null for all of it.
        method: Mixing method: "linear", or "spherical" along the arc between the latents (Shoemake 1985), which keeps
            their deviation.
    """
    from studio_diffusion.resample import blend_latents as blend

    return blend(base, top, opacity, mask, spherical=method == "spherical")


@node("diffusion.composite_latents", origin="edited")
def composite_latents(
    ctx: Context,
    base: Latent,
    top: Latent,
    *,
    x: Place = 0,
    y: Place = 0,
    feather: Annotated[int, Field(ge=0, le=8192, unit="pixels")] = 0,
    mask: Mask | None = None,
) -> Latent:
    """Put a latent at a place of another of the same space; the base's size stays.

    Numbers are in pixels of the decoded image, and are rounded down to whole samples of the latent.

    Args:
        base: Latent to put the top latent on.
        top: Latent to put on the base; what reaches beyond the base is cut off.
        x: Left edge of the top latent.
        y: Top edge of the top latent.
        feather: Width over which the top latent fades in from those of its edges that lie inside the base.
        mask: Mask of the top latent, of any size; null for all of it.
    """
    from studio_diffusion.resample import composite_latents as composite

    return composite(base, top, (x, y), feather, mask)


@node("diffusion.upscale_latent", replaces="diffusion.latent_upscale", origin="edited")
def upscale_latent(
    ctx: Context,
    latent: Latent,
    *,
    scale: Annotated[float, Field(gt=0, le=16, unit="factor")] = 2.0,
    method: Literal["nearest", "bilinear", "bicubic"] = "bicubic",
    multiple_of: Annotated[int, Field(ge=1, le=256, unit="samples")] = 2,
) -> Latent:
    """Enlarge or shrink a latent, for a second diffusion.sample.

    Args:
        latent: Latent to resize: channels x height x width.
        scale: Factor for both sides.
        method: Filter that resamples the latent.
        multiple_of: Round the latent's sides to multiples of this number, as denoisers that use patches require.
    """
    from studio_diffusion.resample import resize_latent

    return resize_latent(latent, scale, method, multiple_of)
