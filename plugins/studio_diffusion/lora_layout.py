"""Layouts of LoRA files: PEFT, diffusers, kohya, DoRA; LyCORIS kinds that are not one are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.api import ModelError
from studio_diffusion.denoisers import find_denoisers

if TYPE_CHECKING:
    import torch

_PEFT = "base_model.model."
_HEADS = ("unet.", "transformer.", "transformer_2.", "text_encoder.", "text_encoder_2.", "diffusion_model.", "model.")
_UNSUPPORTED = {
    ".hada_w1": "a LoHa (low-rank Hadamard product)",
    ".oft_": "an OFT (orthogonal finetuning)",
    ".boft_": "a BOFT (butterfly orthogonal finetuning)",
    ".on_input": "an (IA)^3",
    ".diff": "a full difference of weights",
}
_LAYER = re.compile(
    r"(.+?)\.(lora_(A|B|up|down)|lora\.(up|down)|lora_linear_layer\.(up|down)|lokr_w[12](_[ab])?)(\.|$)"
)
_KOHYA = re.compile(r"lora_(unet|te\d?)_")


def read_layout(tensors: Mapping[str, torch.Tensor], file: str) -> dict[str, torch.Tensor]:
    """Return a LoRA's matrices by the names that diffusers reads.

    Raises:
        ModelError: E618 for a kind that is not supported.
    """
    for mark, kind in _UNSUPPORTED.items():
        names = [name for name in tensors if mark in name]
        if names and not any(".lora_" in name for name in names):
            raise ModelError(
                "E618",
                f"{file!r} is {kind}, which is not supported: it has {names[0]!r}",
                hint="take a LoRA, a DoRA or a LoKr, or merge it into the model with the program that made it",
            )
    found = {name.removeprefix(_PEFT): tensor for name, tensor in tensors.items()}
    return _read_dora(found, file) if any("dora_scale" in name for name in found) else found


def _read_dora(tensors: dict[str, torch.Tensor], file: str) -> dict[str, torch.Tensor]:
    """Rename the magnitudes of a DoRA (Liu et al. 2024), which diffusers leaves out under their first name."""
    if any(_KOHYA.match(name) for name in tensors):
        from diffusers.loaders.lora_conversion_utils import _convert_non_diffusers_lora_to_diffusers

        try:
            converted, alphas = _convert_non_diffusers_lora_to_diffusers(dict(tensors))
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(
                "E618", f"the DoRA {file!r} cannot be read: {error}", hint="convert it to the layout of diffusers"
            ) from None
        return {**converted, **{name: _as_tensor(value) for name, value in alphas.items()}}
    return {
        re.sub(r"\.dora_scale(\.weight)?$", ".lora_magnitude_vector", name): tensor.reshape(-1)
        if "dora_scale" in name
        else tensor
        for name, tensor in tensors.items()
    }


def _as_tensor(value: Any) -> Any:
    import torch

    return value if isinstance(value, torch.Tensor) else torch.tensor(float(value))


def qualify(pipeline: Any, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Put the name of the denoiser before names that begin within it, as PEFT saves them."""
    if any(name.startswith(_HEADS) or _KOHYA.match(name) or name.startswith("lora_") for name in tensors):
        return dict(tensors)
    denoisers = find_denoisers(pipeline)
    if not denoisers:
        return dict(tensors)
    name, network = next(iter(denoisers.items()))
    inside = {key for key, _ in network.named_modules()}
    if not any((match := _LAYER.match(key)) and match.group(1) in inside for key in tensors):
        return dict(tensors)
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def count_layers(tensors: Mapping[str, torch.Tensor]) -> int:
    """Count the layers that a LoRA changes."""
    return len({match.group(1) for name in tensors if (match := _LAYER.match(name))})
