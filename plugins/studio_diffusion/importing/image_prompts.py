"""What ComfyUI's nodes for images as prompts mean: IP-Adapters, Flux Redux, and the embedding of SDXL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_diffusion.importing.loaders import get_model
from studio_diffusion.importing.prompts import get_prompt
from studio_diffusion.importing.values import ImagePromptPart, ModelPart, SeenImage

_HUB = "https://huggingface.co/h94/IP-Adapter/resolve/main"
_VIT_H = ("CLIP-ViT-H-14-laion2B-s32B-b79K.safetensors", f"{_HUB}/models/image_encoder/model.safetensors")
_VIT_G = ("CLIP-ViT-bigG-14-laion2B-39B-b160k.safetensors", f"{_HUB}/sdxl_models/image_encoder/model.safetensors")
# Files that a loader takes for a preset: for SD 1.5, and for SDXL.
_PRESETS = {
    "STANDARD": ("ip-adapter_sd15.safetensors", "ip-adapter_sdxl_vit-h.safetensors"),
    "VIT-G": ("ip-adapter_sd15_vit-G.safetensors", "ip-adapter_sdxl.safetensors"),
    "PLUS (": ("ip-adapter-plus_sd15.safetensors", "ip-adapter-plus_sdxl_vit-h.safetensors"),
    "PLUS FACE": ("ip-adapter-plus-face_sd15.safetensors", "ip-adapter-plus-face_sdxl_vit-h.safetensors"),
    "FULL FACE": ("ip-adapter-full-face_sd15.safetensors", ""),
}
_FACE_LORAS = {
    "FACEID PLUS V2": "ip-adapter-faceid-plusv2_{}_lora.safetensors",
    "FACEID PLUS": "ip-adapter-faceid-plus_{}_lora.safetensors",
    "FACEID": "ip-adapter-faceid_{}_lora.safetensors",
}
_EVEN = ("linear", "standard", "original")
_USES = {"style transfer": "style", "strong style transfer": "style", "composition": "layout"}


@dataclass(frozen=True)
class _Adapter:
    """An IP-Adapter that is loaded: its file, and that of its encoder where the loader says it."""

    file: str
    encoder: str = ""
    faces: bool = False


def _load_file(importer: Importer, node: ForeignNode) -> Any:
    names = ("ipadapter_file", "ipadapter")
    return _Adapter(str(next((importer.get(node, name) for name in names if name in node.inputs), "")))


def _is_sdxl(model: ModelPart) -> bool:
    return any(mark in model.file.lower() for mark in ("xl", "pony", "illustrious"))


def _load_preset(importer: Importer, node: ForeignNode) -> Any:
    model, preset = get_model(importer, node), str(importer.get(node, "preset", "STANDARD")).upper()
    files = next((files for mark, files in _PRESETS.items() if preset.startswith(mark)), None)
    file = files[_is_sdxl(model)] if files else ""
    if not file:
        raise ImportGap(f"the preset {preset!r} of an IP-Adapter", "STANDARD")
    encoder, address = _VIT_G if file in _PRESETS["VIT-G"] else _VIT_H
    folder = "sdxl_models" if _is_sdxl(model) else "models"
    importer.need(file, f"{_HUB}/{folder}/{file}", "ipadapter")
    importer.need(encoder, address, "clip_vision")
    return model, _Adapter(file, encoder)


def _load_faces(importer: Importer, node: ForeignNode) -> Any:
    """Convert a loader for faces: the LoRA is part of the model, and the adapter needs another network."""
    model, preset = get_model(importer, node), str(importer.get(node, "preset", "FACEID"))
    pattern = next((pattern for mark, pattern in _FACE_LORAS.items() if preset.upper() == mark), None)
    if pattern is not None:
        lora = importer.find_model(node, "loras", pattern.format("sdxl" if _is_sdxl(model) else "sd15"))
        scale = importer.get(node, "lora_strength", 0.6)
        model = replace(model, loras=(*model.loras, (lora, scale)))
    return model, _Adapter("", faces=True)


def _apply(importer: Importer, node: ForeignNode) -> Any:
    model, adapter = get_model(importer, node), importer.get(node, "ipadapter")
    if not isinstance(adapter, _Adapter) or adapter.faces:
        raise ImportGap("an IP-Adapter for faces", "image_prompt with an IP-Adapter without FaceID")
    image, seen = importer.get(node, "image"), importer.get(node, "image_embed")
    if isinstance(seen, SeenImage):
        images, encoder = seen.images, seen.encoder
    elif isinstance(image, Made):
        images, encoder = (image,), adapter.encoder or str(importer.get(node, "clip_vision") or _VIT_H[0])
    else:
        raise ImportGap("an image for an IP-Adapter")
    scale, use = importer.get(node, "weight", 1.0), _read_use(importer, node, model)
    _tell_differences(importer, node)
    part = ImagePromptPart(node, images, "ipadapter", adapter.file, encoder, scale, use)
    return replace(model, image_prompts=(*model.image_prompts, part))


def _read_use(importer: Importer, node: ForeignNode, model: ModelPart) -> str:
    kind = importer.get(node, "weight_type", "linear")
    if kind in _EVEN:
        return "all"
    if kind in _USES and _is_sdxl(model):
        return _USES[kind]
    importer.differ(node, f"all blocks see the image alike, not by {kind!r}")
    return "all"


def _tell_differences(importer: Importer, node: ForeignNode) -> None:
    starts, ends = ("start_at", "start_percent"), ("end_at", "end_percent")
    if any(importer.get(node, name, 0.0) for name in starts) or any(importer.get(node, n, 1.0) != 1 for n in ends):
        importer.differ(node, "the image counts in all steps")
    if importer.get(node, "embeds_scaling", "V only") not in ("V only",):
        importer.differ(node, "the image's values are scaled, not its keys")
    if importer.get(node, "attn_mask") is not None or importer.get(node, "image_negative") is not None:
        importer.differ(node, "the image counts everywhere, and nothing is kept out by another image")


def _load_name(importer: Importer, node: ForeignNode) -> Any:
    return next((value for value in node.inputs.values() if isinstance(value, str)), "")


def _see(importer: Importer, node: ForeignNode) -> Any:
    image, encoder = importer.get(node, "image"), importer.get(node, "clip_vision")
    return SeenImage((image,), encoder if isinstance(encoder, str) else "")


def _add_embedding(importer: Importer, node: ForeignNode) -> Any:
    prompt, seen = get_prompt(importer, node, "conditioning"), importer.get(node, "clip_vision_output")
    if not isinstance(seen, SeenImage) or not all(isinstance(image, Made) for image in seen.images):
        raise ImportGap("an image as a prompt")
    style = importer.get(node, "style_model")
    folder, file = ("style_models", str(style)) if style else ("clip_vision", "")
    if file and importer.get(node, "strength_type", "multiply") != "multiply":
        importer.differ(node, "the image's words are scaled, not the attention to them")
    if not file:
        importer.differ(node, "no noise is mixed into the embedding of the image")
    scale = importer.get(node, "strength", 1.0)
    part = ImagePromptPart(node, seen.images, folder, file, seen.encoder, scale)
    return replace(prompt, image_prompts=(*prompt.image_prompts, part))


def write_image_prompt(importer: Importer, parts: tuple[ImagePromptPart, ...]) -> dict[str, Any]:
    """Return image prompts as inputs; they share one reader.

    Raises:
        ImportGap: They are read by several.
    """
    if not parts:
        return {}
    first = parts[0]
    if any((part.file, part.encoder) != (first.file, first.encoder) for part in parts):
        raise ImportGap("images as prompts that several models read", "one image_prompt_model")
    if any((part.scale, part.use) != (first.scale, first.use) for part in parts):
        importer.differ(first.node, f"all images count with {first.scale}")
    encoder = importer.find_model(first.node, "clip_vision", first.encoder) if first.encoder else ""
    reader: Any = encoder
    if first.file:
        reader = importer.find_model(first.node, first.folder, first.file)
        reader = {"model": reader, "options": {"image_encoder": encoder}} if encoder else reader
    found = {
        "image_prompt": [image for part in parts for image in part.images],
        "image_prompt_scale": first.scale,
        "image_prompt_model": reader,
    }
    return found | ({"image_prompt_use": first.use} if first.use != "all" else {})


_APPLY = ("weight", "weight_type", "combine_embeds", "start_at", "end_at", "embeds_scaling")
_NAME = ImportRule(_load_name, ("name",))

IMAGE_PROMPT_RULES: dict[str, ImportRule] = {
    **dict.fromkeys(("CLIPVisionLoader", "StyleModelLoader"), _NAME),
    "CLIPVisionEncode": ImportRule(_see, ("crop",)),
    "unCLIPConditioning": ImportRule(_add_embedding, ("strength", "noise_augmentation")),
    "StyleModelApply": ImportRule(_add_embedding, ("strength", "strength_type")),
    "IPAdapterModelLoader": ImportRule(_load_file, ("ipadapter_file",)),
    "IPAdapterSD3Loader": ImportRule(_load_file, ("ipadapter", "provider")),
    "IPAdapterUnifiedLoader": ImportRule(_load_preset, ("preset",)),
    "IPAdapterUnifiedLoaderFaceID": ImportRule(_load_faces, ("preset", "lora_strength", "provider")),
    "IPAdapter": ImportRule(_apply, ("weight", "start_at", "end_at", "weight_type")),
    "IPAdapterAdvanced": ImportRule(_apply, _APPLY),
    "ApplyIPAdapterSD3": ImportRule(_apply, ("weight", "start_percent", "end_percent")),
}
"""What nodes of ComfyUI mean, by class."""
