"""`Context`: all that a node type may use besides its inputs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from studio.api.frame_position import FramePosition
from studio.api.image import Image
from studio.api.model import Model

if TYPE_CHECKING:
    import numpy as np

    from studio.api.evidence import Evidence

T = TypeVar("T")


class Context(Protocol):
    """What a node type may use besides its inputs, and nothing else."""

    @property
    def device(self) -> str:
        """Device to compute on, as torch writes it: "cpu", "cuda:0", "mps"."""
        ...

    @property
    def dtype(self) -> str:
        """Floating-point type for networks on that device: "float32", "float16" or "bfloat16"."""
        ...

    @property
    def scratch(self) -> Path:
        """An empty folder of this call's own, removed afterwards."""
        ...

    @property
    def checkpoint(self) -> Path:
        """A folder for what a long call needs to go on: a run that is cancelled, fails or is killed leaves it.

        The next call with the same fingerprint finds it as it was left, whatever run or process it belongs to; it is
        removed once the result is kept. Write each file whole: to another name first, then `Path.replace`. A call
        whose result is not looked up in the cache gets an empty folder.
        """
        ...

    @property
    def frame(self) -> FramePosition:
        """Where this call stands among those of a mapped node; only for node types with `uses_frame=True`.

        Raises:
            StudioError: E318 if the node type does not declare it.
        """
        ...

    def find_evidence(self, path: Path) -> list[Evidence]:
        """Return the content credentials of a file as evidence: at most one piece, checked, whoever signed it.

        A node type that uses it declares `cache="recompute"`: whom the user trusts is no part of a fingerprint.

        Args:
            path: A file of any kind, which may be damaged or hostile.
        """
        ...

    def rng(self, seed: int) -> np.random.Generator:
        """Return a random generator that depends on the seed alone.

        Args:
            seed: A whole number from 0.
        """
        ...

    def open(self, model: Model) -> AbstractContextManager[Any]:
        """Lease a model: `with ctx.open(model) as network`. It stays loaded for the next call.

        Args:
            model: The reference.

        Raises:
            ModelError: E602 if the weights are missing, E603 if no installed plugin can open them.
        """
        ...

    def keep(self, path: Path) -> Model:
        """Keep weights that this call made, and return their reference, `kept:DIGEST`, which may be an output.

        They are copied into the cache, named by their content: equal weights are kept once. `open`, and every input
        that takes a model, takes them as any other. When the cache needs room they may go; then they are made again.

        Args:
            path: A `.safetensors`, `.gguf` or `.onnx` file, or a folder with such files and their configuration.

        Raises:
            ModelError: E604 for a pickle, E605 if there are no weights, or damaged ones.
            CacheError: E402 if the disk is full, E401 if the cache cannot be written.
        """
        ...

    def memo(self, key: Any, make: Callable[[], T]) -> T:
        """Return an exact partial result, such as an encoded prompt: it is made once and found after that.

        It is named by the key, the node type and its code, the models that the call takes as inputs or has
        opened by now, in their order, and the device's kind and dtype. It is kept within the cache's limits, where
        other calls, runs and processes of this machine find it. A run without a cache makes it each time.

        Args:
            key: All else that the result depends on: plain JSON, media, or a list of them.
            make: Makes it: plain JSON, media, or `Packed` with arrays. May be called twice, by two calls at once.

        Returns:
            What `make` returned, or an equal value; arrays are read-only.

        Raises:
            StudioError: E319 if the key has no digest, or the result cannot be kept.
        """
        ...

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Report progress. The run is paused and cancelled here, so call it at least every second.

        Args:
            done: Steps finished, 0 to total.
            total: Steps in all; 0 if unknown.
            preview: What the result looks like so far, in any color space.

        Raises:
            Cancelled: The run was cancelled; do not catch it.
        """
        ...

    def log(self, message: str, *, call: int | None = None) -> None:
        """Add a line to the run's manifest; shown as a warning beside the node.

        It is kept with the result: a run that finds the result in the cache shows it again.

        Args:
            message: One line, a few hundred letters at most.
            call: In a stack of calls: the number of the call that it is about, from 0; None for all.
        """
        ...
