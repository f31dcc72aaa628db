"""The opener of ONNX models: a file, or a folder with one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, ModelOpener
from studio.api.onnx_network import OnnxNetwork, find_onnx_file, open_onnx


class OnnxOpener(ModelOpener):
    """Opens ONNX models; an `OnnxNetwork`."""

    is_fallback = True  # other plugins know what some of them are

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is an ONNX file, or a folder with one and no weights of another format."""
        if path.is_file():
            return path.suffix.lower() == ".onnx"
        others = ("model_index.json", "*.safetensors", "*.gguf")
        return any(path.rglob("*.onnx")) and not any(found for each in others for found in path.glob(each))

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say that this is an ONNX model."""
        return "onnx"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> OnnxNetwork:
        """Open a network.

        Raises:
            ModelError: E630 if onnxruntime is missing, E631 if the file is unsafe or damaged, or the folder has several
                and none is named; E633 for a load option.
        """
        name = _read_options(model)
        file = find_onnx_file(path, name)
        if file is None:
            listed = sorted(str(each.relative_to(path)) for each in path.rglob("*.onnx"))
            raise ModelError(
                "E631",
                f"{path.name!r} contains {len(listed)} ONNX files",
                where=str(path),
                hint=f'name one: {{"model": "{model.reference}", "options": {{"file": "{listed[0]}"}}}}; '
                f"there are: {', '.join(listed[:8])}",
            )
        return open_onnx(file, device=device, folder=None if path.is_file() else path)

    def measure(self, opened: OnnxNetwork) -> int:
        """Return the bytes of the weights."""
        return opened.measure()

    def close(self, opened: OnnxNetwork) -> None:
        """Release the weights."""
        opened.close()


def _read_options(model: Model) -> str | None:
    """Return the file that a load option names."""
    name = None
    for option, value in model.options:
        if option != "file" or not isinstance(value, str):
            raise ModelError(
                "E633", f"invalid load option {option!r} of ONNX models", hint='the only one is "file", a path'
            )
        name = value
    return name
