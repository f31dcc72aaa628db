"""Opens color matrices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelOpener


class MatrixOpener(ModelOpener):
    """Opens a color matrix: a safetensors file with one tensor named matrix."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Look at the header of the file."""
        if path.suffix != ".safetensors":
            return False
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        return set(header) - {"__metadata__"} == {"matrix"}

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load the matrix."""
        from safetensors.numpy import load_file

        return load_file(path)["matrix"]

    def measure(self, opened: Any) -> int:
        """Return its bytes."""
        return int(opened.nbytes)
