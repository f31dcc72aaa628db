"""The opener of networks for style transfer: VGG features, and AdaIN, from one safetensors file.

Nothing here reaches the network, loads a pickle or runs code that came with a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, ModelOpener
from studio_style.networks.layouts import is_adain, is_vgg


class StyleOpener(ModelOpener):
    """Opens VGG-16 and VGG-19 features, and encoder and decoder of AdaIN."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is a safetensors file, or a folder with one, whose tensors are named as theirs are."""
        file = _find_file(path)
        if file is None:
            return False
        shapes = _read_shapes(file)
        return is_adain(shapes) or is_vgg(shapes)

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say whether this is the network of AdaIN, or the features of VGG."""
        file = _find_file(path)
        return None if file is None else "adain" if is_adain(_read_shapes(file)) else "vgg"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load a `VggFeatures` or an `AdainNetwork`; always float32, which their statistics need.

        Raises:
            ModelError: E681 if the weights are of another network or not whole.
        """
        from safetensors.torch import load_file

        from studio_style.networks.adain import load_network
        from studio_style.networks.vgg import load_features

        for option, _ in model.options:
            raise ModelError("E681", f"unknown load option {option!r} of networks for style", hint="leave it out")
        file = _find_file(path)
        if file is None:
            raise ModelError("E681", f"{str(path)!r} contains no safetensors file", hint="name the file itself")
        tensors = load_file(str(file))
        network = load_network(tensors) if is_adain(_read_shapes(file)) else load_features(tensors)
        return network.to(device)

    def measure(self, opened: Any) -> int:
        """Return the bytes of all weights."""
        return sum(each.numel() * each.element_size() for each in opened.parameters())


def _find_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".safetensors" else None
    if (path / "model_index.json").exists():
        return None
    found = sorted(path.glob("*.safetensors"))
    return found[0] if len(found) == 1 else None


def _read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as file:
        return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
