"""Drawing taken apart: prompts, latents, sampling and decoding as nodes of their own, so that graphs can reuse them."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Conditioning, Context, Field, Image, Latent, Mask, Migration, node
from studio_diffusion.checks import check_part
from studio_diffusion.nodes.ends import (
    MINI,
    SIZE,
    STEPS,
    Guidance,
    Pipeline,
    Prompt,
    Sampler,
    Seed,
    Share,
    Side,
    Steps,
    Strength,
)


@node("diffusion.encode_prompt", lane="device", check=check_part)
def encode_prompt(
    ctx: Context, prompt: Prompt, *, negative_prompt: Prompt = "", model: Pipeline = MINI
) -> Conditioning:
    """Encode a prompt as a model's text encoders understand it, for diffusion.sample.

    Args:
        prompt: Description of what to draw; may be empty.
        negative_prompt: Description of what to keep out.
        model: Weights whose text encoders to use: SD, SDXL, SD3, Flux, PixArt or Sana.
    """
    from studio_diffusion.conditioning import encode_prompts, pack_conditioning
    from studio_diffusion.latents import check_parts
    from studio_diffusion.prompts import warn_about

    with ctx.open(model) as opened:
        check_parts(opened)
        warn_about(opened, [prompt], negative_prompt, ctx.log)
        guided = opened.family != "flux"
        tensors = encode_prompts(opened, opened.pipeline, [prompt], negative_prompt, guided=guided)
        return pack_conditioning(opened, tensors, prompt, negative_prompt)


@node(
    "diffusion.empty_latent",
    lane="device",
    device_free=True,
    check=check_part,
    version="2.0",
    migrations={1: Migration(values=SIZE)},
)
def make_empty_latent(ctx: Context, *, width: Side = None, height: Side = None, model: Pipeline = MINI) -> Latent:
    """Make an empty latent, the canvas that diffusion.sample draws on.

    Args:
        width: Columns of the image; null for the model's own size. Rounded to what the model takes, with a warning.
        height: Rows of the image; null for the model's own size.
        model: Weights that will draw on it.
    """
    import numpy as np

    from studio_diffusion.latents import check_parts, find_latent_shape
    from studio_diffusion.sizes import choose_size

    with ctx.open(model) as opened:
        check_parts(opened)
        size = choose_size(opened, width or 0, height or 0, ctx.log)
        return Latent(np.zeros(find_latent_shape(opened, *size), np.float32), opened.latent_space, *size)


@node("diffusion.encode_image", lane="device", check=check_part, version="2.0", migrations={1: Migration(values=SIZE)})
def encode_image(
    ctx: Context, image: Image, *, width: Side = None, height: Side = None, model: Pipeline = MINI
) -> Latent:
    """Encode an image into the latent space of a model.

    Args:
        image: Image to encode, any size; alpha is laid over white.
        width: Columns to bring the image to; null, with `height` too, for the image's own size, brought near
            to the model's where that is far from it.
        height: Rows to bring the image to.
        model: Weights whose autoencoder to use.
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


@node("diffusion.sample", lane="device", check=check_part, version="2.0", migrations={1: Migration(values=STEPS)})
def sample_latent(
    ctx: Context,
    latent: Latent,
    conditioning: Conditioning,
    *,
    strength: Strength = 1.0,
    steps: Steps = None,
    guidance_scale: Guidance = None,
    sampler: Sampler = "auto",
    seed: Seed = 1,
    model: Pipeline = MINI,
) -> Latent:
    """Draw a latent: from noise on an empty one, or over one that holds an image.

    From an empty latent it gives, decoded, what diffusion.text_to_image gives with the same seed.

    Args:
        latent: Latent to draw on: an empty latent, an encoded image, or a latent that was drawn before.
        conditioning: The encoded prompt.
        strength: How much of what the latent holds may change; 1 begins with pure noise. It does not count for an
            empty latent.
        steps: Steps from pure noise; null for as many as suit the model.
        guidance_scale: How strictly to follow the prompt; null for what suits the model.
        sampler: Way from noise to image, as for diffusion.text_to_image; "auto" for the model's own.
        seed: Seed of the noise; another seed gives another image.
        model: Weights to draw with.
    """
    from studio_diffusion.generate import make_request
    from studio_diffusion.latents import check_parts, check_space
    from studio_diffusion.resample import sample_over

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
        )
        return sample_over(ctx, opened, request, latent, conditioning, strength)


@node("diffusion.decode_latent", lane="device", check=check_part)
def decode_latent(ctx: Context, latent: Latent, *, tiled: bool = False, model: Pipeline = MINI) -> Image:
    """Decode a latent into an image.

    Args:
        latent: What was drawn or encoded.
        tiled: Decode in overlapping tiles: less memory, faint seams.
        model: Weights whose autoencoder to use; its latent space must be the latent's.
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
    """Mix two latents of one space and size.

    Args:
        base: Latent to mix into.
        top: Latent to mix in.
        opacity: Share of the top latent, 0 to 1.
        mask: Where the top latent counts, times the opacity; any size.
        method: "linear", or "spherical" along the arc between them (Shoemake 1985), which keeps the deviation.
    """
    from studio_diffusion.resample import blend_latents as blend

    return blend(base, top, opacity, mask, spherical=method == "spherical")


@node("diffusion.upscale_latent", replaces="diffusion.latent_upscale")
def upscale_latent(
    ctx: Context,
    latent: Latent,
    *,
    scale: Annotated[float, Field(gt=0, le=16, unit="factor")] = 2.0,
    method: Literal["nearest", "bilinear", "bicubic"] = "bicubic",
    multiple_of: Annotated[int, Field(ge=1, le=256, unit="samples")] = 2,
) -> Latent:
    """Enlarge or shrink a latent, to be drawn over by a second diffusion.sample.

    Args:
        latent: Latent that was drawn or encoded: channels x height x width.
        scale: Factor per side.
        method: Filter that resamples the latent.
        multiple_of: Round the latent's sides to multiples of this, as denoisers that work on patches ask for.
    """
    from studio_diffusion.resample import resize_latent

    return resize_latent(latent, scale, method, multiple_of)
