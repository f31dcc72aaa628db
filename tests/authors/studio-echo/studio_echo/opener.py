"""Opens impulse responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelOpener


class ImpulseOpener(ModelOpener):
    """Opens an impulse response: a safetensors file with a tensor named impulse."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Look at the header of the file."""
        if path.suffix != ".safetensors":
            return False
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return "impulse" in header

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load it."""
        from safetensors.numpy import load_file

        return load_file(path)["impulse"] * float(dict(model.options).get("gain", 1))

    def measure(self, opened: Any) -> int:
        """Return its bytes."""
        return int(opened.nbytes)
