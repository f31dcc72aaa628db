"""Models: references to weights on disk, their content hashes, and opening them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import Model, ModelOpener
from studio.errors import ModelError
from studio.runtime.devices import Device

_PICKLES = {".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"}


class Models:
    """Finds and opens models.

    Args:
        builtin: Weights that ship with plugins, by name.
        openers: What turns weights into models.
        digest_file: Returns blake3 of a file's bytes, remembered as long as the file does not change.
    """

    def __init__(
        self, builtin: Mapping[str, Path], openers: Sequence[ModelOpener], digest_file: Callable[[Path], str]
    ) -> None:
        self._builtin = builtin
        self._openers = openers
        self._digest_file = digest_file

    def find_path(self, model: Model) -> Path:
        """Return where the weights are.

        Raises:
            ModelError: E602 if they are not there, E604 if they are a pickle.
        """
        if model.scheme == "builtin":
            path = self._builtin.get(model.target)
            if path is None:
                known = ", ".join(f"builtin:{name}" for name in self._builtin) or "none"
                raise ModelError(
                    "E602", f"no model {model.reference!r} ships with what is installed", hint=f"there are: {known}"
                )
        elif model.scheme == "file":
            path = Path(model.target).expanduser()
        else:
            raise ModelError(
                "E602",
                f"{model.reference!r} is not on this machine, and nothing is downloaded",
                hint="put the weights into a folder and write file:PATH",
            )
        if not path.exists():
            raise ModelError(
                "E602", f"there are no weights at {str(path)!r}", hint="check the path in the model reference"
            )
        if path.suffix.lower() in _PICKLES:
            raise ModelError(
                "E604",
                f"{path.name!r} is a pickle, which can run any code when it is loaded",
                hint="convert it to .safetensors on a machine that you can lose",
            )
        return path

    def digest(self, model: Model) -> str:
        """Return the content hash of the weights: names and bytes of all files."""
        path = self.find_path(model)
        if path.is_file():
            return self._digest_file(path)
        hasher = blake3()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            hasher.update(f"{file.relative_to(path).as_posix()}\0{self._digest_file(file)}\n".encode())
        return hasher.hexdigest()

    @contextmanager
    def open(self, model: Model, device: Device) -> Iterator[Any]:
        """Lease a model on a device.

        Raises:
            ModelError: E602 or E604 as `find_path`, E603 if nothing installed can open it.
        """
        path = self.find_path(model)
        for opener in self._openers:
            if opener.can_open(path, model):
                opened = opener.open(path, model, device=device.name, dtype=device.dtype)
                try:
                    yield opened
                finally:
                    opener.close(opened)
                return
        raise ModelError("E603", f"no installed plugin can open {model.reference!r}", hint="see `studio plugins`")
