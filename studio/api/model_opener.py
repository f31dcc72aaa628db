"""What a plugin implements to turn weights on disk into a model in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api.model import Model


class ModelOpener(ABC):
    """Opens weights of some kinds; returned from the hook `studio_model_openers`.

    An opener has no state. Models are opened one at a time in a process, whichever opener does it: what the
    libraries patch while they load is patched once. An opened model may be used by several calls at once where
    their node types are not on the lane "device".

    Only `can_open`, `open` and `measure` have to be there.
    """

    @abstractmethod
    def can_open(self, path: Path, model: Model) -> bool:
        """Say whether these weights are of a kind that this opener knows; look, do not load.

        Args:
            path: A file, or a folder; it is there, it is no pickle, and its safetensors are whole.
            model: The reference, for its `options`.
        """

    def parts(self, path: Path, model: Model) -> Mapping[str, Path]:
        """Return the files or folders of components that other models may share, by name; {} if there are none.

        A part with the same name, content, load options, device and dtype is opened once, whichever models it
        is of: the text encoder of two pipelines, say.
        """
        return {}

    def open_part(self, name: str, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Load a part; only called for names that `parts` gave.

        Args:
            name: Its name.
            path: Where it is, as `parts` said.
            model: The model that it is opened for; its `options` are load options.
            device: As torch writes it: "cpu", "cuda:0", "mps".
            dtype: "float32", "float16" or "bfloat16".
        """
        raise NotImplementedError(f"{type(self).__name__} names parts and does not open them")

    @abstractmethod
    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Load the weights and return the model, made of these parts and of what is its own.

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
        """Return the memory that an opened model, or a part, holds, in bytes; a model with the parts in it."""

    def save_memory(self, opened: Any) -> str | None:
        """Take the next measure that makes an opened model need less memory, after it ran out of it.

        Called once for each time that the call ran out of memory, until it returns None. The model stays so
        until the run ends. Parts that other models may share must not stay changed while they use them.

        Returns:
            What was done, in words for the manifest, such as "attention slicing"; None if nothing is left to do.
        """
        return None

    def undo_measures(self, opened: Any) -> None:
        """Let a model work as it did before `save_memory`; called when nobody has it open and the run has ended."""
        return None

    def close(self, opened: Any) -> None:
        """Free what an opened model, or a part, holds; for a model, leave its parts alone."""
        return None
