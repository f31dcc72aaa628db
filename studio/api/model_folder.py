"""Folders of diffusers and transformers, inspected without loading: their JSON files, components and variants.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from studio.errors import ModelError

__all__ = ["INDEX", "Component", "find_variant", "list_components", "read_class", "read_json"]

INDEX = "model_index.json"
"""The file that lists the components of a pipeline."""

_VARIANT = re.compile(r"\.([a-z0-9_]+)(?:-\d+-of-\d+)?\.safetensors$")


@dataclass(frozen=True)
class Component:
    """A component of a pipeline, as its index names it.

    Attributes:
        name: Its name, which is that of its folder.
        library: "diffusers", "transformers", or a module of diffusers' pipelines.
        class_name: Its class there.
        folder: Its folder.
    """

    name: str
    library: str
    class_name: str
    folder: Path


def read_json(path: Path, code: str = "E605") -> dict[str, Any]:
    """Read a JSON file of a model.

    Args:
        path: The file.
        code: The plugin's own code for a model that is damaged.

    Raises:
        ModelError: `code` if the file cannot be read or is not a JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(code, f"cannot read {str(path)!r}: {reason}", hint="copy the file again") from None
    if not isinstance(found, dict):
        raise ModelError(code, f"{str(path)!r} is not a JSON object", hint="copy the file again")
    return found


def list_components(path: Path, index: Mapping[str, Any], code: str = "E605") -> list[Component]:
    """Return the components in the index of a pipeline, without those that it leaves out on purpose.

    Args:
        path: The pipeline's folder.
        index: The content of its `model_index.json`.
        code: The plugin's own code for a model that is damaged.

    Raises:
        ModelError: `code` for an invalid name of a component, which could lead out of the folder.
    """
    rows = {name: row for name, row in index.items() if isinstance(row, list) and len(row) == 2}
    strange = next((name for name in rows if not name.isidentifier()), None)
    if strange is not None:
        raise ModelError(
            code, f"{str(path / INDEX)!r} has an invalid component name {strange!r}", hint="copy the file again"
        )
    return [
        Component(name, str(row[0]), str(row[1]), path / name)
        for name, row in rows.items()
        if row[0] is not None and not name.startswith("_")
    ]


def find_variant(names: Iterable[str], wanted: str | None = None) -> str | None:
    """Return the variant of the weights to load: the wanted one if there is one, else one that the folder has.

    A folder may hold `model.safetensors` and `model.fp16.safetensors`; the first has no variant, which is None.

    Args:
        names: Names of the safetensors files.
        wanted: A variant, such as "fp16".
    """
    variants = [found[1] if (found := _VARIANT.search(name)) else None for name in names]
    if wanted in variants:
        return wanted
    return None if None in variants or not variants else sorted(filter(None, variants))[0]


def read_class(path: Path, library: Literal["diffusers", "transformers"]) -> str | None:
    """Return the class of a library that the `config.json` of a folder names, or None.

    Args:
        path: The folder.
        library: The library, whose key in the file differs from the other's.
    """
    if not (path / "config.json").is_file():
        return None
    try:
        config = read_json(path / "config.json")
    except ModelError:
        return None
    if library == "diffusers":
        name = config.get("_class_name")
    else:
        listed = config.get("architectures")
        name = listed[0] if isinstance(listed, list) and listed else None
    return name if isinstance(name, str) else None
