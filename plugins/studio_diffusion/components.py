"""Parts of pipelines, such as text encoders and autoencoders: found in folders, and loaded."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ModelError, is_out_of_memory
from studio.api.model_folder import INDEX, Component, read_json
from studio_diffusion.load_options import FILES, find_option_path
from studio_diffusion.model_folder import DAMAGED, check_component, find_folder_variant, is_shared, read_folder

if TYPE_CHECKING:
    import torch

# Classes that folders name as they were called once.
_RENAMED = {"CLIPFeatureExtractor": "CLIPImageProcessor"}
# Classes that diffusers keeps elsewhere than its indexes say.
_STRAYED = dict.fromkeys(
    ("PaellaVQModel", "WuerstchenDiffNeXt", "WuerstchenPrior"), "diffusers.pipelines.deprecated.wuerstchen"
)


def load_component(component: Component, *, device: str, dtype: str, variant: str | None = None) -> Any:
    """Load one network of a pipeline.

    Raises:
        ModelError: E610 if its class is not known, E612 if its weights are not whole, E613 if they are a pickle.
    """
    check_component(component)
    kind = find_class(component)
    settings: dict[str, Any] = {
        "dtype": find_dtype(dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "output_loading_info": True,
    }
    chosen = find_folder_variant(component.folder, variant)
    if chosen:
        settings["variant"] = chosen
    with explain(component.name, component.folder):
        network, report = kind.from_pretrained(str(component.folder), **settings)
    _check_whole(component, report)
    return network.to(device).eval()


def find_parts(path: Path, options: Mapping[str, Any]) -> dict[str, Component]:
    """Return the components of a model that others may share, by name."""
    if path.is_file():
        if "base" not in options:
            return {}
        path = find_option_path(options, "base")
    if not (path / INDEX).is_file():
        return {}
    found = {each.name: each for each in read_folder(path).components if is_shared(each)}
    for name in set(FILES) & options.keys() & found.keys():
        place = find_option_path(options, name, file=True)
        if place.is_file():
            del found[name]  # it is loaded with the model, by the model's own config
        else:
            found[name] = read_component(name, _find_part_folder(place, name))
    return found


def _find_part_folder(path: Path, name: str) -> Path:
    return path / name if (path / INDEX).is_file() else path


def read_component(name: str, folder: Path) -> Component:
    """Find out what a component's folder holds: from the pipeline that it lies in, else from its own config."""
    if (folder.parent / INDEX).is_file():
        listed = read_folder(folder.parent).find(folder.name)
        if listed is not None:
            return Component(name, listed.library, listed.class_name, folder)
    config = read_json(folder / "config.json", DAMAGED) if (folder / "config.json").is_file() else {}
    if isinstance(config.get("_class_name"), str):
        return Component(name, "diffusers", config["_class_name"], folder)
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures:
        return Component(name, "transformers", str(architectures[0]), folder)
    raise ModelError(
        "E612", f"{str(folder)!r} does not declare its contents", hint="it needs a config.json of diffusers"
    )


def find_class(component: Component) -> Any:
    import diffusers

    name = _RENAMED.get(component.class_name, component.class_name)
    home: Any
    if name in _STRAYED:
        home = importlib.import_module(_STRAYED[name])
    elif component.library in ("diffusers", "transformers"):
        home = importlib.import_module(component.library)
    else:
        home = getattr(diffusers.pipelines, component.library, None)
    kind = getattr(home, name, None)
    if kind is None and "Tokenizer" in name and component.library == "transformers":
        kind = home.AutoTokenizer
    if kind is None or not hasattr(kind, "from_pretrained"):
        raise ModelError(
            "E610",
            f"unknown class {component.class_name!r} of {component.library} for {component.name!r}",
            hint="a newer version may have it, or the model's index is misspelt",
        )
    return kind


def find_dtype(dtype: str) -> torch.dtype:
    """Return the dtype to load in, whatever the files are in."""
    import torch

    found: torch.dtype = getattr(torch, dtype)
    return found


def _check_whole(component: Component, report: Mapping[str, Any]) -> None:
    missing = sorted(str(name) for name in report.get("missing_keys", ()) if "position_ids" not in str(name))
    mismatched = [str(each[0]) for each in report.get("mismatched_keys", ())]
    if missing or mismatched:
        what = f"lack {missing[0]!r}" if missing else f"have {mismatched[0]!r} in another shape"
        more = len(missing) + len(mismatched) - 1
        raise ModelError(
            "E612",
            f"the weights of {component.name!r} {what}" + (f" and {more} more" if more else ""),
            hint=f"weights and config.json in {str(component.folder)!r} do not belong together",
        )


@contextmanager
def explain(name: str, path: Path) -> Iterator[None]:
    """Turn what a library raises about files into an error that says which; memory errors pass."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ModelError(
            "E612", f"the {name} in {str(path)!r} cannot be loaded: {reason[:300]}", hint="copy the model again, whole"
        ) from error
