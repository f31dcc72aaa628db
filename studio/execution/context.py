"""`RunContext`: the `Context` that the executor gives to a call."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Image, Model, is_out_of_memory
from studio.errors import Cancelled, RunError
from studio.runtime.devices import Device
from studio.runtime.models import Lease
from studio.runtime.randomness import create_rng

if TYPE_CHECKING:
    import numpy as np


class Control:
    """Pauses and cancels a run, from any thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._running = threading.Event()
        self._running.set()

    @property
    def cancelled(self) -> bool:
        """Whether the run was cancelled."""
        return self._cancelled.is_set()

    @property
    def paused(self) -> bool:
        """Whether the run is paused."""
        return not self._running.is_set()

    def cancel(self) -> None:
        """Cancel: every call ends at its next `ctx.step`."""
        self._cancelled.set()
        self._running.set()

    def pause(self) -> None:
        """Pause: every call waits at its next `ctx.step`."""
        self._running.clear()

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    def wait(self) -> None:
        """Wait while the run is paused; raise Cancelled if it was cancelled."""
        if not self._running.is_set():
            self._running.wait()
        if self._cancelled.is_set():
            raise Cancelled


class RunContext:
    """One call's context.

    Attributes:
        abandoned: Whether the executor gave the call up; it ends at its next step.
        interrupted: Whether a step raised Cancelled; what the call returns after that is no result.
        kept: Leases of models that were open when memory ran out, by what they lease.
        notes: What the call had to say of its result.
        stepped: Whether it has made a step.
        stack: The contexts of the calls that run with this one, it among them.
    """

    __slots__ = (
        "_control",
        "_on_log",
        "_on_step",
        "_open",
        "_scratch",
        "abandoned",
        "device",
        "dtype",
        "interrupted",
        "kept",
        "notes",
        "stack",
        "stepped",
    )

    def __init__(
        self,
        device: Device,
        control: Control,
        open_model: Callable[[Model], Lease],
        on_step: Callable[[int, int, Image | None], None],
        on_log: Callable[[str], None],
    ) -> None:
        self.device = device.name
        self.dtype = device.dtype
        self.abandoned = False
        self.interrupted = False
        self.kept: dict[Any, Lease] = {}
        self.notes: list[str] = []
        self.stepped = False
        self.stack: Sequence[RunContext] = (self,)
        self._control = control
        self._open = open_model
        self._on_step = on_step
        self._on_log = on_log
        self._scratch: str | None = None

    @property
    def scratch(self) -> Path:
        """An empty folder of this call's own."""
        if self._scratch is None:
            self._scratch = tempfile.mkdtemp(prefix="studio-")
        return Path(self._scratch)

    @property
    def has_scratch(self) -> bool:
        """Whether the call asked for a scratch folder."""
        return self._scratch is not None

    def rng(self, seed: int) -> np.random.Generator:
        """Return a random generator that depends on the seed alone."""
        return create_rng(seed)

    @contextmanager
    def open(self, model: Model) -> Iterator[Any]:
        """Lease a model. While a call is out of memory, what it had open is kept for the measures against that."""
        self.wait()
        lease = self._open(model)
        opened = lease.__enter__()
        kept = self.kept.pop(lease.key, None)
        if kept is not None:
            kept.release()
        try:
            yield opened
        except BaseException as error:
            if is_out_of_memory(error) and lease.key not in self.kept:
                self.kept[lease.key] = lease
            else:
                lease.release()
            raise
        lease.release()

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Report progress; wait while paused, raise Cancelled when cancelled."""
        self.stepped = True
        self.wait()
        if total < 0 or done < 0:
            raise RunError("E306", f"step({done}, {total}) counts backwards")
        self._on_step(done, total, preview)

    def wait(self) -> None:
        """Wait while paused; raise Cancelled when cancelled or given up."""
        try:
            if not self.abandoned:
                self._control.wait()
            if self.abandoned:
                raise Cancelled
        except Cancelled:
            self.interrupted = True
            raise

    def log(self, message: str, *, call: int | None = None) -> None:
        """Say something of the result: it goes into the run's manifest, and is kept with the result."""
        line = str(message)
        for context in self.stack if call is None else [self.stack[call]]:
            if line not in context.notes:
                context.notes.append(line)
            context.tell(line)

    def tell(self, message: str) -> None:
        """Say something of this run alone: it goes into its manifest."""
        if not self.abandoned:
            self._on_log(message)

    def clear(self) -> None:
        """Empty the scratch folder, for the call to begin anew."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def close(self) -> None:
        """Remove the scratch folder, and give back what is held."""
        self.clear()
        self.stack = (self,)
        while self.kept:
            self.kept.popitem()[1].release()
