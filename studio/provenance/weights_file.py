"""Weights that a run made and that are one file: an output of a graph that is a file of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import Model, ValueType


@dataclass(frozen=True)
class WeightsFile:
    """Weights as the file that an output is written to.

    Attributes:
        path: Where they lie.
    """

    path: Path


class WeightsFileType(ValueType[WeightsFile]):
    """Writes weights as they are; they carry no provenance of their own, which is in the manifest.

    Args:
        path: Where they lie; its extension is that of the output.
    """

    name = "weights"
    python = WeightsFile

    def __init__(self, path: Path) -> None:
        self.extensions = (path.suffix.removeprefix("."),)  # type: ignore[misc]  # each file has its own

    def write_file(self, value: WeightsFile, path: Path, provenance: str | None) -> None:
        """Copy the weights.

        Args:
            value: The weights.
            path: Where to write them.
            provenance: Not written.
        """
        shutil.copyfile(value.path, path)


def find_weights_file(
    value: Any, find_path: Callable[[Model], Path]
) -> tuple[WeightsFile, dict[type, ValueType[Any]]] | None:
    """Return what writes an output that is kept weights of one file; None for any other value.

    Args:
        value: The value of the output.
        find_path: Returns where weights are.

    Raises:
        ModelError: E602 if the weights are gone.
    """
    if not isinstance(value, Model) or value.scheme != "kept" or value.options:
        return None
    path = find_path(value)
    return (WeightsFile(path), {WeightsFile: WeightsFileType(path)}) if path.is_file() and path.suffix else None
