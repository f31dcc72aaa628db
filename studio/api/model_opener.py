"""What a plugin implements to turn weights on disk into a model in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from studio.api.memory_plan import MemoryBudget, MemoryPlan
from studio.api.model import Model


class ModelOpener(ABC):
    """Opens weights of some kinds; returned from the hook `studio_model_openers`.

    An opener has no state. Models are opened one at a time in a process, because libraries patch themselves while
    they load. Several calls may use an opened model at once if their node types are not on the lane "device".

    Only `can_open`, `open` and `measure` are required.

    Attributes:
        is_fallback: Whether it is asked after the openers of all plugins, because some may know its files better.
    """

    is_fallback: ClassVar[bool] = False

    @abstractmethod
    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether this opener knows these weights; inspect them, do not load them.

        Args:
            path: A file, or a folder; it exists, it is not a pickle, and its safetensors are whole.
            model: The reference, for its `options`.
        """

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say in a word what these weights are, such as "pipeline" or "controlnet"; None if that is unknown.

        A node type may ask for kinds with `ModelKinds`. Inspect headers and configurations only, as `can_open` does:
        `studio validate` calls this.

        Args:
            path: A file, or a folder, that this opener knows.
            model: The reference, for its `options`.
        """
        return None

    def plan_memory(
        self, path: Path, model: Model, *, device: str, dtype: str, budget: MemoryBudget
    ) -> MemoryPlan | None:
        """Say how to open a model within a budget, from headers and configurations; None to open it as it is.

        Called before a model is opened, and for `studio models plan`. The model is then opened with the plan's load
        options. If a load option has the value "auto", it is also called for fingerprints.

        Args:
            path: A file, or a folder, that this opener knows.
            model: The reference; its `options` are load options.
            device: As torch writes it: "cpu", "cuda:0", "mps". It may be one that this machine does not have.
            dtype: "float32", "float16" or "bfloat16".
            budget: What weights may take.
        """
        return None

    def parts(self, path: Path, model: Model) -> Mapping[str, Path]:
        """Return the files or folders of components that other models may share, by name; {} if there are none.

        A part with the same name, content, load options, device and dtype is opened once for all models that have
        it: the text encoder of two pipelines, for example.

        Args:
            path: A file, or a folder.
            model: The reference; its `options` are load options.
        """
        return {}

    def open_part(self, name: str, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Load a part; only called for names that `parts` returned.

        Args:
            name: Its name.
            path: Its file or folder, as `parts` returned it.
            model: The model that it is opened for; its `options` are load options.
            device: As torch writes it: "cpu", "cuda:0", "mps".
            dtype: "float32", "float16" or "bfloat16".
        """
        raise NotImplementedError(f"{type(self).__name__} names parts and does not open them")

    @abstractmethod
    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load the weights and return the model, made of these parts and of the rest.

        Must not reach the network; a pickle or Python code beside the weights must not be loaded.

        Args:
            path: A file, or a folder.
            model: The reference; its `options` are load options.
            device: As torch writes it: "cpu", "cuda:0", "mps".
            dtype: "float32", "float16" or "bfloat16".
            parts: What `open_part` returned, by name, perhaps for another model.
        """

    @abstractmethod
    def measure(self, opened: Any) -> int:
        """Return the memory that a model or a part holds, in bytes; of a model, with its parts.

        Args:
            opened: What `open` or `open_part` returned.
        """

    def save_memory(self, opened: Any) -> str | None:
        """Take the next measure that makes an opened model need less memory, after a call ran out of it.

        Called each time that a call runs out of memory, until it returns None. The model stays so until the run
        ends. Parts that other models may share must not stay changed while they use them.

        Args:
            opened: The model, as `open` returned it.

        Returns:
            The measure, in words for the manifest, such as "attention slicing"; None if none is left.
        """
        return None

    def undo_measures(self, opened: Any) -> None:
        """Undo `save_memory`; called when the run has ended and no call has the model open.

        Args:
            opened: The model, as `open` returned it.
        """
        return None

    def close(self, opened: Any) -> None:
        """Free the memory of a model or a part; of a model, leave its parts alone.

        Args:
            opened: What `open` or `open_part` returned.
        """
        return None
