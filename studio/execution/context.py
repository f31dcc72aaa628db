"""`RunContext`: the `Context` that the executor gives to a call."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from studio.api import FramePosition, Image, Model, is_out_of_memory
from studio.errors import Cancelled, RunError
from studio.execution.control import Control
from studio.redaction import redact
from studio.runtime.devices import Device
from studio.runtime.models import Lease
from studio.runtime.randomness import create_rng

if TYPE_CHECKING:
    import numpy as np

    from studio.api.evidence import Evidence

T = TypeVar("T")


class CallListener(Protocol):
    """Receives what a call reports."""

    def on_open(self, model: Model) -> Lease:
        """Lease a model to the call."""

    def on_step(self, done: int, total: int, preview: Image | None) -> None:
        """Receive the call's progress."""

    def on_log(self, message: str) -> None:
        """Receive a line that the call logged."""


class MemoKeeper(Protocol):
    """Keeps exact partial results of a call."""

    def list_models(self, opened: list[Model]) -> dict[str, str]:
        """Return the digests of the models that the call takes as inputs, and of those that it has opened."""

    def find_or_make(self, key: Any, models: Mapping[str, str], make: Callable[[], Any]) -> Any:
        """Return the partial result of this key; make it if the cache does not have it."""


class WeightKeeper(Protocol):
    """Keeps weights that a call makes, and how far it got."""

    def keep(self, path: Path) -> Model:
        """Keep weights; return their reference."""

    def open_checkpoint(self) -> Path | None:
        """Return the folder in which the call may leave how far it got; None if its result has no name."""

    def finish(self) -> None:
        """Remove that folder once the result is kept."""


class RunContext:
    """One call's context.

    Attributes:
        abandoned: Whether the executor stopped waiting for the call; it ends at its next step.
        interrupted: Whether a step raised Cancelled; what the call returns after that does not count.
        open_leases: Leases of models that were open when memory ran out, by what they lease.
        notes: Lines that the call logged about its result.
        position: Where the call stands among those of a mapped node, if its node type uses that.
        stepped: Whether it has made a step.
        stack: The contexts of the calls that run with this one, it among them.
    """

    __slots__ = (
        "_control",
        "_find_evidence",
        "_has_checkpoint",
        "_listener",
        "_on_loop",
        "_open_memos",
        "_open_weights",
        "_opened",
        "_scratch",
        "abandoned",
        "device",
        "dtype",
        "interrupted",
        "notes",
        "open_leases",
        "position",
        "stack",
        "stepped",
    )

    def __init__(
        self,
        device: Device,
        control: Control,
        listener: CallListener,
        open_memos: Callable[[], MemoKeeper] | None = None,
        open_weights: Callable[[], WeightKeeper] | None = None,
        find_evidence: Callable[[Path], list[Evidence]] = lambda _: [],
    ) -> None:
        self.device = device.name
        self.dtype = device.dtype
        self.abandoned = False
        self.interrupted = False
        self.open_leases: dict[Any, Lease] = {}
        self.notes: list[str] = []
        self.position: FramePosition | None = None
        self.stepped = False
        self.stack: Sequence[RunContext] = (self,)
        self._control = control
        self._listener = listener
        self._open_memos = open_memos
        self._open_weights = open_weights
        self._find_evidence = find_evidence
        self._has_checkpoint = False
        self._opened: list[Model] = []
        self._on_loop = False
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

    @property
    def checkpoint(self) -> Path:
        """A folder for what a long call needs to go on after its run was ended."""
        kept = self._open_weights().open_checkpoint() if self._open_weights is not None else None
        if kept is not None:
            self._has_checkpoint = True
            return kept
        folder = self.scratch / "checkpoint"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def frame(self) -> FramePosition:
        """Where the call stands among those of a mapped node.

        Raises:
            RunError: E318 if its node type does not declare that it uses this.
        """
        if self.position is None:
            hint = "declare @node(..., uses_frame=True), so that the position is part of the fingerprint"
            raise RunError("E318", "it reads ctx.frame, which its declaration does not say", hint=hint)
        return self.position

    def find_evidence(self, path: Path) -> list[Evidence]:
        """Return the content credentials of a file as evidence."""
        return self._find_evidence(path)

    def rng(self, seed: int) -> np.random.Generator:
        """Return a random generator that depends on the seed alone."""
        return create_rng(seed)

    @contextmanager
    def open(self, model: Model) -> Iterator[Any]:
        """Lease a model. While a call is out of memory, its lease stays for the measures against that."""
        self.wait()
        lease = self._listener.on_open(model)
        opened = lease.__enter__()
        if model not in self._opened:
            self._opened.append(model)
        earlier = self.open_leases.pop(lease.key, None)
        if earlier is not None:
            earlier.release()
        try:
            yield opened
        except BaseException as error:
            if is_out_of_memory(error) and lease.key not in self.open_leases:
                self.open_leases[lease.key] = lease
            else:
                lease.release()
            raise
        lease.release()

    def keep(self, path: Path) -> Model:
        """Keep weights that the call made; return their reference."""
        assert self._open_weights is not None, "contexts of an executor keep weights"
        return self._open_weights().keep(path)

    def memo(self, key: Any, make: Callable[[], T]) -> T:
        """Return an exact partial result, made once for each key, code, model and precision."""
        if self._open_memos is None:
            return make()
        models = {
            f"{index} {which}": digest
            for index, context in enumerate(self.stack)
            for which, digest in context.list_models().items()
        }
        found: T = self._open_memos().find_or_make(key, models, make)
        return found

    def list_models(self) -> dict[str, str]:
        """Return the digests of the models that the call depends on so far."""
        return self._open_memos().list_models(self._opened) if self._open_memos is not None else {}

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Report progress; wait while paused, raise Cancelled when cancelled."""
        self.stepped = True
        self.wait()
        if total < 0 or done < 0:
            raise RunError("E306", f"step({done}, {total}) counts backwards")
        self._listener.on_step(done, total, preview)
        for context in self.stack:
            if context._control is not self._control:  # of another run
                context._listener.on_step(done, total, None)

    def wait(self) -> None:
        """Wait while paused; raise Cancelled when cancelled or abandoned."""
        try:
            if not self.abandoned and not self._on_loop:
                self._control.wait()
            if self.is_over:
                raise Cancelled
        except Cancelled:
            self.interrupted = True
            raise

    @property
    def is_over(self) -> bool:
        """Whether the call was cancelled or abandoned."""
        return self.abandoned or self._control.cancelled

    def enter_loop(self) -> None:
        """Note that the call goes on the event loop, whose thread no pause may hold: others wait there, too."""
        self._on_loop = True

    def leave_loop(self) -> None:
        """Note that the call is back on its own thread; wait while paused."""
        self._on_loop = False
        self.wait()

    def log(self, message: str, *, call: int | None = None) -> None:
        """Log a line about the result: it is written to the run's manifest and kept with the result."""
        line = str(message)
        for context in self.stack if call is None else [self.stack[call]]:
            context.note(line)

    def note(self, message: str) -> None:
        """Log a line about the result of this call alone."""
        message = redact(message)
        if message not in self.notes:
            self.notes.append(message)
        self.report(message)

    def report(self, message: str) -> None:
        """Log a line about this run alone: it is written to the run's manifest."""
        if not self.abandoned:
            self._listener.on_log(redact(message))

    def finish(self) -> None:
        """Forget how far the call got: its result is kept."""
        if self._has_checkpoint and self._open_weights is not None:
            self._open_weights().finish()

    def clear(self) -> None:
        """Empty the scratch folder, so that the call can start again."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def close(self) -> None:
        """Remove the scratch folder and release the models that are held."""
        self.clear()
        self.stack = (self,)
        while self.open_leases:
            self.open_leases.popitem()[1].release()
