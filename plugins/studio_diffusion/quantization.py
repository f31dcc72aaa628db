"""Denoisers whose weights take less memory than the numbers they compute with: fp8, int8, nf4.

They are quantized where they were loaded, before they go to a device, so that the device never holds the whole floats.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from typing import Any

from studio.api import ModelError, suggest

AUTO = "auto"
QUANTIZATIONS: Mapping[str, float] = {"fp8": 1.0, "int8": 1.0, "nf4": 0.52}
"""How denoisers can be stored: the bytes of a number in a matrix. nf4 has a scale of 8 bits for 64 numbers."""

KEPT = re.compile(r"pos_embed|patch_embed|norm|(^|\.)proj_in(\.|$)|^proj_out(\.|$)|embedder|embedding")
"""Layers that stay as they are in int8 and nf4: few numbers, on which much of an image depends."""

_BITS = "bitsandbytes"


def find_quantization(options: Mapping[str, Any]) -> str:
    """Return how the denoiser's weights are stored: "" as they are computed with, "fp8", "int8" or "nf4".

    Raises:
        ModelError: E619 for another name, E615 if nf4 lacks its package.
    """
    stored = str(options.get("quantization", ""))
    if stored in ("", AUTO):
        return ""
    if stored not in QUANTIZATIONS:
        names = [*QUANTIZATIONS, AUTO]
        raise ModelError(
            "E619",
            f"unknown quantization {stored!r}",
            hint=suggest(stored, names, "there are " + ", ".join(names)),
        )
    if stored == "nf4" and not has_nf4():
        raise ModelError("E615", f"quantization 'nf4' needs the package {_BITS!r}", hint="pip install 'studio[nf4]'")
    return stored


def has_nf4() -> bool:
    """Say whether the package that computes with nf4 is installed."""
    return importlib.util.find_spec(_BITS) is not None


def quantize(network: Any, stored: str) -> None:
    """Store the weights of a network that is still on the CPU; each layer computes in the network's own dtype.

    Norms, embeddings and what a class of diffusers names beside them stay as they are.

    Args:
        network: The network, in float32, float16 or bfloat16.
        stored: "fp8", "int8" or "nf4".

    Raises:
        ModelError: E619 if nothing of it can be stored so.
    """
    if getattr(network, "quantization_method", None) is not None:
        raise ModelError("E619", "a GGUF file is quantized already", hint="leave the option quantization out")
    if stored == "fp8":
        _store_in_fp8(network)
        return
    from studio_diffusion.int8_layers import store_in_int8

    change = store_in_int8 if stored == "int8" else _store_in_nf4
    changed = [change(module) for name, module in list(network.named_modules()) if not KEPT.search(name)]
    if not any(changed):
        raise _refuse(network, stored)


def _store_in_fp8(network: Any) -> None:
    import torch

    if not hasattr(network, "enable_layerwise_casting"):
        raise _refuse(network, "fp8")
    network.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=network.dtype)


def _store_in_nf4(layer: Any) -> bool:
    """Store a linear layer as NormalFloat of 4 bits (QLoRA, https://arxiv.org/abs/2305.14314, section 3), in place."""
    import bitsandbytes as bits
    import torch

    if not _is_linear(layer):
        return False
    dtype = layer.weight.dtype
    layer.__class__ = bits.nn.Linear4bit  # hooks, name and place in the network stay
    layer.quant_state, layer.quant_storage = None, torch.uint8
    layer.compute_dtype, layer.compute_type_is_set, layer.support_avx512bf16_for_cpu = dtype, True, False
    weight = bits.nn.Params4bit(layer.weight.detach(), requires_grad=False, quant_type="nf4", module=layer)
    layer.weight = weight.to("cpu")
    return True


def _is_linear(layer: Any) -> bool:
    import torch

    return type(layer) is torch.nn.Linear


def _refuse(network: Any, stored: str) -> ModelError:
    return ModelError(
        "E619", f"{type(network).__name__} is not stored in {stored}", hint="leave the option quantization out"
    )
