"""`TestContext`: a `Context` for calling a node type as a plain function."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from studio.api import Cancelled, FramePosition, Image, Model, ModelError

if TYPE_CHECKING:
    import numpy as np

    from studio.api.evidence import Evidence

T = TypeVar("T")


@dataclass
class TestContext:
    """A `Context` for calling a node type as a plain function.

    Attributes:
        device: What the node sees as its device.
        dtype: What the node sees as its dtype.
        models: Opened models by reference, for `open`.
        open_model: Leases a model that is not in `models`; None if no other model can be opened.
        cancel_at_step: Raise Cancelled at this call of `step` and at each later one, counted from 1.
        steps: Every call of `step` as (done, total).
        previews: The previews among them.
        messages: Every line given to `log`.
        frame: What the node sees as its position, if it is declared with `uses_frame=True`.
        memos: Every key given to `memo`, in order; equal keys get what was made for the first.
        keep_weights: Keeps the weights given to `keep` and returns their digest; None for a folder of the context.
        checkpoint_folder: What the node sees as its checkpoint; None for a folder of the context.
        evidence: What `find_evidence` returns for any file.
        kept: Copies of the weights given to `keep` in a folder of the context, by reference.
    """

    __test__ = False  # pytest: not a test class

    device: str = "cpu"
    dtype: str = "float32"
    models: Mapping[str, Any] = field(default_factory=dict)
    open_model: Callable[[Model], AbstractContextManager[Any]] | None = None
    cancel_at_step: int | None = None
    keep_weights: Callable[[Path], str] | None = None
    checkpoint_folder: Path | None = None
    steps: list[tuple[int, int]] = field(default_factory=list)
    previews: list[Image] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    frame: FramePosition = field(default_factory=FramePosition)
    memos: list[Any] = field(default_factory=list)
    kept: dict[str, Path] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    _made: dict[str, Any] = field(default_factory=dict)
    _leased: list[str] = field(default_factory=list)
    _folder: Path | None = None
    _kept_folder: Path | None = None

    @property
    def scratch(self) -> Path:
        """An empty folder, removed by `close` and with the context."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="studio-test-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    @property
    def checkpoint(self) -> Path:
        """A folder that stays as it is from call to call; one of the context is removed with it."""
        if self.checkpoint_folder is not None:
            return self.checkpoint_folder
        path = self._own_folder / "checkpoint"
        path.mkdir(exist_ok=True)
        return path

    @property
    def _own_folder(self) -> Path:
        if self._kept_folder is None:
            self._kept_folder = Path(tempfile.mkdtemp(prefix="studio-test-"))
            weakref.finalize(self, shutil.rmtree, self._kept_folder, ignore_errors=True)
        return self._kept_folder

    def keep(self, path: Path) -> Model:
        """Copy weights, and return the reference that a run would give them; their copy is in `kept`.

        Raises:
            ModelError: E604 for a pickle, E605 if there are no weights, or damaged ones.
        """
        if self.keep_weights is not None:
            return Model(f"kept:{self.keep_weights(path)}")
        from studio.runtime.kept import KeptWeights
        from studio.runtime.model_records import ModelRecords

        weights = KeptWeights(self._own_folder / "kept", 2**63, ModelRecords(None))
        digest = weights.keep(path)
        copy = weights.find(digest)
        assert copy is not None
        self.kept[f"kept:{digest}"] = copy
        return Model(f"kept:{digest}")

    def rng(self, seed: int) -> np.random.Generator:
        """Return the generator that a run would give for this seed."""
        from studio.runtime.randomness import create_rng

        return create_rng(seed)

    @contextmanager
    def open(self, model: Model) -> Iterator[Any]:
        """Lease the model of this reference from `models`, or through `open_model`.

        Raises:
            ModelError: E602 if neither has it.
        """
        self._leased.append(model.reference)
        try:
            if model.reference in self.models:
                yield self.models[model.reference]
            elif self.open_model is not None:
                with self.open_model(model) as opened:
                    yield opened
            else:
                raise ModelError(
                    "E602",
                    f"the test context has no model {model.reference!r}",
                    hint=f"give it one: TestContext(models={{{model.reference!r}: ...}})",
                )
        finally:
            self._leased.remove(model.reference)

    def find_evidence(self, path: Path) -> list[Evidence]:
        """Return `evidence`."""
        return list(self.evidence)

    def memo(self, key: Any, make: Callable[[], T]) -> T:
        """Return what was made for an equal key while the same models were open, or make it.

        A key of a plugin's own value type is never equal.
        """
        from studio.api.builtin import create_builtin_value_types
        from studio.cache import Digester, Undigestable

        self.memos.append(key)
        try:
            name = Digester(create_builtin_value_types()).digest([key, self._leased])
        except Undigestable:
            return make()
        if name not in self._made:
            self._made[name] = make()
        found: T = self._made[name]
        return found

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Record the step; raise Cancelled if this is the step to cancel at."""
        self.steps.append((done, total))
        if preview is not None:
            self.previews.append(preview)
        if self.cancel_at_step is not None and len(self.steps) >= self.cancel_at_step:
            raise Cancelled

    def log(self, message: str, *, call: int | None = None) -> None:
        """Record the line."""
        self.messages.append(message)

    def close(self) -> None:
        """Remove the scratch folder, as a run does after each call."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
