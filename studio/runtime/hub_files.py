"""Which files of a repository on the hub are fetched: safe weights, and the texts that belong to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.errors import ModelError
from studio.runtime.weights import PICKLES, SAFE

_VARIANT = re.compile(r"\.(fp16|fp32|bf16|fp8|int8|non_ema|ema|ema_only|nonema)(?=[.-])")
_INDEX = re.compile(r"\.index(\.\w+)?\.json$")
_TEXTS = {".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab"}
_CARDS = ("readme.md", "license", "license.md", "license.txt")
_FOREIGN = ("onnx", "openvino", "flax", "coreml", "mlx")


def choose_files(names: Iterable[str], target: str, variant: str | None = None) -> list[str]:
    """Return the files of a repository that are worth fetching.

    Of a diffusers folder the weights in its subfolders, not the single file beside them; of files in several
    variants the plain ones, or those of the variant asked for where there are any.

    Raises:
        ModelError: E604 if all weights are pickles, E605 if there are none, E608 if none has the variant.
    """
    names = sorted(names)
    kept = [name for name in names if _may_matter(name)]
    weights = _find_weights(kept)
    if not weights and variant is None:
        raise _refuse(names, target)
    _check_variant(weights, target, variant)
    chosen = _choose_variants(weights, variant)
    texts = [name for name in kept if _is_text_of(name, chosen) or name.lower() in _CARDS]
    return sorted({*chosen, *texts})


def choose_only(names: Iterable[str], target: str, only: Sequence[str]) -> list[str]:
    """Return certain files of a repository, and its card and licence.

    Raises:
        ModelError: E604 if one of them is a pickle, E608 if the repository does not have one.
    """
    names = sorted(names)
    missing = [name for name in only if name not in names]
    if missing:
        raise ModelError("E608", f"hub:{target} has no file {missing[0]!r}", hint="its files may have new names")
    pickles = [name for name in only if Path(name).suffix.lower() in PICKLES]
    if pickles:
        raise _refuse(pickles, target)
    return sorted({*only, *[name for name in names if name.lower() in _CARDS]})


def _may_matter(name: str) -> bool:
    """Say whether a file is neither hidden nor for a library that Studio does not use."""
    parts = name.split("/")
    return not any(part.startswith(".") for part in parts) and parts[0] not in _FOREIGN


def _find_weights(names: Sequence[str]) -> list[str]:
    weights = [name for name in names if Path(name).suffix.lower() in SAFE]
    if "model_index.json" in names:
        return [name for name in weights if "/" in name] or weights
    return weights


def _check_variant(weights: Iterable[str], target: str, variant: str | None) -> None:
    found = {_find_variant(name) for name in weights}
    if variant is not None and variant not in found:
        known = ", ".join(sorted(name for name in found if name)) or "none"
        raise ModelError("E608", f"hub:{target} has no variant {variant!r}", hint=f"its variants: {known}")


def _choose_variants(weights: Sequence[str], variant: str | None) -> list[str]:
    """Return one variant of each folder's weights: the one asked for, else the plain one, else all there are."""
    chosen: list[str] = []
    for folder in {os.path.dirname(name) for name in weights}:
        here = [name for name in weights if os.path.dirname(name) == folder]
        wanted = [name for name in here if variant is not None and _find_variant(name) == variant]
        chosen += wanted or [name for name in here if _find_variant(name) is None] or here
    return chosen


def _is_text_of(name: str, weights: Iterable[str]) -> bool:
    """Say whether a file is a configuration or a tokenizer, or the index of the shards that were chosen."""
    if _INDEX.search(name):
        return ".safetensors." in name and any(_is_index_of(name, shard) for shard in weights)
    return Path(name).suffix.lower() in _TEXTS


def _is_index_of(index: str, shard: str) -> bool:
    return os.path.dirname(index) == os.path.dirname(shard) and _find_variant(index) == _find_variant(shard)


def _find_variant(name: str) -> str | None:
    found = _VARIANT.search(os.path.basename(name))
    return found[1] if found else None


def _refuse(names: Iterable[str], target: str) -> ModelError:
    pickles = [name for name in names if Path(name).suffix.lower() in PICKLES]
    if not pickles:
        return ModelError("E605", f"hub:{target} has no weights in safetensors or GGUF", hint="check the name")
    return ModelError(
        "E604",
        f"all weights of hub:{target} are pickles ({pickles[0]!r}), which can run any code when loaded",
        hint="look for a repository or a revision with .safetensors; pickles are not fetched",
    )
