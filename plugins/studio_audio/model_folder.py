"""Folders of transformers and diffusers with a model that makes audio from text, inspected without loading."""

from __future__ import annotations

from pathlib import Path

from studio.api import ModelError
from studio.api.model_folder import INDEX, Component, find_variant, list_components, read_class, read_json

DAMAGED = "E648"
NETWORKS = frozenset({"MusicgenForConditionalGeneration", "MusicgenMelodyForConditionalGeneration"})
"""Classes of transformers."""
PIPELINES = frozenset({"AudioLDM2Pipeline", "AudioLDMPipeline", "MusicLDMPipeline", "StableAudioPipeline"})
"""Classes of diffusers."""


def find_class(path: Path) -> str | None:
    """Return the class of a model that makes audio from text; None for any other folder or file."""
    if not path.is_dir():
        return None
    if not (path / INDEX).is_file():
        name = read_class(path, "transformers")
        return name if name in NETWORKS else None
    try:
        name = read_json(path / INDEX).get("_class_name")
    except ModelError:
        return None
    return name if isinstance(name, str) and name in PIPELINES else None


def read_components(path: Path) -> list[Component]:
    """Read what a pipeline is made of.

    Raises:
        ModelError: E648 if a component is not there.
    """
    found = list_components(path, read_json(path / INDEX, DAMAGED), DAMAGED)
    for each in found:
        if not each.folder.is_dir():
            raise ModelError(
                DAMAGED, f"the model in {str(path)!r} lacks its {each.name}", hint=f"copy the folder {each.name!r} too"
            )
    return found


def find_only_variant(folder: Path) -> str | None:
    """Return which variant of the weights to load, such as "fp16"; None for those without a name.

    Raises:
        ModelError: E648 if safetensors are missing.
    """
    names = [each.name for each in folder.glob("*.safetensors")]
    if not names:
        raise ModelError(
            DAMAGED, f"missing safetensors in {str(folder)!r}", hint="copy them too, or convert the weights"
        )
    return find_variant(names)
