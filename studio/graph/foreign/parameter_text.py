"""Parameter texts of AUTOMATIC1111's web UI and Forge, turned into nodes as ComfyUI would have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studio.api.foreign import ForeignLink, ForeignNode
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.fault import refuse

_SETTINGS = re.compile(r'\s*(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_LORA = re.compile(r"<(?:lora|lyco):([^:<>]{1,200})(?::(-?[\d.]{1,8}))?[^<>]{0,100}>")
_SAMPLERS = {
    "euler": "euler", "euler a": "euler_ancestral", "heun": "heun", "lms": "lms", "dpm2": "dpm_2",
    "dpm2 a": "dpm_2_ancestral",
    "dpm++ 2m": "dpmpp_2m", "dpm++ sde": "dpmpp_sde", "dpm++ 2m sde": "dpmpp_2m_sde", "dpm++ 3m sde": "dpmpp_3m_sde",
    "dpm++ 2s a": "dpmpp_2s_ancestral", "ddim": "ddim", "unipc": "uni_pc", "lcm": "lcm", "plms": "ipndm",
    "dpm fast": "dpm_fast", "dpm adaptive": "dpm_adaptive", "restart": "restart", "ddpm": "ddpm",
}  # fmt: skip
_READ = {
    "steps", "sampler", "schedule type", "cfg scale", "seed", "size", "model", "vae", "clip skip",
    "distilled cfg scale", "hires upscale", "version", "user", "template", "negative template", "hashes",
    "created date", "civitai resources", "civitai metadata", "batch size", "batch pos",
}  # fmt: skip
_LATENT_METHODS = {
    "latent": "bilinear", "latent (antialiased)": "bilinear", "latent (bicubic)": "bicubic",
    "latent (bicubic antialiased)": "bicubic", "latent (nearest)": "nearest-exact",
    "latent (nearest-exact)": "nearest-exact",
}  # fmt: skip
_PLAIN_METHODS = {"none": "lanczos", "lanczos": "lanczos", "nearest": "nearest-exact"}
_UPSCALERS = {
    "r-esrgan 4x+": "RealESRGAN_x4plus", "r-esrgan 4x+ anime6b": "RealESRGAN_x4plus_anime_6B",
    "r-esrgan 2x+": "RealESRGAN_x2plus", "r-esrgan animevideo": "realesr-animevideov3",
    "r-esrgan general 4xv3": "realesr-general-x4v3",
}  # fmt: skip
_LARGEST_SCALE = 16.0
_HARMLESS = (" hash", " hashes", " version", " template")
_SCHEDULES = {
    "automatic": "normal", "uniform": "normal", "karras": "karras", "exponential": "exponential",
    "sgm uniform": "sgm_uniform",
    "simple": "simple", "normal": "normal", "ddim": "ddim_uniform", "beta": "beta", "kl optimal": "kl_optimal",
}  # fmt: skip


def is_parameters(text: str) -> bool:
    """Return whether a text looks like the parameters of a picture."""
    return bool(re.search(r"(^|\n|, )Steps: \d+", text)) and "Sampler" in text


def read_parameters(text: str) -> ForeignDocument:
    """Read parameters: the prompt, the negative prompt after "Negative prompt:", and settings in the last line.

    Raises:
        UsageError: E029 if they cannot be read.
    """
    head, _, tail = ("\n" + text.strip()).rpartition("\nSteps:")
    settings = {name.lower(): value.strip().strip('"') for name, value in _SETTINGS.findall("Steps:" + tail)}
    prompt, _, negative = head.partition("\nNegative prompt:")
    if not settings.get("steps", "").isdigit():
        raise refuse("invalid parameters: no steps")
    nodes = _make_nodes(prompt.strip(), negative.strip(), settings)
    left = _list_unread(settings)
    unsure = {"sample": (nodes["sample"], f"settings left out: {', '.join(left)[:300]}")} if left else {}
    return ForeignDocument("AUTOMATIC1111", nodes, unsure=unsure)


def _list_unread(settings: Mapping[str, str]) -> list[str]:
    """Return the names of settings that may change the image and become no node."""
    second = {"denoising strength", "hires steps", "hires resize"} if _find_target(settings) else set()
    read = _READ | second | {"hires upscaler"}
    return [
        name
        for name, value in settings.items()
        if name not in read and not name.endswith(_HARMLESS) and value.lower() not in ("", "none", "false", "0")
    ]


def _make_nodes(prompt: str, negative: str, settings: Mapping[str, str]) -> dict[str, ForeignNode]:
    nodes: dict[str, ForeignNode] = {}

    def add(node_id: str, kind: str, **inputs: Any) -> ForeignLink:
        nodes[node_id] = ForeignNode(node_id, kind, inputs)
        return ForeignLink(node_id)

    name = settings.get("model") or "unknown"
    add("model", "CheckpointLoaderSimple", ckpt_name=f"{name}.safetensors")
    model, clip, vae = ForeignLink("model", 0), ForeignLink("model", 1), ForeignLink("model", 2)
    for number, (lora, scale) in enumerate(_LORA.findall(prompt), 1):
        strength = _read_float(scale, 1.0)
        inputs = {"model": model, "clip": clip, "strength_model": strength, "strength_clip": strength}
        add(f"lora_{number}", "LoraLoader", lora_name=f"{lora}.safetensors", **inputs)
        model, clip = ForeignLink(f"lora_{number}", 0), ForeignLink(f"lora_{number}", 1)
    skip = int(_read_float(settings.get("clip skip", ""), 1))
    if skip > 1:
        clip = add("clip_skip", "CLIPSetLastLayer", clip=clip, stop_at_clip_layer=-skip)
    if (settings.get("vae") or "none").lower() not in ("none", "automatic"):
        vae = add("vae", "VAELoader", vae_name=settings["vae"])
    positive = add("prompt", "CLIPTextEncode", text=_LORA.sub("", prompt).strip(), clip=clip, syntax="webui")
    against = add("negative", "CLIPTextEncode", text=_LORA.sub("", negative).strip(), clip=clip, syntax="webui")
    if settings.get("distilled cfg scale"):
        guidance = _read_float(settings["distilled cfg scale"], 3.5)
        positive = add("guidance", "FluxGuidance", conditioning=positive, guidance=guidance)
    width, height = _read_size(settings.get("size", ""))
    latent = add("latent", "EmptyLatentImage", width=width, height=height, batch_size=1)
    drawn = add("sample", "KSampler", model=model, positive=positive, negative=against, latent_image=latent,
                **_read_sampling(settings))  # fmt: skip
    target = _find_target(settings)
    if target is not None:
        larger = _enlarge(add, drawn, settings, target, vae)
        drawn = add("sample_again", "KSampler", model=model, positive=positive, negative=against,
                    latent_image=larger, **_read_second_sampling(settings))  # fmt: skip
    image = add("decode", "VAEDecode", samples=drawn, vae=vae)
    add("save", "SaveImage", images=image, filename_prefix="image")
    return nodes


def _read_sampling(settings: Mapping[str, str]) -> dict[str, Any]:
    name, schedule = settings.get("sampler", "Euler").lower(), settings.get("schedule type", "automatic").lower()
    for ending in ("karras", "exponential"):
        if name.endswith(f" {ending}"):
            name, schedule = name.removesuffix(f" {ending}"), ending
    if schedule == "automatic" and name.startswith("dpm++"):
        schedule = "karras"
    return {
        "seed": max(0, int(_read_float(settings.get("seed", ""), 0)))
        if not settings.get("seed", "").isdigit()
        else int(settings["seed"]),
        "steps": int(settings["steps"]),
        "cfg": _read_float(settings.get("cfg scale", ""), 7.0),
        "sampler_name": _SAMPLERS.get(name, name),
        "scheduler": _SCHEDULES.get(schedule, schedule),
        "denoise": 1.0,
    }


def _find_target(settings: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the size that "Hires" settings enlarge the image to, or None where they do not."""
    width, height = _read_size(settings.get("size", ""))
    scale = _read_float(settings.get("hires upscale", ""), 0.0)
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", settings.get("hires resize", "").strip())
    if match is None or not (int(match[1]) or int(match[2])):
        return (int(width * scale), int(height * scale)) if 0 < scale <= _LARGEST_SCALE else None
    wide, high = int(match[1]), int(match[2])
    return wide or high * width // height, high or wide * height // width


def _enlarge(
    add: Any, drawn: ForeignLink, settings: Mapping[str, str], target: tuple[int, int], vae: ForeignLink
) -> ForeignLink:
    """Add the nodes that enlarge what was drawn: the latent, or the image, with the weights that are named."""
    name = settings.get("hires upscaler") or "Latent"
    method = _LATENT_METHODS.get(name.lower())
    size = {"width": target[0], "height": target[1], "crop": "center"}
    scale = _read_float(settings.get("hires upscale", ""), 0.0)
    found: ForeignLink
    if method is not None and scale:
        found = add("enlarge", "LatentUpscaleBy", samples=drawn, upscale_method=method, scale_by=scale)
        return found
    if method is not None:
        found = add("enlarge", "LatentUpscale", samples=drawn, upscale_method=method, **size)
        return found
    image = add("first_image", "VAEDecode", samples=drawn, vae=vae)
    method = _PLAIN_METHODS.get(name.lower())
    if method is None:
        file = f"{_UPSCALERS.get(name.lower(), name)}.safetensors"
        weights = add("upscaler", "UpscaleModelLoader", model_name=file)
        image = add("enlarge", "ImageUpscaleWithModel", upscale_model=weights, image=image)
    image = add("fit", "ImageScale", image=image, upscale_method=method or "lanczos", **size)
    found = add("encode", "VAEEncode", pixels=image, vae=vae)
    return found


def _read_second_sampling(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return how the enlarged image is drawn over."""
    again = _read_sampling(settings)
    again["denoise"] = _read_float(settings.get("denoising strength", ""), 0.7)
    again["steps"] = int(_read_float(settings.get("hires steps", ""), 0)) or again["steps"]
    return again


def _read_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    return (int(match[1]), int(match[2])) if match else (512, 512)


def _read_float(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default
