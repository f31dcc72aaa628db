"""What a plugin implements to turn weights on disk into a model in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from studio.api.model import Model


class ModelOpener(Protocol):
    """Opens weights of some kinds; returned from the hook `studio_model_openers`."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether these weights are of a kind that this opener knows; look, do not load."""
        ...

    def open(self, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Load the weights and return the model."""
        ...

    def measure(self, opened: Any) -> int:
        """Return the memory that an opened model holds, in bytes."""
        ...

    def close(self, opened: Any) -> None:
        """Free what an opened model holds."""
        ...
