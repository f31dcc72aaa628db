"""Metadata of InvokeAI's pictures, turned into nodes as ComfyUI would have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api.foreign import ForeignLink, ForeignNode
from studio.graph.foreign.document import ForeignDocument

_SAMPLERS = {
    "ddim": "ddim", "ddpm": "ddpm", "deis": "deis", "dpmpp_2m": "dpmpp_2m", "dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp_sde": "dpmpp_sde", "euler": "euler", "euler_a": "euler_ancestral", "heun": "heun", "kdpm_2": "dpm_2",
    "kdpm_2_a": "dpm_2_ancestral", "lcm": "lcm", "lms": "lms",
    "pndm": "ipndm",
    "unipc": "uni_pc", "dpmpp_3m": "dpmpp_3m_sde",
}  # fmt: skip

_UNREAD = (
    "controlnets", "control_layers", "ipAdapters", "t2iAdapters", "ref_images", "regions", "init_image", "vae",
    "clip_skip", "refiner_model", "hrf_enabled", "seamless_x", "seamless_y", "positive_style_prompt",
    "negative_style_prompt", "upscale_model", "cfg_rescale_multiplier", "canvas_v2_metadata",
)  # fmt: skip
"""Names of settings that change the image and become no node."""


def is_invoke(data: Any) -> bool:
    """Return whether JSON is the metadata of a picture of InvokeAI."""
    return isinstance(data, dict) and ("positive_prompt" in data or "app_version" in data) and "seed" in data


def read_invoke(data: Mapping[str, Any]) -> ForeignDocument:
    """Read the metadata of a picture."""
    nodes: dict[str, ForeignNode] = {}

    def add(node_id: str, kind: str, **inputs: Any) -> ForeignLink:
        nodes[node_id] = ForeignNode(node_id, kind, inputs)
        return ForeignLink(node_id)

    add("model", "CheckpointLoaderSimple", ckpt_name=f"{_name_model(data.get('model'))}.safetensors")
    model, clip, vae = ForeignLink("model", 0), ForeignLink("model", 1), ForeignLink("model", 2)
    for number, (name, scale) in enumerate(_list_loras(data.get("loras")), 1):
        add(f"lora_{number}", "LoraLoader", model=model, clip=clip, lora_name=f"{name}.safetensors",
            strength_model=scale, strength_clip=scale)  # fmt: skip
        model, clip = ForeignLink(f"lora_{number}", 0), ForeignLink(f"lora_{number}", 1)
    prompt = add("prompt", "CLIPTextEncode", text=str(data.get("positive_prompt") or ""), clip=clip)
    negative = add("negative", "CLIPTextEncode", text=str(data.get("negative_prompt") or ""), clip=clip)
    width, height = data.get("width", 512), data.get("height", 512)
    latent = add("latent", "EmptyLatentImage", width=width, height=height, batch_size=1)
    sampler, karras = str(data.get("scheduler") or "euler"), False
    if sampler.endswith("_k"):
        sampler, karras = sampler.removesuffix("_k"), True
    drawn = add("sample", "KSampler", model=model, positive=prompt, negative=negative, latent_image=latent,
                seed=data.get("seed", 0), steps=data.get("steps", 30), cfg=data.get("cfg_scale", 7.5),
                sampler_name=_SAMPLERS.get(sampler, sampler), scheduler="karras" if karras else "normal",
                denoise=1.0)  # fmt: skip
    image = add("decode", "VAEDecode", samples=drawn, vae=vae)
    add("save", "SaveImage", images=image, filename_prefix="image")
    left = [name for name in _UNREAD if data.get(name)]
    unsure = {"sample": (nodes["sample"], f"settings left out: {', '.join(left)}")} if left else {}
    return ForeignDocument("InvokeAI", nodes, unsure=unsure)


def _name_model(model: Any) -> str:
    if isinstance(model, dict):
        return str(model.get("name") or model.get("model_name") or "unknown")
    return str(model or "unknown")


def _list_loras(loras: Any) -> list[tuple[str, float]]:
    found = []
    for row in loras if isinstance(loras, list) else ():
        if isinstance(row, dict):
            weight = row.get("weight", 1.0)
            found.append(
                (
                    _name_model(row.get("model") or row.get("lora")),
                    float(weight) if isinstance(weight, int | float) else 1.0,
                )
            )
    return found
