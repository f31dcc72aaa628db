"""The kit that plugin authors test with: `TestContext` and `check_node_type`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Cancelled, Image, Model

if TYPE_CHECKING:
    import numpy as np


@dataclass
class TestContext:
    """A `Context` for calling a node type as a plain function.

    Attributes:
        device: What the node sees as its device.
        dtype: What the node sees as its dtype.
        models: Opened models by reference, for `open`.
        cancel_at_step: Raise Cancelled at this call of `step`, counted from 1.
        steps: Every call of `step` as (done, total).
        previews: The previews that came with them.
        messages: Every line given to `log`.
    """

    __test__ = False  # pytest: not a test class

    device: str = "cpu"
    dtype: str = "float32"
    models: Mapping[str, Any] = field(default_factory=dict)
    cancel_at_step: int | None = None
    steps: list[tuple[int, int]] = field(default_factory=list)
    previews: list[Image] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def scratch(self) -> Path:
        """An empty folder, removed with the context."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="studio-test-")
        return Path(self._folder.name)

    def rng(self, seed: int) -> np.random.Generator:
        """Return the generator that a run would give for this seed."""
        from studio.runtime.randomness import create_rng

        return create_rng(seed)

    @contextmanager
    def open(self, model: Model) -> Iterator[Any]:
        """Lease what `models` holds under the reference."""
        yield self.models[model.reference]

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Record the step; raise Cancelled where asked to."""
        self.steps.append((done, total))
        if preview is not None:
            self.previews.append(preview)
        if self.cancel_at_step is not None and len(self.steps) >= self.cancel_at_step:
            raise Cancelled

    def log(self, message: str) -> None:
        """Record the line."""
        self.messages.append(message)
