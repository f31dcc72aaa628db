"""Weights in 8 bits with scales, as files for other programs hold them: read, and brought back to their numbers.

Two layouts are known: `NAME.scale_weight` beside a float8 weight, and `NAME.weight_scale` with `NAME.comfy_quant`, a
JSON text that names the format. A scale is one number, or one for each row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from studio.api import ModelError

if TYPE_CHECKING:
    import torch

_SCALES = (".scale_weight", ".weight_scale")
_ABOUT = ".comfy_quant"
# what says how activations were scaled, which only 8-bit arithmetic needs
_UNNEEDED = (".scale_input", ".input_scale")
_MARKER = "scaled_fp8"
_KNOWN = frozenset({"float8_e4m3fn", "float8_e5m2", "int8_tensorwise", "int8_rowwise"})


def is_scaled(names: Mapping[str, object] | list[str]) -> bool:
    """Say whether a file of tensors with these names holds scaled weights."""
    return any(name.endswith((*_SCALES, _ABOUT, _MARKER)) for name in names)


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file; scaled weights come back as float32.

    Raises:
        ModelError: E612 for scales that belong to no weight, or a format that is not known.
    """
    from safetensors.torch import load_file

    tensors = load_file(path)
    return unscale(tensors, path.name) if is_scaled(tensors) else tensors


def unscale(tensors: Mapping[str, torch.Tensor], file: str) -> dict[str, torch.Tensor]:
    """Multiply scaled weights by their scales, and take the scales out."""
    found = {name: tensor for name, tensor in tensors.items() if not _is_about(name)}
    for name, tensor in tensors.items():
        if name.endswith(_ABOUT):
            _check_format(name, tensor, file)
        suffix = next((each for each in _SCALES if name.endswith(each)), None)
        if suffix is None:
            continue
        weight = name.removesuffix(suffix) + ".weight"
        if weight not in found:
            raise ModelError(
                "E612", f"{file!r} has the scale {name!r} of no weight", hint="copy the file again, or take another"
            )
        found[weight] = _multiply(found[weight], tensor)
    return found


def _is_about(name: str) -> bool:
    return name.endswith((*_SCALES, *_UNNEEDED, _ABOUT, _MARKER))


def _multiply(weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    factor = scale.float()
    if factor.numel() > 1:
        factor = factor.reshape(-1, *([1] * (weight.ndim - 1)))
    return weight.float() * factor


def _check_format(name: str, tensor: torch.Tensor, file: str) -> None:
    try:
        about = json.loads(bytes(tensor.flatten().tolist()).decode())
        kind = str(about.get("format"))
    except (ValueError, AttributeError, OverflowError):
        kind, about = "unreadable", {}
    if kind not in _KNOWN or about.get("convrot"):
        raise ModelError(
            "E612",
            f"{file!r} holds {name.removesuffix(_ABOUT)!r} in the unsupported format {kind!r}",
            hint="take the file in bf16, fp16, fp8 (plain or scaled), int8 or GGUF",
        )
