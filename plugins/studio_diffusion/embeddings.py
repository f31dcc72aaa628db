"""Textual inversion (https://arxiv.org/abs/2208.01618): `embedding:NAME` in a prompt stands for vectors in a file.

A file holds the vectors of one word, n x width: as one tensor (`emp_params` of AUTOMATIC1111's web UI, or any name, as
diffusers writes it) for SD 1 and 2, or as `clip_l` and `clip_g` for the two text encoders of SDXL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ModelError, suggest
from studio_diffusion.embedding_words import Embeddings
from studio_diffusion.prompt_syntax import READERS
from studio_diffusion.prompts import list_encoders

if TYPE_CHECKING:
    import torch

    from studio_diffusion.pipeline_model import PipelineModel

OPTION = "embeddings"
_NAMED = re.compile(r"\bembedding:([^\s,:()\[\]<>]+)", re.IGNORECASE)
_SUFFIXES = (".safetensors", ".pt", ".bin")


def add_embeddings(pipeline: Any, family: str, title: str, path: Path) -> Embeddings:
    """Give the tokenizers and text encoders of a pipeline the words of a file, or of all files of a folder.

    Args:
        pipeline: The pipeline; its text encoders must be its own.
        family: Name of its architecture.
        title: What people call it.
        path: A safetensors file, or a folder of them.

    Raises:
        ModelError: E619 if the model's text encoders take none.
    """
    if family not in READERS:
        raise ModelError(
            "E619",
            f"the text encoders of {title} take no embeddings",
            hint="leave the load option embeddings out; SD 1, 2 and XL take them",
        )
    files = [path] if path.is_file() else sorted(path.rglob("*.safetensors"))
    encoders = _name_encoders(pipeline)
    words: dict[str, str] = {}
    unfit: dict[str, str] = {}
    for number, file in enumerate(files):
        name = file.stem if path.is_file() else file.relative_to(path).with_suffix("").as_posix()
        vectors = _read(file)
        reason = _find_reason(vectors, encoders)
        if reason:
            unfit[name] = reason
            continue
        count = len(next(iter(vectors.values())))
        marks = [f"<embedding-{number}-{at}>" for at in range(count)]
        for kind, (tokenizer, encoder) in encoders.items():
            _enter(tokenizer, encoder, marks, vectors.get(kind, vectors.get("")))
        words[name] = " ".join(marks)
    return Embeddings(words, unfit)


def insert_embeddings(opened: PipelineModel, texts: Sequence[str]) -> list[str]:
    """Return prompts with the tokenizers' words in place of `embedding:NAME`.

    Raises:
        ModelError: E616 if the model has no embedding of a name.
    """

    def replace(match: re.Match[str]) -> str:
        return f" {_find_word(opened, match[1].rstrip('.'))} "

    return [_NAMED.sub(replace, text) if "embedding:" in text.lower() else text for text in texts]


def _find_word(opened: PipelineModel, name: str) -> str:
    known = opened.embeddings
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    folded = {each.lower(): each for each in (*known.words, *known.unfit)}
    found = folded.get(name.lower(), name)
    if found in known.words:
        return known.words[found]
    if found in known.unfit:
        message = f"the embedding {name!r} is not for this model: {known.unfit[found]}"
        raise ModelError("E616", message, hint="take it out of the prompt")
    if opened.family not in READERS:
        hint = "take it out of the prompt, or use a model of SD 1, 2 or XL"
    elif known.words:
        hint = suggest(name, known.words, "there are " + ", ".join(sorted(known.words)[:6]))
    else:
        hint = 'name its file or folder: {"model": ..., "options": {"embeddings": "file:PATH"}}'
    raise ModelError("E616", f"this model has no embedding {name!r}", hint=hint)


def _name_encoders(pipeline: Any) -> dict[str, tuple[Any, Any]]:
    """Return tokenizers and text encoders by the names that files have for their vectors."""
    if hasattr(pipeline, "text_encoder_2"):
        named = {"clip_l": ("tokenizer", "text_encoder"), "clip_g": ("tokenizer_2", "text_encoder_2")}
        pairs = {kind: tuple(getattr(pipeline, name, None) for name in names) for kind, names in named.items()}
        return {kind: (pair[0], pair[1]) for kind, pair in pairs.items() if None not in pair}
    return {"clip_l": list_encoders(pipeline)[0]}


def _read(file: Path) -> dict[str, torch.Tensor]:
    """Return the vectors of a file by encoder; "" stands for the only one."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise ModelError("E619", f"the embedding {file.name!r} cannot be read: {error}", hint="copy it again") from None
    found: dict[str, torch.Tensor]
    if {"clip_l", "clip_g"} & tensors.keys():
        found = {kind: tensors[kind] for kind in ("clip_l", "clip_g") if kind in tensors}
    elif "emp_params" in tensors or len(tensors) == 1:
        found = {"": tensors.get("emp_params", next(iter(tensors.values())))}
    else:
        return {}
    return {kind: vectors.reshape(-1, vectors.shape[-1]) for kind, vectors in found.items() if vectors.ndim}


def _find_reason(vectors: Mapping[str, torch.Tensor], encoders: Mapping[str, tuple[Any, Any]]) -> str:
    """Return why vectors are not for these encoders; "" if they are."""
    if not vectors:
        return "its file holds no vectors of one word"
    if len({len(each) for each in vectors.values()}) > 1:
        return "its file holds other numbers of vectors for each text encoder"
    if "clip_g" in vectors and "clip_g" not in encoders:
        return "its file is for SDXL"
    for kind, (_, encoder) in encoders.items():
        found = vectors.get(kind, vectors.get("") if len(encoders) == 1 else None)
        width = int(encoder.get_input_embeddings().weight.shape[1])
        if found is None:
            return f"its file holds no vectors {kind!r}"
        if found.shape[1] != width:
            return f"its vectors have {found.shape[1]} numbers, and a text encoder takes {width}"
    return ""


def _enter(tokenizer: Any, encoder: Any, marks: Sequence[str], vectors: Any) -> None:
    """Add words to a tokenizer, and their vectors to its text encoder."""
    import torch
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(mark, normalized=False) for mark in marks])
    if len(tokenizer) > len(encoder.get_input_embeddings().weight):
        encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    weight = encoder.get_input_embeddings().weight
    with torch.no_grad():
        for mark, vector in zip(marks, vectors, strict=True):
            weight[tokenizer.convert_tokens_to_ids(mark)] = vector.to(weight.device, weight.dtype)
    for module in encoder.modules():  # some find the end of a prompt as its largest token, which these are now
        if hasattr(module, "eos_token_id"):
            module.eos_token_id = tokenizer.eos_token_id
