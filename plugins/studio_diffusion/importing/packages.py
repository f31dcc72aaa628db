"""What nodes of widespread packages for ComfyUI mean."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule
from studio_diffusion.importing.decoding import decode
from studio_diffusion.importing.loaders import get_model
from studio_diffusion.importing.lora_stacks import STACK_RULES, add_stack
from studio_diffusion.importing.sampling import sample
from studio_diffusion.importing.values import ClipPart, Entry, LatentPart, ModelPart, Prompt, Sigmas, VaePart

_BETAS = (0.00085, 0.012)


def _load_lora(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that fetches a LoRA from an address, or from a repository."""
    address = importer.get(node, "url")
    if address is None:
        parts = [importer.get(node, name, "") for name in ("repo_id", "subfolder", "filename")]
        address = f"https://huggingface.co/{parts[0]}/resolve/main/{'/'.join(part for part in parts[1:] if part)}"
    model, clip = get_model(importer, node), importer.get(node, "clip")
    scale, other = importer.get(node, "strength_model", 1.0), importer.get(node, "strength_clip")
    if other is not None and other != scale:
        importer.differ(node, f"the text encoder gets the strength {scale} too, instead of {other}")
    reference = importer.find_model(node, "loras", str(address))
    return replace(model, loras=(*model.loras, (reference, scale))), clip


def _load_all(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that loads a model and encodes both prompts."""
    model = ModelPart(node, "checkpoints", str(importer.get(node, "ckpt_name", "")))
    lora, scale = importer.get(node, "lora_name", "None"), importer.get(node, "lora_model_strength", 1.0)
    if lora != "None":
        if importer.get(node, "lora_clip_strength", scale) != scale:
            importer.differ(node, f"the text encoder gets the strength {scale} too")
        model = replace(model, loras=((importer.find_model(node, "loras", str(lora)), scale),))
    if "cnet_stack" in node.inputs:
        raise ImportGap("a stack of ControlNets", "ControlNetApply")
    model = add_stack(importer, node, model, importer.get(node, "lora_stack"))
    clip = ClipPart(skip=max(0, -int(importer.get(node, "clip_skip", -1)) - 1))
    vae = str(importer.get(node, "vae_name", "Baked VAE"))
    prompts = [Prompt((Entry(importer.get(node, name, "")),), clip) for name in ("positive", "negative")]
    size = {"width": importer.get(node, "empty_latent_width"), "height": importer.get(node, "empty_latent_height")}
    latent = LatentPart(**size, count=importer.get(node, "batch_size", 1))
    return model, *prompts, latent, VaePart("" if vae == "Baked VAE" else vae), clip, None


def _sample_all(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that samples and decodes."""
    latent = sample(importer, node)
    prompts = importer.get(node, "positive"), importer.get(node, "negative")
    vae = importer.get(node, "optional_vae")
    image = decode(importer, node, latent, vae if isinstance(vae, VaePart) else VaePart())
    return importer.get(node, "model"), *prompts, latent, vae, image


def _take_one_step(importer: Importer, node: ForeignNode) -> Any:
    """Convert the schedule of a model that was distilled to one step from the timestep 800."""
    low, high = (math.sqrt(beta) for beta in _BETAS)
    share = math.prod(1 - (low + (high - low) * at / 999) ** 2 for at in range(801))
    return Sigmas(1, "auto", values=(round(math.sqrt((1 - share) / share), 6), 0.0))


PACKAGE_RULES: dict[str, ImportRule] = {
    **STACK_RULES,
    "LoraLoaderFromURL": ImportRule(_load_lora, ("url", "strength_model", "strength_clip")),
    "HFHubLoraLoader": ImportRule(_load_lora, ("repo_id", "subfolder", "filename", "strength_model", "strength_clip")),
    "Efficient Loader": ImportRule(
        _load_all,
        ("ckpt_name", "vae_name", "clip_skip", "lora_name", "lora_model_strength", "lora_clip_strength", "positive",
         "negative", "token_normalization", "weight_interpretation", "empty_latent_width", "empty_latent_height",
         "batch_size"),
    ),
    "KSampler (Efficient)": ImportRule(
        _sample_all, ("seed+", "steps", "cfg", "sampler_name", "scheduler", "denoise", "preview_method", "vae_decode")
    ),
    "HyperSDXL1StepUnetScheduler": ImportRule(_take_one_step, ("steps",)),
}  # fmt: skip
"""What nodes mean, by class."""
