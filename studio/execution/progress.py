"""Progress: of the frames of a video, now and then with a thumbnail, and of a single call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.api import Image, Model
from studio.api.events import NodeProgressed
from studio.execution.call import NodeState
from studio.execution.memory_recovery import describe_residents
from studio.execution.reporter import Reporter
from studio.runtime.devices import Device
from studio.runtime.models import Lease, Models
from studio.runtime.resident import Resident

if TYPE_CHECKING:
    import numpy as np

_PREVIEW_SECONDS = 3.0
_PREVIEW_SIDE = 256


class CallProgress:
    """Reports what one call does.

    Args:
        state: The node that is called.
        reporter: Emits events and keeps warnings.
        models: Where the call opens models.
        device: Where it opens them.
    """

    __slots__ = ("_device", "_models", "_reporter", "_state")

    def __init__(self, state: NodeState, reporter: Reporter, models: Models, device: Device) -> None:
        self._state = state
        self._reporter = reporter
        self._models = models
        self._device = device

    def on_open(self, model: Model) -> Lease:
        """Lease a model to the call."""
        return self._models.open(model, self._device, self._on_load)

    def on_step(self, done: int, total: int, preview: Image | None) -> None:
        """Report the call's progress; a mapped node counts calls instead."""
        state = self._state
        if state.mapped:
            if preview is None or not state.announced:
                return
            done, total = state.done_calls, len(state.calls)
        self._reporter.emit(NodeProgressed, state.node.id, state.node.type_name, done, total, preview)

    def on_log(self, message: str) -> None:
        """Report a line that the call logged."""
        self._reporter.warn(self._state, message)

    def _on_load(self, resident: Resident, evicted: list[Resident]) -> None:
        self._reporter.count_load(resident)
        if any(value != "none" for value in resident.planned.values()):
            self.on_log(f"opened {resident.reference} {_describe_plan(resident)}")
        if evicted:
            self.on_log(f"to open {resident.reference}, evicted {describe_residents(evicted)}")


def _describe_plan(resident: Resident) -> str:
    chosen = ", ".join(f"{name} {value}" for name, value in resident.planned.items())
    return f"with {chosen}, to fit into memory. {resident.cost}"


class FrameProgress:
    """Counts frames and reports them: with a thumbnail every three seconds.

    Args:
        step: `Context.step`.
        total: How many frames there will be; 0 if unknown.
    """

    def __init__(self, step: Callable[[int, int, Image | None], None], total: int) -> None:
        self._step = step
        self._total = total
        self._done = 0
        self._shown = float("-inf")

    def add(self, image: Image | None) -> None:
        """Count a frame."""
        self._done += 1
        now = time.monotonic()
        preview = None
        if image is not None and now - self._shown >= _PREVIEW_SECONDS:
            preview, self._shown = _shrink(image), now
        self._step(self._done, max(self._total, self._done) if self._total else 0, preview)


def _shrink(image: Image) -> Image:
    """Return a thumbnail: every n-th sample, which costs next to nothing."""
    every = max(1, -(-max(image.width, image.height) // _PREVIEW_SIDE))
    small: np.ndarray = image.stored[::every, ::every]
    return Image(small, color=image.color)
