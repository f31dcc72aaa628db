"""What files of `train.autoencoder` say of themselves, read without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KEY = "studio.autoencoder"
LONGEST = 2048
"""Pixels of a side."""


def read_facts(path: Path) -> dict[str, Any] | None:
    """Return the facts in the metadata of a safetensors file; None if it is no autoencoder of ours."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file() or path.suffix.lower() != ".safetensors":
        return None
    try:
        with safe_open(str(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(KEY)
        facts = None if text is None else json.loads(text)
    except (OSError, SafetensorError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None
