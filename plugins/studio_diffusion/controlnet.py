"""Opened ControlNets, and whether one fits a model: found before anything is sampled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from studio.api import ModelError
from studio_diffusion.families import CONTROL_INPAINT, CONTROLNET_FAMILIES, find_family, get_family

# What net and denoiser must have in common, by class of the net.
_SHARED: dict[str, tuple[str, ...]] = {
    "ControlNetModel": ("cross_attention_dim", "block_out_channels", "addition_embed_type"),
    "ControlNetUnionModel": ("cross_attention_dim", "block_out_channels", "addition_embed_type"),
    "SD3ControlNetModel": (
        "attention_head_dim",
        "num_attention_heads",
        "pooled_projection_dim",
        "patch_size",
        "in_channels",
    ),
    "FluxControlNetModel": ("attention_head_dim", "num_attention_heads", "joint_attention_dim", "in_channels"),
    "QwenImageControlNetModel": ("attention_head_dim", "num_attention_heads", "joint_attention_dim", "in_channels"),
    "HunyuanDiT2DControlNetModel": ("attention_head_dim", "num_attention_heads", "in_channels", "patch_size"),
}


@dataclass
class ControlNetModelHandle:
    """An opened ControlNet.

    Attributes:
        network: The network, on device and dtype.
        family: Name of the family of models that it is for.
        about: What `studio.json` beside it says of it.
    """

    network: Any
    family: str
    about: dict[str, Any]

    @property
    def kind(self) -> str:
        """Name of its class."""
        return type(self.network).__name__

    @cached_property
    def digest(self) -> str:
        """Digest of its weights, as they were opened."""
        made = hashlib.sha256(self.kind.encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            made.update(f"{name} {tuple(tensor.shape)}".encode())
            made.update(np.ascontiguousarray(tensor.detach().float().cpu().numpy()).data)
        return made.hexdigest()

    @property
    def is_union(self) -> bool:
        """Whether it reads several kinds of images, and is told which."""
        return self.kind == "ControlNetUnionModel" or bool(self.network.config.get("num_mode"))


def name_controlnet_family(class_name: str, config: dict[str, Any]) -> str:
    """Say which family a ControlNet is for, from its class and its config."""
    if class_name == "ControlNetModel":
        return "sdxl" if config.get("addition_embed_type") == "text_time" else "sd"
    return CONTROLNET_FAMILIES.get(class_name, "other")


def check_fit(net: ControlNetModelHandle, pipeline: Any, task: str) -> None:
    """Check that a ControlNet is for this model.

    Raises:
        ModelError: E617 if it is for another.
    """
    refiner = getattr(pipeline, "text_encoder", None) is None and getattr(pipeline, "text_encoder_2", None) is not None
    family = find_family(type(pipeline).__name__, refiner=refiner and hasattr(pipeline, "unet"))
    if net.family != family.name:
        raise ModelError(
            "E617",
            f"this ControlNet ({net.kind}) is for {get_family(net.family).title}, and the model is {family.title}",
            hint=f"take a ControlNet made for {family.title}" if family.controlnets else "this model takes none",
        )
    denoiser = getattr(pipeline, "unet", None) or pipeline.transformer
    for name in _SHARED.get(net.kind, ()):
        mine, its = _read(net.network, name), _read(denoiser, name)
        if mine != its:
            raise ModelError(
                "E617",
                f"this ControlNet is for another {family.title} model: its {name} is {mine}, and the model's is {its}",
                hint=_suggest(net, name, mine),
            )
    if net.kind == "SD3ControlNetModel":
        _check_conditioning(net, task)


def _read(network: Any, name: str) -> Any:
    value = network.config.get(name)
    return list(value) if isinstance(value, tuple | list) else value


def _suggest(net: ControlNetModelHandle, name: str, value: Any) -> str:
    versions = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2"}
    if net.family == "sd" and name == "cross_attention_dim" and value in versions:
        return f"it was made for {versions[value]}"
    return "take the ControlNet that was trained with this model"


def _check_conditioning(net: ControlNetModelHandle, task: str) -> None:
    """Tell nets that want a mask from those that do not."""
    for_mask = bool(net.network.config.get("extra_conditioning_channels"))
    if for_mask != (task == CONTROL_INPAINT):
        wanted = "for inpainting, with a mask" if for_mask else "for drawing after an image, without a mask"
        raise ModelError("E617", f"this ControlNet is {wanted}", hint="take one that was trained for the task")
