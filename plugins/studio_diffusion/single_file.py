"""Single files of weights, looked at without loading them: what kind they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from studio_diffusion.image_encoders import is_image_encoder
from studio_diffusion.image_prompt_weights import is_image_prompt

Kind = Literal["pipeline", "denoiser", "lora", "vae", "text_encoder", "controlnet", "image_prompt", "image_encoder"]

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
# Names that only denoisers have, of all architectures whose single files diffusers reads.
_DENOISER = re.compile(
    r"(model\.diffusion_model\.|net\.)?"
    r"(input_blocks\.\d|double_blocks\.|single_blocks\.|joint_blocks\.|transformer_blocks\.|single_transformer_blocks\."
    r"|double_stream_blocks\.|single_stream_blocks\.|double_layers\.|single_layers\.|adaln_single\.|noise_refiner\."
    r"|context_refiner\.|cap_embedder\.|txtfusion\.|patch_embedding\.|patchify_proj\.|x_embedder\.|img_in\."
    r"|(transformer_)?blocks\.\d+\.(attn|attn1|attn2|self_attn|cross_attn|adaLN|modulation|norm1)\b"
    r"|layers\.\d+\.(attention\.|adaLN)"
    r"|audio_proj|condition_embedder\.)"
)
_PREFIXED = "model.diffusion_model."
_ENCODERS = ("cond_stage_model.", "conditioner.", "text_encoders.")
_VAE = ("first_stage_model.", "vae.")
_CONTROLNET = (
    "control_model.",
    "input_hint_block.",
    "controlnet_cond_embedding.",
    "controlnet_x_embedder.",
    "control_layers.",
)
_TEXT = re.compile(
    r"(text_encoders\.\w+\.)?(transformer\.)?"
    r"(text_model\.encoder\.|encoder\.block\.\d+\.layer\.|shared\.weight|(model\.|language_model\.)?"
    r"(model\.|language_model\.)?(layers\.\d+\.self_attn\.[qkvo]_proj|embed_tokens))"
)


def read_header(path: Path) -> dict[str, Any]:
    """Return the head of a safetensors file: its tensors by name, and `__metadata__`; {} if it is none."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= 100_000_000:
                return {}
            header = json.loads(file.read(size))
    except (OSError, ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def read_keys(path: Path) -> list[str]:
    """Return the names of the tensors in a safetensors file; [] if it is none."""
    return [name for name in read_header(path) if name != "__metadata__"]


def read_metadata(path: Path) -> Mapping[str, str]:
    """Return what is written at the head of a safetensors file beside its tensors."""
    found = read_header(path).get("__metadata__")
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def find_kind(keys: Sequence[str]) -> Kind | None:
    """Say what a file of tensors with these names is; None if it is nothing of diffusion."""
    if is_image_prompt(keys):
        return "image_prompt"
    if is_image_encoder(keys):
        return "image_encoder"
    if any(mark in key for key in keys for mark in _LORA):
        return "lora"
    if any(key.startswith(_CONTROLNET) for key in keys):
        return "controlnet"
    if any(key.startswith(_PREFIXED) or _DENOISER.match(key) for key in keys):
        whole = any(key.startswith(_VAE) for key in keys) and any(key.startswith(_ENCODERS) for key in keys)
        return "pipeline" if whole else "denoiser"
    return _find_part(keys)


def _find_part(keys: Sequence[str]) -> Kind | None:
    """Say whether a file is an autoencoder or a text encoder, which goes to a load option of another file."""
    bare = [key.removeprefix("first_stage_model.").removeprefix("vae.") for key in keys]
    sides = {side for side in ("encoder", "decoder") for key in bare if re.match(rf"{side}\.(conv_in|conv1|mid)", key)}
    if len(sides) == 2:
        return "vae"
    return "text_encoder" if any(_TEXT.match(key) for key in keys) else None
