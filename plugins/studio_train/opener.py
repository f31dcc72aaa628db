"""The opener of autoencoders that `train.autoencoder` made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, ModelOpener
from studio_train.facts import read_facts


class AutoencoderOpener(ModelOpener):
    """Opens single files of safetensors whose metadata say that they are autoencoders of ours."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this is an autoencoder of ours."""
        return read_facts(path) is not None

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say that this is an autoencoder."""
        return "autoencoder"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load an `Autoencoder`; always float32 on the CPU, which takes milliseconds for an image.

        Raises:
            ModelError: E699 if the file is damaged or the reference has a load option.
        """
        from studio_train.autoencoders.file import load_autoencoder

        for option, _ in model.options:
            raise ModelError("E699", f"unknown load option {option!r} of autoencoders", hint="leave it out")
        return load_autoencoder(path)

    def measure(self, opened: Any) -> int:
        """Return the bytes of its tensors."""
        return int(sum(each.numel() * each.element_size() for each in opened.coder.list_tensors().values()))
