"""What ComfyUI's nodes that load models, and that change them, mean."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule
from studio_diffusion.importing.values import ClipPart, ControlFile, ModelPart, VaePart


def get_model(importer: Importer, node: ForeignNode, name: str = "model") -> ModelPart:
    """Return the denoiser at an input; raise ImportGap if something else stands there."""
    model = importer.get(node, name)
    if not isinstance(model, ModelPart):
        raise ImportGap(f"a model at {name}")
    return model


def _load_checkpoint(importer: Importer, node: ForeignNode) -> Any:
    file = importer.get(node, "ckpt_name", "")
    return ModelPart(node, "checkpoints", str(file)), ClipPart(), VaePart(), "vision"


def _load_image_checkpoint(importer: Importer, node: ForeignNode) -> Any:
    model, _, vae, vision = _load_checkpoint(importer, node)
    return model, vision, vae


def _load_denoiser(importer: Importer, node: ForeignNode) -> Any:
    file = importer.get(node, "unet_name") or importer.get(node, "gguf_name") or ""
    return ModelPart(node, "diffusion_models", str(file))


def _load_encoders(importer: Importer, node: ForeignNode) -> Any:
    names = ("clip_name", "clip_name1", "clip_name2", "clip_name3", "clip_name4", "text_encoder")
    files = [importer.get(node, name) for name in names]
    kind = {"TripleCLIPLoader": "sd3", "QuadrupleCLIPLoader": "hidream", "LTXAVTextEncoderLoader": "ltxv"}.get(
        node.kind, ""
    )
    return ClipPart(tuple(str(file) for file in files if file), str(importer.get(node, "type", kind)))


def _load_vae(importer: Importer, node: ForeignNode) -> Any:
    return VaePart(str(importer.get(node, "vae_name") or importer.get(node, "ckpt_name") or ""))


def _load_controlnet(importer: Importer, node: ForeignNode) -> Any:
    return ControlFile(str(importer.get(node, "control_net_name", "")))


def _set_control_kind(importer: Importer, node: ForeignNode) -> Any:
    return replace(importer.get(node, "control_net"), kind=str(importer.get(node, "type", "")))


def _load_name(importer: Importer, node: ForeignNode) -> Any:
    return next((value for value in node.inputs.values() if isinstance(value, str)), "")


def _add_lora(importer: Importer, node: ForeignNode) -> Any:
    model, clip = get_model(importer, node), importer.get(node, "clip")
    scale, other = importer.get(node, "strength_model", 1.0), importer.get(node, "strength_clip")
    name = str(importer.get(node, "lora_name", ""))
    if name in ("", "None") or (scale == 0 and not other):
        importer.drop(node, "its strength is 0")
        return model, clip
    if clip is not None and other is not None and other != scale:
        importer.differ(node, f"the text encoder gets the strength {scale} too, instead of {other}")
    reference = importer.find_model(node, "loras", name)
    return replace(model, loras=(*model.loras, (reference, scale))), clip


def _shift(importer: Importer, node: ForeignNode) -> Any:
    shift = importer.get(node, "shift", 3.0)
    return replace(get_model(importer, node), shift=shift)


def _shift_by_size(importer: Importer, node: ForeignNode) -> Any:
    """Convert Flux's shift, which grows with the number of patches: factor exp(mu)."""
    high, low = float(importer.get(node, "max_shift", 1.15)), float(importer.get(node, "base_shift", 0.5))
    width, height = importer.get(node, "width", 1024), importer.get(node, "height", 1024)
    if not isinstance(width, int) or not isinstance(height, int):
        raise ImportGap("a shift for a size that is not a literal", "a literal size")
    slope = (high - low) / (4096 - 256)
    mu = width * height / 256 * slope + low - slope * 256
    return replace(get_model(importer, node), shift=round(math.exp(mu), 6))


def _predict(importer: Importer, node: ForeignNode) -> Any:
    prediction = str(importer.get(node, "sampling", "eps"))
    if prediction == "eps" and not importer.get(node, "zsnr", False):
        importer.drop(node, "it is what the model does anyway")
    return replace(get_model(importer, node), prediction=prediction)


def _raise_guidance(importer: Importer, node: ForeignNode) -> Any:
    return replace(get_model(importer, node), first_guidance=importer.get(node, "min_cfg", 1.0))


def _pass_model(reason: str, *, differs: bool = False) -> Any:
    def convert(importer: Importer, node: ForeignNode) -> Any:
        model = get_model(importer, node)
        (importer.differ if differs else importer.drop)(node, reason)
        return model

    return convert


def _pass_clip(importer: Importer, node: ForeignNode) -> Any:
    importer.differ(node, "prompts are padded as the model's own pipeline does")
    return importer.get(node, "clip")


def _skip_layers(importer: Importer, node: ForeignNode) -> Any:
    stop = importer.get(node, "stop_at_clip_layer", -1)
    return replace(importer.get(node, "clip"), skip=max(0, -int(stop) - 1), told=True)


_SPEED = ImportRule(_pass_model("it changes the speed only"))
_SHIFT = ImportRule(_shift, ("shift",))

LOADER_RULES: dict[str, ImportRule] = {
    "CheckpointLoaderSimple": ImportRule(_load_checkpoint, ("ckpt_name",)),
    "CheckpointLoader": ImportRule(_load_checkpoint, ("config_name", "ckpt_name")),
    "unCLIPCheckpointLoader": ImportRule(_load_checkpoint, ("ckpt_name",)),
    "ImageOnlyCheckpointLoader": ImportRule(_load_image_checkpoint, ("ckpt_name",)),
    "UNETLoader": ImportRule(_load_denoiser, ("unet_name", "weight_dtype")),
    "UnetLoaderGGUF": ImportRule(_load_denoiser, ("unet_name",)),
    "CLIPLoader": ImportRule(_load_encoders, ("clip_name", "type", "device")),
    "CLIPLoaderGGUF": ImportRule(_load_encoders, ("clip_name", "type")),
    "DualCLIPLoader": ImportRule(_load_encoders, ("clip_name1", "clip_name2", "type", "device")),
    "DualCLIPLoaderGGUF": ImportRule(_load_encoders, ("clip_name1", "clip_name2", "type")),
    "TripleCLIPLoader": ImportRule(_load_encoders, ("clip_name1", "clip_name2", "clip_name3")),
    "QuadrupleCLIPLoader": ImportRule(_load_encoders, ("clip_name1", "clip_name2", "clip_name3", "clip_name4")),
    "LTXAVTextEncoderLoader": ImportRule(_load_encoders, ("text_encoder", "ckpt_name", "device")),
    "VAELoader": ImportRule(_load_vae, ("vae_name",)),
    "LTXVAudioVAELoader": ImportRule(_load_vae, ("ckpt_name",)),
    "ControlNetLoader": ImportRule(_load_controlnet, ("control_net_name",)),
    "DiffControlNetLoader": ImportRule(_load_controlnet, ("control_net_name",)),
    "SetUnionControlNetType": ImportRule(_set_control_kind, ("type",)),
    "LatentUpscaleModelLoader": ImportRule(_load_name, ("name",)),
    "LoraLoader": ImportRule(_add_lora, ("lora_name", "strength_model", "strength_clip")),
    "LoraLoaderModelOnly": ImportRule(_add_lora, ("lora_name", "strength_model")),
    **dict.fromkeys(("ModelSamplingSD3", "ModelSamplingAuraFlow", "MiniMaxH3SigmaShift"), _SHIFT),
    "ModelSamplingFlux": ImportRule(_shift_by_size, ("max_shift", "base_shift", "width", "height")),
    "ModelSamplingDiscrete": ImportRule(_predict, ("sampling", "zsnr")),
    "ModelSamplingContinuousEDM": ImportRule(_predict, ("sampling", "sigma_max", "sigma_min")),
    "VideoLinearCFGGuidance": ImportRule(_raise_guidance, ("min_cfg",)),
    "CFGNorm": ImportRule(_pass_model("the model's own pipeline keeps the norm of its guidance"), ("strength",)),
    "DifferentialDiffusion": ImportRule(
        _pass_model("soft parts of the mask are mixed at the end, not drawn in stages", differs=True), ("strength",)
    ),
    "T5TokenizerOptions": ImportRule(_pass_clip, ("min_padding", "min_length")),
    "CLIPSetLastLayer": ImportRule(_skip_layers, ("stop_at_clip_layer",)),
    **dict.fromkeys(
        ("QwenImage21Cache", "ModelAttentionBackend", "TorchCompileModel", "HyperTile", "WanAnimate2Cache",
         "PatchSageAttentionKJ", "TorchCompileModelWanVideo", "ModelPatchTorchSettings", "PathchSageAttentionKJ"),
        _SPEED,
    ),
    "BlockSparseAttention": ImportRule(
        _pass_model("attention is whole, which is slower and closer to the model", differs=True)
    ),
}  # fmt: skip
"""What nodes of ComfyUI mean, by class."""
