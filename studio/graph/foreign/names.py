"""Names for nodes and inputs of an imported graph."""

from __future__ import annotations

import re
from collections.abc import Collection

_LONGEST = 40
_PLAIN_TITLES = (
    "clip text encode", "load checkpoint", "empty latent", "vae ", "save ", "load ", "preview ", "ksampler", "unet ",
    "primitive", "node", "reroute", "dualclip", "controlnet", "apply controlnet", "lora", "upscale", "image", "sampler",
    "basic", "random", "cfg", "flux", "empty", "create", "get ", "math", "switch", "string", "text", "int", "float",
    "boolean", "model", "conditioning", "latent", "mask", "join", "split", "video", "audio", "edit ", "unnamed",
)  # fmt: skip


def find_title(title: str, kind: str) -> str:
    """Return a title that a person gave a node; "" for one that says what the class says."""
    plain, own = _squeeze(title), _squeeze(kind)
    if not plain or plain in own or own in plain or title.lower().startswith(_PLAIN_TITLES):
        return ""
    return title


def make_name(text: str, fallback: str, taken: Collection[str]) -> str:
    """Return a free name made from a text."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower())[:_LONGEST].strip("_")
    if not name or not name[0].isalpha() or name == "inputs":
        name = fallback
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _squeeze(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
