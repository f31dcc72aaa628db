"""Turns the sampling of audio into a node that makes it, and what ComfyUI's nodes for music mean."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportRule, Made
from studio_diffusion.importing.known_models import KnownModel
from studio_diffusion.importing.prompts import get_clip
from studio_diffusion.importing.settings import write_loras, write_model, write_negative, write_prompt
from studio_diffusion.importing.values import Entry, Prompt, Sampling, VaePart

_TYPE = "audio.from_text"
_NAMES = {
    "lyrics": "lyrics",
    "bpm": "bpm",
    "keyscale": "key",
    "timesignature": "time_signature",
    "language": "language",
}


def compose(importer: Importer, sampling: Sampling, known: KnownModel) -> Made:
    """Add the node that makes audio, and return it."""
    seconds = sampling.latent.seconds
    inputs: dict[str, Any] = {
        "prompt": write_prompt(importer, sampling),
        "negative_prompt": write_negative(importer, sampling),
        "seconds": seconds,
        "steps": sampling.steps,
        "guidance_scale": sampling.cfg,
        "seed": sampling.seed,
        **dict(sampling.positive.music),
        **write_loras(importer, _TYPE, sampling),
        "model": write_model(importer, sampling, VaePart(), known),
    }
    if sampling.sampler != "euler":
        importer.differ(sampling.node, f"the model's own sampler draws instead of {sampling.sampler}")
    return Made({"from": importer.add(sampling.node, _TYPE, inputs, name="music")}, "audio")


def _encode(importer: Importer, node: ForeignNode) -> Any:
    music = [(ours, importer.get(node, theirs)) for theirs, ours in _NAMES.items()]
    given = tuple((name, value) for name, value in music if value not in (None, ""))
    return Prompt((Entry(importer.get(node, "tags", "")),), get_clip(importer, node), music=given)


MUSIC_RULES: dict[str, ImportRule] = {
    "TextEncodeAceStepAudio": ImportRule(_encode, ("tags", "lyrics", "lyrics_strength")),
    "TextEncodeAceStepAudio1.5": ImportRule(
        _encode,
        ("tags", "lyrics", "seed+", "bpm", "duration", "timesignature", "language", "keyscale", "generate_audio_codes",
         "cfg_scale", "temperature", "top_p", "top_k", "min_p"),
    ),
}  # fmt: skip
"""What nodes of ComfyUI mean, by class."""
