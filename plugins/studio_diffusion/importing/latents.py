"""What ComfyUI's nodes for latents mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_diffusion.importing.prompts import get_prompt
from studio_diffusion.importing.values import Composite, LatentPart

_SIZE = ("width", "height", "batch_size")
_FRAMES = ("width", "height", "length", "batch_size")


def get_latent(importer: Importer, node: ForeignNode, name: str) -> LatentPart:
    """Return the latent at an input; raise ImportGap if something else stands there."""
    latent = importer.get(node, name)
    if not isinstance(latent, LatentPart):
        raise ImportGap(f"a latent at {name}")
    return latent


def _make_empty(importer: Importer, node: ForeignNode) -> Any:
    size = {"width": importer.get(node, "width", 512), "height": importer.get(node, "height", 512)}
    return LatentPart(**size, count=importer.get(node, "batch_size", 1), layers=importer.get(node, "layers"))


def make_video_latent(importer: Importer, node: ForeignNode, **more: Any) -> LatentPart:
    """Return the latent of a video with the size and the length that a node says."""
    size = {"width": importer.get(node, "width"), "height": importer.get(node, "height")}
    frames = importer.get(node, "length", importer.get(node, "video_frames"))
    return LatentPart("video", **size, frames=frames, count=importer.get(node, "batch_size", 1), **more)


def _make_empty_video(importer: Importer, node: ForeignNode) -> Any:
    return make_video_latent(importer, node)


def _make_empty_audio(importer: Importer, node: ForeignNode) -> Any:
    return LatentPart("audio", seconds=importer.get(node, "seconds"))


def _encode(importer: Importer, node: ForeignNode) -> Any:
    pixels = importer.get(node, "pixels")
    if not isinstance(pixels, Made):
        raise ImportGap("an image at pixels")
    if pixels.kind == "video":
        return LatentPart("video", video=pixels)
    return LatentPart(image=pixels)


def _encode_masked(importer: Importer, node: ForeignNode) -> Any:
    latent = _encode(importer, node)
    if importer.get(node, "grow_mask_by", 6):
        importer.differ(node, "the mask grows by the node type's own soft edge")
    return replace(latent, mask=importer.get(node, "mask"), mask_mode="fill")


def _condition_masked(importer: Importer, node: ForeignNode) -> Any:
    mode = "model" if importer.get(node, "noise_mask", True) else "fill"
    latent = replace(_encode(importer, node), mask=importer.get(node, "mask"), mask_mode=mode)
    return get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative"), latent


def _set_mask(importer: Importer, node: ForeignNode) -> Any:
    return replace(get_latent(importer, node, "samples"), mask=importer.get(node, "mask"))


def _condition_pixels(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that gives a model an image in further channels: InstructPix2Pix, Flux Canny and Depth."""
    pixels = importer.get(node, "pixels")
    positive, negative = get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative")
    return replace(positive, images=(*positive.images, pixels)), negative, LatentPart()


def _scale(importer: Importer, node: ForeignNode) -> Any:
    latent = get_latent(importer, node, "samples")
    width, height = importer.get(node, "width", 0), importer.get(node, "height", 0)
    old = (latent.width, latent.height)
    if not all(isinstance(side, int) and side for side in (width, height, *old)):
        raise ImportGap("a latent resized to a size that is not a literal", "diffusion.upscale_latent")
    scale = width / old[0]
    if abs(scale - height / old[1]) > 0.02:
        importer.differ(node, "both sides are scaled by the same factor")
    return _resize(importer, node, latent, scale)


def _scale_by(importer: Importer, node: ForeignNode) -> Any:
    return _resize(importer, node, get_latent(importer, node, "samples"), float(importer.get(node, "scale_by", 1.5)))


def _resize(importer: Importer, node: ForeignNode, latent: LatentPart, scale: float) -> LatentPart:
    method = str(importer.get(node, "upscale_method", "nearest-exact"))
    if method not in ("nearest-exact", "bilinear", "bicubic"):
        importer.differ(node, f"the latent is resized by bicubic instead of {method}")
        method = "bicubic"
    size = [round(side * scale) if isinstance(side, int) else None for side in (latent.width, latent.height)]
    method = "nearest" if method == "nearest-exact" else method
    return replace(latent, width=size[0], height=size[1], scale=(latent.scale or 1.0) * scale, method=method)


def _composite(importer: Importer, node: ForeignNode) -> Any:
    named = "samples_to" in node.inputs or "samples_from" in node.inputs
    base = get_latent(importer, node, "samples_to" if named else "destination")
    top = get_latent(importer, node, "samples_from" if named else "source")
    if importer.get(node, "resize_source", False):
        raise ImportGap("a latent resized to another's size", "diffusion.upscale_latent")
    more = {name: importer.get(node, name, 0) for name in ("x", "y", "feather")}
    mask = importer.get(node, "mask")
    if mask is not None:
        importer.differ(node, "a mask that is made smaller is antialiased")
    size = {"width": base.width, "height": base.height}
    return LatentPart(base.media, **size, count=base.count, composite=Composite(base, top, **more, mask=mask))


def _repeat(importer: Importer, node: ForeignNode) -> Any:
    latent = get_latent(importer, node, "samples")
    return replace(latent, count=latent.count * importer.get(node, "amount", 1))


def _pass_samples(importer: Importer, node: ForeignNode) -> Any:
    latent = get_latent(importer, node, "samples")
    importer.drop(node, "the model's own pipeline does it")
    return latent


_EMPTY = ImportRule(_make_empty, _SIZE)
_EMPTY_VIDEO = ImportRule(_make_empty_video, _FRAMES)

LATENT_RULES: dict[str, ImportRule] = {
    **dict.fromkeys(
        ("EmptyLatentImage", "EmptySD3LatentImage", "EmptyFlux2LatentImage", "EmptyChromaRadianceLatentImage",
         "EmptyHiDreamO1LatentImage"),
        _EMPTY,
    ),
    "EmptyQwenImageLayeredLatentImage": ImportRule(_make_empty, ("width", "height", "layers", "batch_size")),
    **dict.fromkeys(
        ("EmptyHunyuanLatentVideo", "EmptyMochiLatentVideo", "EmptyLTXVLatentVideo", "EmptyCosmosLatentVideo",
         "EmptyHunyuanVideo15Latent"),
        _EMPTY_VIDEO,
    ),
    "EmptyLatentAudio": ImportRule(_make_empty_audio, ("seconds", "batch_size")),
    "EmptyAceStepLatentAudio": ImportRule(_make_empty_audio, ("seconds", "batch_size")),
    "EmptyAceStep1.5LatentAudio": ImportRule(_make_empty_audio, ("seconds", "batch_size")),
    "VAEEncode": ImportRule(_encode),
    "VAEEncodeTiled": ImportRule(_encode, ("tile_size", "overlap", "temporal_size", "temporal_overlap")),
    "VAEEncodeForInpaint": ImportRule(_encode_masked, ("grow_mask_by",)),
    "InpaintModelConditioning": ImportRule(_condition_masked, ("noise_mask",)),
    "SetLatentNoiseMask": ImportRule(_set_mask),
    "InstructPixToPixConditioning": ImportRule(_condition_pixels),
    "LatentUpscale": ImportRule(_scale, ("upscale_method", "width", "height", "crop")),
    "LatentUpscaleBy": ImportRule(_scale_by, ("upscale_method", "scale_by")),
    "LatentComposite": ImportRule(_composite, ("x", "y", "feather")),
    "LatentCompositeMasked": ImportRule(_composite, ("x", "y", "resize_source")),
    "RepeatLatentBatch": ImportRule(_repeat, ("amount",)),
    "TrimVideoLatent": ImportRule(_pass_samples, ("trim_amount",)),
}  # fmt: skip
"""What nodes of ComfyUI mean, by class."""
