"""Turns sampling into a node for each part: prompts, latents, sampling, decoding."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import Importer, ImportGap, Made
from studio_diffusion.importing.settings import find_model, write_model, write_reading, write_settings
from studio_diffusion.importing.values import Composite, Entry, LatentPart, Prompt, Sampling, VaePart

_SAMPLE = "diffusion.sample"
_STEP = 8  # pixels that a sample of a latent covers


def draw_in_parts(importer: Importer, sampling: Sampling, latent: LatentPart, vae: VaePart) -> Made:
    """Add a node for each part, and return the decoded image.

    Raises:
        ImportGap: The model is not taken apart, or no node type does a part.
    """
    known = find_model(sampling)
    if not known.parts:
        raise ImportGap(f"the parts of {known.name}", "diffusion.image_to_image")
    made = _sample(importer, sampling, vae)
    if latent.scale is not None:
        made = _enlarge(importer, sampling, made, latent)
    model = write_model(importer, sampling, vae, known)
    edge = importer.add(sampling.node, "diffusion.decode_latent", {"latent": made, "model": model}, name="decode")
    return Made({"from": edge}, "image")


def _sample(importer: Importer, sampling: Sampling, vae: VaePart) -> Made:
    if "latent" in sampling.made:
        return sampling.made["latent"]
    known = find_model(sampling)
    if sampling.latent.count not in (1, None):
        raise ImportGap("a batch in parts", "a list of seeds")
    model = write_model(importer, sampling, vae, known)
    settings = write_settings(importer, _SAMPLE, sampling, known)
    inputs = {
        "latent": _make_latent(importer, sampling, sampling.latent, vae, model),
        "conditioning": _encode(importer, sampling, model),
        "strength": sampling.denoise,
        **settings,
        **_write_span(sampling),
        "model": model,
    }
    edge = importer.add(sampling.node, _SAMPLE, inputs, name="sample")
    sampling.made["latent"] = Made({"from": edge}, "latent")
    return sampling.made["latent"]


def _write_span(sampling: Sampling) -> dict[str, Any]:
    span: dict[str, Any] = {"first_step": sampling.first or None, "last_step": sampling.last}
    if not sampling.noise:
        span["add_noise"] = False
    if sampling.leftover and sampling.last is not None:
        span["keep_noise"] = True
    return span


def _make_latent(importer: Importer, sampling: Sampling, latent: LatentPart, vae: VaePart, model: Any) -> Made:
    node = sampling.node
    if latent.composite is not None:
        return _composite(importer, sampling, latent.composite, vae, model)
    if latent.sampled is not None:
        made = _sample(importer, latent.sampled, vae)
        return _enlarge(importer, sampling, made, latent) if latent.scale is not None else made
    if latent.image is not None:
        inputs = {"image": latent.image, "model": model}
        return Made({"from": importer.add(node, "diffusion.encode_image", inputs, name="latent")}, "latent")
    inputs = {"width": latent.width, "height": latent.height, "model": model}
    return Made({"from": importer.add(node, "diffusion.empty_latent", inputs, name="latent")}, "latent")


def _composite(importer: Importer, sampling: Sampling, parts: Composite, vae: VaePart, model: Any) -> Made:
    base, top = (_make_latent(importer, sampling, one, vae, model) for one in (parts.base, parts.top))
    inputs = {"base": base, "top": top, "x": parts.x, "y": parts.y, "feather": parts.feather, "mask": parts.mask}
    edge = importer.add(sampling.node, "diffusion.composite_latents", inputs, name="composite")
    return Made({"from": edge}, "latent")


def _enlarge(importer: Importer, sampling: Sampling, made: Made, latent: LatentPart) -> Made:
    inputs = {"latent": made, "scale": latent.scale, "method": latent.method}
    return Made({"from": importer.add(sampling.node, "diffusion.upscale_latent", inputs, name="enlarge")}, "latent")


def _encode(importer: Importer, sampling: Sampling, model: Any) -> Made:
    positive, negative = sampling.positive, sampling.negative or Prompt((Entry(""),))
    if positive.image_prompts or positive.controls:
        raise ImportGap("ControlNets and images as prompts in parts", "diffusion.text_to_image")
    if not negative.is_plain:
        raise ImportGap("a negative prompt for an area", "one negative prompt")
    made = [_encode_entry(importer, sampling, entry, negative.text, model) for entry in positive.entries]
    if len(made) == 1:
        return made[0]
    edge = importer.add(sampling.node, "diffusion.combine_conditioning", {"conditionings": made}, name="prompts")
    return Made({"from": edge}, "conditioning")


def _encode_entry(importer: Importer, sampling: Sampling, entry: Entry, negative: Any, model: Any) -> Made:
    node = sampling.node
    inputs: dict[str, Any] = {"prompt": entry.text, "negative_prompt": negative, "model": model}
    inputs |= write_reading(importer, "diffusion.encode_prompt", sampling, find_model(sampling))
    edge = importer.add(node, "diffusion.encode_prompt", inputs, name="prompt")
    made = Made({"from": edge}, "conditioning")
    if entry.area is not None or entry.strength not in (1, 1.0):
        more = {"conditioning": made, **_write_area(entry, sampling), "strength": entry.strength}
        made = Made({"from": importer.add(node, "diffusion.set_conditioning_area", more, name="area")}, "conditioning")
    if entry.mask is not None:
        more = {"conditioning": made, "mask": entry.mask, "strength": entry.mask_strength}
        made = Made({"from": importer.add(node, "diffusion.set_conditioning_mask", more, name="area")}, "conditioning")
    if entry.span is not None:
        more = {"conditioning": made, "start": entry.span[0], "end": entry.span[1]}
        made = Made({"from": importer.add(node, "diffusion.set_conditioning_range", more, name="span")}, "conditioning")
    return made


def _write_area(entry: Entry, sampling: Sampling) -> dict[str, Any]:
    """Return an area in pixels, as inputs."""
    names, area = ("x", "y", "width", "height"), entry.area
    if area is None:
        return {}
    if not entry.shares:
        return dict(zip(names, area, strict=True))
    sides = (sampling.latent.width, sampling.latent.height) * 2
    if not all(isinstance(side, int) for side in sides) or not all(isinstance(one, int | float) for one in area):
        raise ImportGap("an area in shares of a size that is not a literal", "diffusion.set_conditioning_area")
    found = [round(one * (side // _STEP)) * _STEP for one, side in zip(area, sides, strict=True)]
    return dict(zip(names, [*found[:2], *(max(_STEP, one) for one in found[2:])], strict=True))
