"""Single files put into networks by the configs of a folder: whole, or an error that names what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ModelError
from studio.api.model_folder import Component
from studio_diffusion.components import explain, find_class, find_dtype
from studio_diffusion.library_messages import collect_messages
from studio_diffusion.scaled_weights import read_tensors

if TYPE_CHECKING:
    import torch

_PREFIXES = ("model.diffusion_model.", "diffusion_model.", "first_stage_model.", "vae.")
_UNUSED = re.compile(r"were not used when initializing")
_MOST_UNUSED = 0.1  # of a file's tensors


def load_original(
    path: Path, component: Component, *, device: str, dtype: str, settings: Mapping[str, Any] | None = None
) -> Any:
    """Load a single file into one network of diffusers.

    Args:
        path: The file.
        component: Which network, and the folder that has its config.
        device: Where to put it.
        dtype: Precision.
        settings: More for `from_single_file`, such as a quantization.

    Raises:
        ModelError: E612 if tensors are missing or most of them are not used, E614 if diffusers cannot read such files.
    """
    kind = find_class(component)
    if component.library == "transformers":
        return _load_encoder(path, component, kind, device, dtype)
    if not hasattr(kind, "from_single_file"):
        raise ModelError(
            "E614", f"diffusers reads no single file of {component.class_name}", hint="convert it to a folder"
        )
    given: Any = str(path) if path.suffix.lower() == ".gguf" else _find_own_names(kind, path, component)
    count = len(given) if isinstance(given, dict) else 0
    options = {
        "dtype": find_dtype(dtype),
        "config": str(component.folder),
        "local_files_only": True,
        **(settings or {}),
    }
    with explain(component.name, path), collect_messages() as messages:
        try:
            network = kind.from_single_file(given, **options)
        except NotImplementedError as error:
            if "meta tensor" not in str(error):
                raise
            raise _refuse_missing(path, component, _list_missing(kind, path, component)) from None
    _check_used(path, component, messages, count)
    missing = [name for name, tensor in network.named_parameters() if tensor.is_meta]
    if missing:
        raise _refuse_missing(path, component, missing)
    return network.eval() if path.suffix.lower() == ".gguf" else network.to(device).eval()


def _check_used(path: Path, component: Component, messages: Iterable[str], count: int) -> None:
    """Raise ModelError E612 if many tensors of a file were left over: its numbers would be wrong."""
    listed = next((text for text in messages if _UNUSED.search(text)), "")
    unused = re.findall(r"[\w.]+\.[\w.]+", listed.partition("\n")[2])
    if count and len(unused) > max(1, _MOST_UNUSED * count):
        raise ModelError(
            "E612",
            f"{path.name!r} holds {len(unused)} of {count} tensors that the {component.name} does not use, such as "
            f"{unused[0]!r}",
            hint="take a folder of the same architecture and size as the file",
        )


def _find_own_names(kind: Any, path: Path, component: Component) -> dict[str, torch.Tensor]:
    """Return the tensors of a file; those that have the network's own names but for a prefix lose it.

    Raises:
        ModelError: E612 if the names are the network's own, and some are missing.
    """
    tensors = read_tensors(path)
    prefix = next((each for each in _PREFIXES if _begin(tensors, each)), "")
    bare = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    wanted = _sketch(kind, component).keys()
    if 2 * len(wanted & bare.keys()) < len(wanted):
        return tensors  # the names of its first authors, which diffusers translates
    missing = sorted(wanted - bare.keys())
    if missing:
        raise _refuse_missing(path, component, missing)
    return bare


def _sketch(kind: Any, component: Component) -> Mapping[str, Any]:
    """Return the tensors of a network without their numbers."""
    import torch

    with torch.device("meta"), explain(component.name, component.folder):
        state: Mapping[str, Any] = kind.from_config(
            kind.load_config(str(component.folder), local_files_only=True)
        ).state_dict()
    return state


def _list_missing(kind: Any, path: Path, component: Component) -> list[str]:
    """Name the tensors that a network needs and a file by its first authors' names does not have."""
    from diffusers.loaders import single_file_model as reader

    tensors, wanted, loader = read_tensors(path), _sketch(kind, component), vars(reader)
    try:
        name = loader["_get_single_file_loadable_mapping_class"](kind)
        convert = loader["SINGLE_FILE_LOADABLE_CLASSES"][name]["checkpoint_mapping_fn"]
        config = kind.load_config(str(component.folder), local_files_only=True)
        tensors = convert(config=config, checkpoint=tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        return [str(error).strip("'\"")]
    return sorted(wanted.keys() - tensors.keys())


def name_missing(path: Path, components: Iterable[Component]) -> ModelError:
    """Return the error for a checkpoint that lacks tensors of one of its networks."""
    for component in components:
        if component.library == "diffusers" and (missing := _list_missing(find_class(component), path, component)):
            return _refuse_missing(path, component, missing)
    return _refuse_missing(path, next(iter(components)), [])


def _refuse_missing(path: Path, component: Component, missing: list[str]) -> ModelError:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    what = repr(missing[0]) + more if missing else "some of its tensors"
    return ModelError(
        "E612",
        f"{path.name!r} is incomplete: the {component.name} lacks {what}",
        hint="copy the file again, or take a folder of the same architecture and size",
    )


def _load_encoder(path: Path, component: Component, kind: Any, device: str, dtype: str) -> Any:
    """Load a single file into a network of transformers."""
    import transformers

    tensors = _strip(read_tensors(path))
    with explain(component.name, path):
        config = transformers.AutoConfig.from_pretrained(str(component.folder), local_files_only=True)
        network, report = kind.from_pretrained(
            None, config=config, state_dict=tensors, dtype=find_dtype(dtype), output_loading_info=True
        )
    missing = sorted(name for name in report.get("missing_keys", ()) if "position_ids" not in name)
    tied = set(getattr(network, "_tied_weights_keys", None) or ())
    missing = [name for name in missing if name not in tied]
    if missing:
        raise _refuse_missing(path, component, missing)
    return network.to(device).eval()


def _strip(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Take away what files of other programs put before the names of an encoder, and what is no weight."""
    prefix = next(
        (each for each in ("text_encoders.", "cond_stage_model.transformer.", "transformer.") if _begin(tensors, each)),
        "",
    )
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if not name.endswith(("spiece_model", "logit_scale", "tekken_model"))
    }


def _begin(tensors: Mapping[str, Any], prefix: str) -> bool:
    return all(name.startswith(prefix) for name in tensors)
