"""Models in two stages that are one model here: Stable Cascade, Wan 2.2's two experts, LTX-2's enlarged second pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportRule
from studio_diffusion.importing.latents import get_latent
from studio_diffusion.importing.prompts import get_prompt
from studio_diffusion.importing.settings import find_model
from studio_diffusion.importing.values import LatentPart, Sampling


def find_stage(importer: Importer, sampling: Sampling) -> Sampling:
    """Return the sampling that a node type does in one, for one that follows another."""
    if sampling.positive.stage is not None:
        importer.differ(sampling.node, "the decoder has its own steps and guidance")
        return sampling.positive.stage
    earlier = sampling.latent.sampled
    if earlier is None or find_model(sampling).media != "video":
        return sampling
    first = find_stage(importer, earlier)
    if _is_expert_pair(first, sampling):
        return _join_experts(importer, first, sampling)
    importer.differ(sampling.node, "the video is made at its full size in one pass, with the steps of the first")
    size = {"width": sampling.latent.width, "height": sampling.latent.height}
    return replace(first, latent=replace(first.latent, **size))


def _is_expert_pair(first: Sampling, second: Sampling) -> bool:
    return first.last is not None and second.first == first.last and not second.noise


def _join_experts(importer: Importer, first: Sampling, second: Sampling) -> Sampling:
    if second.model.file != first.model.file:
        importer.differ(second.node, f"the second expert takes over where the model says, not at step {second.first}")
    return replace(first, last=None, second=second)


def _make_cascade(importer: Importer, node: ForeignNode) -> Any:
    size = {"width": importer.get(node, "width", 1024), "height": importer.get(node, "height", 1024)}
    latent = LatentPart(**size, count=importer.get(node, "batch_size", 1))
    return latent, latent


def _condition_stage(importer: Importer, node: ForeignNode) -> Any:
    prompt, latent = get_prompt(importer, node, "conditioning"), get_latent(importer, node, "stage_c")
    return replace(prompt, stage=latent.sampled)


STAGE_RULES: dict[str, ImportRule] = {
    "StableCascade_EmptyLatentImage": ImportRule(_make_cascade, ("width", "height", "compression", "batch_size")),
    "StableCascade_StageB_Conditioning": ImportRule(_condition_stage),
}
"""What nodes of ComfyUI mean, by class."""
