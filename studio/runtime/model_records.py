"""What Studio remembers of models, one JSON file each: names that were added, and digests that were verified."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.files import replace_file
from studio.runtime.weights import read_json


class ModelRecords:
    """Records in a folder.

    Args:
        folder: The folder; None for none, so that nothing is remembered.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def list_names(self, kind: str) -> list[str]:
        """Return the names of all records of a kind."""
        if self._folder is None:
            return []
        return sorted(path.name.removesuffix(".json") for path in (self._folder / kind).glob("*.json"))

    def read(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return a record, or None if there is none.

        Raises:
            ModelError: E605 if it is damaged.
        """
        if self._folder is None:
            return None
        path = self._folder / kind / f"{name}.json"
        return read_json(path) if path.is_file() else None

    def write(self, kind: str, name: str, content: Mapping[str, Any]) -> None:
        """Write a record whole, over an older one.

        Raises:
            ModelError: E609 if there is no folder, or it cannot be written.
        """
        if self._folder is None:
            raise ModelError("E609", "no folder for the list of models", hint="set STUDIO_MODELS_DIR")
        path = self._folder / kind / f"{name}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replace_file(path) as temporary:
                temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        except OSError as error:
            raise ModelError(
                "E609",
                f"cannot remember {name!r}: {(error.strerror or str(error)).lower()}",
                where=str(path.parent),
                hint="check its rights, or name another folder with STUDIO_MODELS_DIR",
            ) from None

    def remove_folder(self, folder: Path) -> int:
        """Remove a folder of fetched weights, which lies beside the records; return how many bytes that freed."""
        if self._folder is None or folder.parent != self._folder / "catalog" or not folder.is_dir():
            return 0
        freed = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder)
        return freed

    def remove(self, kind: str, name: str) -> None:
        """Remove a record; a missing one is no error."""
        if self._folder is not None:
            (self._folder / kind / f"{name}.json").unlink(missing_ok=True)
