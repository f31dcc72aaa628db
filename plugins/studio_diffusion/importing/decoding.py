"""What ComfyUI's nodes that decode latents mean: there a whole pattern becomes a node, or a few."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_diffusion.importing.images import draw_image
from studio_diffusion.importing.latents import get_latent
from studio_diffusion.importing.music import compose
from studio_diffusion.importing.settings import find_model
from studio_diffusion.importing.stages import find_stage
from studio_diffusion.importing.values import LatentPart, Sampling, VaePart
from studio_diffusion.importing.videos import make_video


def _decode(importer: Importer, node: ForeignNode) -> Any:
    latent, vae = get_latent(importer, node, "samples"), importer.get(node, "vae")
    return decode(importer, node, latent, vae if isinstance(vae, VaePart) else VaePart())


def _decode_audio(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that decodes audio: alone, or that of a video, which has it already."""
    latent = get_latent(importer, node, "audio_vae" if "samples" not in node.inputs else "samples")
    made = decode(importer, node, latent, VaePart())
    return Made(made.value, "soundtrack") if made.kind == "video" else made


def decode(importer: Importer, node: ForeignNode, latent: LatentPart, vae: VaePart) -> Made:
    """Add the nodes that a latent stands for, and return what they make.

    Raises:
        ImportGap: No node type can do it.
    """
    if latent.sampled is None:
        return _give_back(latent)
    sampling = find_stage(importer, latent.sampled)
    key = "whole"
    if key not in latent.sampled.made:
        latent.sampled.made[key] = _draw(importer, node, sampling, latent, vae)
    return latent.sampled.made[key]


def _give_back(latent: LatentPart) -> Made:
    if isinstance(latent.image, Made):
        return latent.image
    if isinstance(latent.video, Made):
        return latent.video
    raise ImportGap("a latent that is decoded without being sampled", "diffusion.decode_latent")


def _draw(importer: Importer, node: ForeignNode, sampling: Sampling, latent: LatentPart, vae: VaePart) -> Made:
    known = find_model(sampling)
    if latent.media == "audio" or known.media == "audio":
        return compose(importer, sampling, known)
    if known.media == "video":
        return make_video(importer, node, sampling, vae, known)
    return draw_image(importer, sampling, latent, vae, known)


DECODING_RULES: dict[str, ImportRule] = {
    "VAEDecode": ImportRule(_decode),
    "VAEDecodeTiled": ImportRule(_decode, ("tile_size", "overlap", "temporal_size", "temporal_overlap")),
    "VAEDecodeAudio": ImportRule(_decode_audio),
    "LTXVAudioVAEDecode": ImportRule(_decode_audio),
}
"""What nodes of ComfyUI mean, by class."""
