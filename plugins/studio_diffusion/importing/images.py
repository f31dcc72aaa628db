"""Turns the sampling of an image into a node that draws, or into a node for each part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.api.foreign import Importer, ImportGap, Made
from studio_diffusion.importing.image_prompts import write_image_prompt
from studio_diffusion.importing.known_models import KnownModel
from studio_diffusion.importing.settings import write_model, write_negative, write_prompt, write_reading, write_settings
from studio_diffusion.importing.split import draw_in_parts
from studio_diffusion.importing.values import LatentPart, Sampling, VaePart

_TEXT, _REDRAW, _INPAINT = "diffusion.text_to_image", "diffusion.image_to_image", "diffusion.inpaint"
_EDIT, _LAYERS = "diffusion.edit_image", "diffusion.layers"
_CONTROL_KINDS = {
    "openpose": "pose", "depth": "depth", "hed": "scribble", "canny": "lines", "normal": "normals",
    "segment": "segments", "tile": "tile", "repaint": "inpaint",
}  # fmt: skip
_EDITORS = ("Flux Canny", "Flux Depth", "InstructPix2Pix")


def draw_image(importer: Importer, sampling: Sampling, latent: LatentPart, vae: VaePart, known: KnownModel) -> Made:
    """Add the nodes that draw what was sampled, and return the image, or the images of a batch.

    Raises:
        ImportGap: No node type can do it.
    """
    if sampling.latent.video is not None and sampling.latent.image is None:
        importer.differ(sampling.node, "each frame is drawn with the noise of the same seed")
        sampling = replace(sampling, latent=replace(sampling.latent, image=sampling.latent.video, video=None))
    if latent.scale is not None or _needs_parts(sampling) or not _is_fresh(sampling.latent):
        return _draw_after(importer, sampling, latent, vae, known)
    if sampling.positive.images or sampling.latent.layers:
        return _edit(importer, sampling, vae, known)
    if sampling.latent.mask is not None:
        return _inpaint(importer, sampling, vae, known)
    if sampling.latent.image is not None:
        more = {"image": sampling.latent.image, "strength": sampling.denoise}
        return _add(importer, _REDRAW, sampling, vae, known, more, name="redraw")
    return _add(importer, _TEXT, sampling, vae, known, _write_size(sampling.latent), name="paint")


def _is_fresh(latent: LatentPart) -> bool:
    return latent.sampled is None and latent.composite is None


def _needs_parts(sampling: Sampling) -> bool:
    partial = sampling.first or sampling.last is not None or not sampling.noise
    plain = sampling.positive.is_plain and (sampling.negative is None or sampling.negative.is_plain)
    return bool(partial) or not plain


def _draw_after(importer: Importer, sampling: Sampling, latent: LatentPart, vae: VaePart, known: KnownModel) -> Made:
    """Draw in parts; where a model is not taken apart, draw over the image that was drawn first."""
    earlier = sampling.latent.sampled
    try:
        return draw_in_parts(importer, sampling, latent, vae)
    except ImportGap:
        if earlier is None or _needs_parts(sampling):
            raise
    image = draw_image(importer, earlier, earlier.latent, vae, known)
    scale = sampling.latent.scale
    if scale is not None and scale != 1.0:
        image = Made(
            {"from": importer.add(sampling.node, "image.resize", {"image": image, "scale": scale}, name="enlarge")},
            "image",
        )
    importer.differ(sampling.node, "the second pass draws over the finished image, not over the latent")
    return _add(importer, _REDRAW, sampling, vae, known, {"image": image, "strength": sampling.denoise}, name="refine")


def _edit(importer: Importer, sampling: Sampling, vae: VaePart, known: KnownModel) -> Made:
    images = list(sampling.positive.images)
    if sampling.latent.layers:
        image = images[0] if images else sampling.latent.image
        more = {"image": image, "layers": sampling.latent.layers}
        return _add(importer, _LAYERS, sampling, vae, known, more, name="layers")
    if not known.edits and known.name not in _EDITORS:
        raise ImportGap(f"images beside the prompt for {known.name}", "a model that edits, such as Flux Kontext")
    if sampling.latent.image is not None and sampling.denoise not in (1, 1.0):
        importer.differ(sampling.node, "the image is edited from noise, not from itself")
    more = {"images": images, **_write_size(sampling.latent)}
    if sampling.latent.mask is not None:
        more["mask"] = sampling.latent.mask
    return _add(importer, _EDIT, sampling, vae, known, more, name="edit")


def _inpaint(importer: Importer, sampling: Sampling, vae: VaePart, known: KnownModel) -> Made:
    latent = sampling.latent
    if latent.mask_mode != "model" or sampling.denoise not in (1, 1.0):
        importer.differ(sampling.node, "the mask is followed at every step, and pixels outside it stay as they are")
    more = {"image": latent.image, "mask": latent.mask, "strength": sampling.denoise, "mask_blur": 0.0}
    if not isinstance(latent.image, Made):
        raise ImportGap("an image to draw into")
    return _add(importer, _INPAINT, sampling, vae, known, more, name="inpaint")


def _write_size(latent: LatentPart) -> dict[str, Any]:
    return {"width": latent.width, "height": latent.height}


def _add(
    importer: Importer,
    type: str,
    sampling: Sampling,
    vae: VaePart,
    known: KnownModel,
    more: dict[str, Any],
    *,
    name: str,
) -> Made:
    """Add a node that draws; the node that samples gives it title and place."""
    check_extras(importer, sampling, type)
    inputs = {"prompt": write_prompt(importer, sampling), "negative_prompt": write_negative(importer, sampling), **more}
    inputs |= write_settings(importer, type, sampling, known) | _write_extras(importer, sampling, type)
    inputs |= write_reading(importer, type, sampling, known)
    inputs["model"] = write_model(importer, sampling, vae, known)
    count = sampling.latent.count
    many = count not in (1, None) or type == _LAYERS
    if many and type != _LAYERS:
        inputs["count"] = count
        importer.differ(sampling.node, "images after the first have noise of their own seeds")
    edge = importer.add(sampling.node, type, inputs, name=name, output="images" if many else "")
    return Made({"from": edge}, "image", many)


def check_extras(importer: Importer, sampling: Sampling, type: str) -> None:
    """Raise ImportGap for a prediction that cannot be set."""
    if sampling.model.prediction not in ("", "eps", "lcm", "v_prediction"):
        raise ImportGap(f"a model that predicts {sampling.model.prediction}")


def _write_extras(importer: Importer, sampling: Sampling, type: str) -> dict[str, Any]:
    """Return image prompts and ControlNets, as inputs."""
    found: dict[str, Any] = {}
    positive = sampling.positive
    found |= write_image_prompt(importer, positive.image_prompts + sampling.model.image_prompts)
    if positive.controls:
        found["control"] = [_make_control(importer, sampling, at) for at in range(len(positive.controls))]
    return found


def _make_control(importer: Importer, sampling: Sampling, at: int) -> Made:
    control = sampling.positive.controls[at]
    inputs = {"image": control.image, "scale": control.scale, "start": control.start, "end": control.end}
    inputs["controlnet"] = importer.find_model(sampling.node, "controlnet", control.file)
    if control.kind:
        inputs["kind"] = _read_kind(control.kind)
    return Made({"from": importer.add(sampling.node, "diffusion.control", inputs, name="control")}, "control")


def _read_kind(kind: str) -> str:
    """Return what an image shows by ComfyUI's name of it.

    Raises:
        ImportGap: It is not told.
    """
    found = next((ours for mark, ours in _CONTROL_KINDS.items() if kind.startswith(mark)), None)
    if found is None:
        raise ImportGap(f"a ControlNet for {kind!r}", "the kind of image that it reads")
    return found
