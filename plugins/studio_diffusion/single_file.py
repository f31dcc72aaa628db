"""Single files of weights, looked at without loading them: what kind they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

Kind = Literal["pipeline", "denoiser", "lora"]

_LORA = (
    ".lora_A.",
    ".lora_B.",
    ".lora_down.",
    ".lora_up.",
    ".lora.down.",
    ".lora.up.",
    "lora_unet_",
    "lora_te",
    ".hada_w1",
    ".lokr_",
)
_DENOISER = (
    "model.diffusion_model.",
    "double_blocks.",
    "joint_blocks.",
    "net.joint_blocks.",
    "transformer_blocks.",
    "single_transformer_blocks.",
    "adaln_single.",
    "double_layers.",
)
_ENCODERS = ("cond_stage_model.", "conditioner.", "text_encoders.")
_VAE = ("first_stage_model.", "vae.")


def read_keys(path: Path) -> list[str]:
    """Return the names of the tensors in a safetensors file; [] if it is none."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= 100_000_000:
                return []
            header = json.loads(file.read(size))
    except (OSError, ValueError, RecursionError):
        return []
    return [name for name in header if name != "__metadata__"] if isinstance(header, dict) else []


def find_kind(keys: Sequence[str]) -> Kind | None:
    """Say what a file of tensors with these names is; None if it is nothing of diffusion."""
    if any(mark in key for key in keys for mark in _LORA):
        return "lora"
    if not any(key.startswith(_DENOISER) for key in keys):
        return None
    whole = any(key.startswith(_VAE) for key in keys) and any(key.startswith(_ENCODERS) for key in keys)
    return "pipeline" if whole else "denoiser"
