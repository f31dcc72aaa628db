"""Folders of transformers and diffusers with a model that makes sound from text, looked at without loading."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import ModelError

INDEX = "model_index.json"
NETWORKS = frozenset({"MusicgenForConditionalGeneration"})
"""Classes of transformers."""
PIPELINES = frozenset({"AudioLDM2Pipeline", "AudioLDMPipeline", "MusicLDMPipeline", "StableAudioPipeline"})
"""Classes of diffusers."""


@dataclass(frozen=True)
class Component:
    """A component of a pipeline, as the index names it."""

    name: str
    library: str
    class_name: str
    folder: Path


def find_class(path: Path) -> str | None:
    """Return the class of a model that makes sound from text; None for any other folder or file."""
    if not path.is_dir():
        return None
    try:
        if (path / INDEX).is_file():
            name, known = read_json(path / INDEX).get("_class_name"), PIPELINES
        elif (path / "config.json").is_file():
            listed = read_json(path / "config.json").get("architectures")
            name, known = listed[0] if isinstance(listed, list) and listed else None, NETWORKS
        else:
            return None
    except ModelError:
        return None
    return name if isinstance(name, str) and name in known else None


def read_components(path: Path) -> list[Component]:
    """Read what a pipeline is made of.

    Raises:
        ModelError: E648 if a component is not there.
    """
    found = []
    for name, value in read_json(path / INDEX).items():
        if name.startswith("_") or not isinstance(value, list) or len(value) != 2 or value[0] is None:
            continue
        if not name.isidentifier() or not (path / name).is_dir():
            raise ModelError(
                "E648", f"the model in {str(path)!r} lacks its {name}", hint=f"copy the folder {name!r} too"
            )
        found.append(Component(name, str(value[0]), str(value[1]), path / name))
    return found


def find_variant(folder: Path) -> str | None:
    """Return which variant of the weights to load, such as "fp16"; None for those without a name.

    Raises:
        ModelError: E648 if there are no safetensors.
    """
    names = sorted(each.name for each in folder.glob("*.safetensors"))
    if not names:
        raise ModelError(
            "E648", f"there are no safetensors in {str(folder)!r}", hint="copy them too, or convert the weights"
        )
    variants = [parts[1] if len(parts := name.split(".")) == 3 and "-of-" not in parts[1] else None for name in names]
    return None if None in variants else variants[0]


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of a model.

    Raises:
        ModelError: E648 if it is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError("E648", f"{str(path)!r} cannot be read: {reason}", hint="copy the file again") from None
    if not isinstance(found, dict):
        raise ModelError("E648", f"{str(path)!r} holds no JSON object", hint="copy the file again")
    return found
