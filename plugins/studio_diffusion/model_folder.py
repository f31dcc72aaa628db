"""Folders in the format of diffusers, looked at without loading: what is in them, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import ModelError
from studio.api.model_folder import INDEX, Component, find_variant, list_components, read_json

DAMAGED = "E612"

_PICKLES = {".bin", ".pt", ".pth", ".ckpt"}
# Networks that only blacken or mark images; the safety checker takes 1.2 GB.
_UNWANTED = {"safety_checker", "watermarker"}
_SHARED = re.compile(r"(prior_)?(text_encoder|image_encoder)(_\d)?|vae|movq|vqgan")


_VOCABULARY = re.compile(r"tokenizer\.json|.*\.model|.*\.tiktoken|vocab.*|.*bpe.*", re.I)
_PLAIN = re.compile(r"Scheduler|Tokenizer|Processor|FeatureExtractor|Guider|Guidance$")
_BYTES = "ByT5Tokenizer"  # it reads bytes, and needs no vocabulary


def has_weights(component: Component) -> bool:
    """Say whether a component is a network, and not a scheduler, a tokenizer or the like."""
    return not _PLAIN.search(component.class_name)


def is_shared(component: Component) -> bool:
    """Say whether other models often have the same component."""
    known = component.library in ("diffusers", "transformers") and _SHARED.fullmatch(component.name)
    return bool(known) and has_weights(component)


@dataclass(frozen=True)
class ModelFolder:
    """A pipeline's folder.

    Attributes:
        path: Where it is.
        class_name: The pipeline's class.
        components: What it is made of.
        missing: Components that it goes without, by name.
        settings: What else the index says: settings of the pipeline.
    """

    path: Path
    class_name: str
    components: tuple[Component, ...]
    missing: tuple[str, ...]
    settings: Mapping[str, Any]

    def find(self, name: str) -> Component | None:
        """Return a component by its name."""
        return next((each for each in self.components if each.name == name), None)


def read_folder(path: Path) -> ModelFolder:
    """Read what a pipeline's folder says that it holds.

    Raises:
        ModelError: E611 if it asks for code of its own, E612 if its index is damaged.
    """
    index = read_json(path / INDEX, DAMAGED)
    class_name = index.get("_class_name")
    if isinstance(class_name, list):
        raise _refuse_code(path, f"it is drawn by the Python file {str(class_name[0])!r} in its folder")
    if not isinstance(class_name, str):
        raise ModelError("E612", f"{str(path / INDEX)!r} names no pipeline class", hint="copy the file again")
    listed = {name: value for name, value in index.items() if isinstance(value, list) and len(value) == 2}
    components = _list_wanted(path, index)
    missing = [name for name, value in listed.items() if value[0] is None or name in _UNWANTED]
    settings = {name: value for name, value in index.items() if name not in listed and not name.startswith("_")}
    return ModelFolder(path, class_name, components, tuple(missing), settings)


def _list_wanted(path: Path, index: Mapping[str, Any]) -> tuple[Component, ...]:
    """Return the components to load; ModelError E611 if one of them is code of the model's own."""
    components = tuple(each for each in list_components(path, index, DAMAGED) if each.name not in _UNWANTED)
    for each in components:
        _check_library(path, each)
    return components


def _check_library(path: Path, component: Component) -> None:
    """Raise ModelError E611 for a component whose class is in a Python file of the folder."""
    file = f"{component.library}.py"
    if (path / file).is_file() or (component.folder / file).is_file():
        raise _refuse_code(path, f"its {component.name} is defined by the Python file {file!r}")


def _refuse_code(path: Path, reason: str) -> ModelError:
    return ModelError(
        "E611",
        f"the model in {str(path)!r} brings code of its own, which is never run: {reason}",
        hint="take a version of the model that uses the classes of diffusers",
    )


def check_component(component: Component) -> None:
    """Check that a component's files are there.

    Raises:
        ModelError: E612 if some are missing or damaged, E613 if its weights are a pickle.
    """
    folder = component.folder
    if not folder.is_dir():
        raise ModelError(
            "E612",
            f"the model in {str(folder.parent)!r} lacks its {component.name}",
            hint=f"copy the folder {component.name!r} too",
        )
    is_tokenizer = "Tokenizer" in component.class_name and component.class_name != _BYTES
    if is_tokenizer and not any(map(_VOCABULARY.fullmatch, (p.name for p in folder.iterdir()))):
        raise ModelError(
            "E612",
            f"missing vocabulary in {str(folder)!r}: the tokenizer needs one",
            hint="copy the folder again, with its vocab.json, tokenizer.json or *.model",
        )
    if not has_weights(component):
        return
    if not (folder / "config.json").is_file():
        raise ModelError("E612", f"{str(folder)!r} has no config.json", hint="copy the folder again")
    read_json(folder / "config.json", DAMAGED)
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(each.name for each in folder.iterdir() if each.suffix in _PICKLES)
    if pickles:
        raise ModelError(
            "E613",
            f"the weights of {component.name!r} are a pickle ({pickles[0]}), which can run any code when it is loaded",
            hint="take the model's safetensors files, or convert it on a machine that you can lose",
        )
    raise ModelError("E612", f"there are no weights in {str(folder)!r}", hint="copy its .safetensors files too")


def find_folder_variant(folder: Path, wanted: str | None) -> str | None:
    """Return which variant of a component's weights to load: the one that is wanted if it is there."""
    return find_variant([each.name for each in folder.glob("*.safetensors")], wanted)


def has_variant(folder: ModelFolder, wanted: str) -> bool:
    """Say whether any component has weights of this variant."""
    return any(find_folder_variant(each.folder, wanted) == wanted for each in folder.components if has_weights(each))


def read_about(folder: Path) -> Mapping[str, Any]:
    """Read `studio.json` beside a model: defaults and what there is to say about it; {} if there is none.

    Raises:
        ModelError: E612 if it is damaged, or a default is invalid.
    """
    path = folder / "studio.json"
    about = read_json(path, DAMAGED) if path.is_file() else {}
    for name, value in about.items():
        if name in _ABOUT and not _ABOUT[name](value):
            raise ModelError(
                "E612", f"invalid {name!r} in {str(path)!r}: {value!r:.60}", hint="correct it, or take it out"
            )
    return about


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_word_table(value: Any) -> bool:
    return isinstance(value, dict) and _is_words([*value, *value.values()])


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 16_384


# What studio.json may say of what Studio reads in it; the rest is for people.
_ABOUT: Mapping[str, Callable[[Any], bool]] = {
    "steps": _is_count,
    "width": _is_count,
    "height": _is_count,
    "max_sequence_length": _is_count,
    "guidance_scale": lambda value: type(value) in (int, float) and 0 <= value <= 100,
    "sampler": lambda value: isinstance(value, str),
    "words": _is_words,
    "modifiers": _is_words,
    "synonyms": _is_word_table,
    "related": _is_word_table,
}
