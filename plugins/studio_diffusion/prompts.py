"""Prompts: how many tokens a model reads, what is cut off, and long ones in chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from studio_diffusion.prompt_syntax import find_habit

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

CHUNKED = frozenset({"sd", "sdxl"})
"""Families whose denoisers take prompts of any length, so that long ones are encoded in chunks."""

_NAMES = ("tokenizer", "tokenizer_2", "tokenizer_3", "tokenizer_4")
_ENDLESS = 100_000  # what a tokenizer says that has no limit


def find_window(opened: PipelineModel) -> tuple[Any, int] | None:
    """Return the tokenizer that reads most of a prompt, and how many tokens it reads; None if that cannot be said."""
    found: list[tuple[int, Any]] = []
    for name in _NAMES:
        tokenizer = getattr(opened.pipeline, name, None)
        if tokenizer is None or not hasattr(tokenizer, "model_max_length"):
            continue
        limit = int(min(tokenizer.model_max_length, _ENDLESS))
        if not type(tokenizer).__name__.startswith("CLIP"):
            limit = min(limit, int(opened.defaults.get("max_sequence_length", limit)))
        if limit < _ENDLESS:
            found.append((limit, tokenizer))
    if not found:
        return None
    limit, tokenizer = max(found, key=lambda each: each[0])
    return tokenizer, limit


def describe_cut(opened: PipelineModel, prompt: str, name: str = "prompt") -> str:
    """Say how much of a prompt the model will not read; "" if it reads all of it."""
    window = None if opened.family in CHUNKED else find_window(opened)
    if window is None or not prompt:
        return ""
    tokenizer, limit = window
    ids = _count_tokens(tokenizer, prompt)
    over = len(ids) - limit
    if over <= 0:
        return ""
    special = int(tokenizer.num_special_tokens_to_add()) if hasattr(tokenizer, "num_special_tokens_to_add") else 0
    begin = 1 if special > 1 else 0
    words = _find_tail(tokenizer, prompt, ids, begin, limit - special)
    lost = len(words.split())
    return (
        f"the {name} has {len(ids) - special} tokens and this model reads {limit - special}: it was cut at "
        f"{_shorten(words)!r} ({lost} {'word' if lost == 1 else 'words'})"
    )


def _count_tokens(tokenizer: Any, prompt: str) -> list[int]:
    ids: list[int] = tokenizer(prompt, truncation=False, verbose=False).input_ids
    return ids


def _find_tail(tokenizer: Any, prompt: str, ids: list[int], begin: int, kept: int) -> str:
    """Return what the tokens over the limit stand for, in the user's own letters where the tokenizer tells."""
    try:
        marks = tokenizer(prompt, truncation=False, verbose=False, return_offsets_mapping=True)["offset_mapping"]
        return prompt[marks[begin + kept][0] :].strip()
    except (NotImplementedError, ValueError, KeyError, IndexError, TypeError):
        return str(tokenizer.decode(ids[begin + kept :], skip_special_tokens=True)).strip()


def _shorten(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 3].rstrip() + "..."


def split_chunks(tokenizer: Any, prompt: str) -> list[list[int]]:
    """Return the tokens of a prompt in chunks that each fill the window, without begin and end; at least one.

    A chunk ends behind the last comma of its second half, if there is one, so that phrases stay whole.
    """
    ids: list[int] = tokenizer(prompt, truncation=False, add_special_tokens=False, verbose=False).input_ids
    size = int(tokenizer.model_max_length) - 2
    comma = tokenizer(",", add_special_tokens=False).input_ids
    chunks: list[list[int]] = []
    while len(ids) > size:
        end = size
        if len(comma) == 1:
            end = next((at + 1 for at in range(size - 1, size // 2, -1) if ids[at] == comma[0]), size)
        chunks.append(ids[:end])
        ids = ids[end:]
    return [*chunks, ids]


def is_long(pipeline: Any, prompts: Sequence[str]) -> bool:
    """Say whether any prompt is over the window of any of the tokenizers."""
    return any(
        len(split_chunks(tokenizer, prompt)) > 1 for tokenizer, _ in list_encoders(pipeline) for prompt in prompts
    )


def count_chunks(pipeline: Any, prompts: Sequence[str]) -> int:
    """Return how many chunks the longest prompt takes."""
    return max(len(split_chunks(tokenizer, prompt)) for tokenizer, _ in list_encoders(pipeline) for prompt in prompts)


@torch.no_grad()
def encode_chunks(pipeline: Any, prompt: str, count: int, *, last: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Encode a prompt of any length: each chunk by itself, one behind the other.

    Args:
        pipeline: A pipeline of SD or SDXL.
        prompt: The prompt.
        count: How many chunks there have to be; empty ones are added.
        last: Take the encoders' last layer (SD) instead of the last but one (SDXL).

    Returns:
        The embeddings, 1 x (count * window) x features, and the pooled ones of the first chunk, where there are any.
    """
    pooled: torch.Tensor | None = None
    columns = []
    for tokenizer, encoder in list_encoders(pipeline):
        chunks = split_chunks(tokenizer, prompt)
        chunks += [[] for _ in range(count - len(chunks))]
        rows = []
        for index, chunk in enumerate(chunks):
            ids = torch.tensor([frame_chunk(tokenizer, chunk)], device=pipeline._execution_device)
            out = encoder(ids, output_hidden_states=True)
            rows.append(out[0] if last else out.hidden_states[-2])
            if index == 0 and not last and out[0].ndim == 2:
                pooled = out[0]
        columns.append(torch.cat(rows, dim=1))
    return torch.cat(columns, dim=-1), pooled


def frame_chunk(tokenizer: Any, chunk: list[int]) -> list[int]:
    """Return the tokens of a chunk between begin and end, padded to the window."""
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    framed = [tokenizer.bos_token_id, *chunk, tokenizer.eos_token_id]
    return framed + [padding] * (int(tokenizer.model_max_length) - len(framed))


def list_encoders(pipeline: Any) -> list[tuple[Any, Any]]:
    """Return the tokenizers of CLIP with their encoders."""
    names = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
    pairs = [(getattr(pipeline, first, None), getattr(pipeline, second, None)) for first, second in names]
    return [(tokenizer, encoder) for tokenizer, encoder in pairs if tokenizer is not None and encoder is not None]


def warn_about(
    opened: PipelineModel,
    prompts: Sequence[str],
    negative: str,
    log: Callable[[str], None],
    syntax: str = "plain",
    *,
    words: bool = True,
) -> None:
    """Log what will be cut off prompts or is read literally, and which words of them a small model does not know.

    Without `words` nothing is said of the latter: a LoRA may have taught it some.
    """
    lines = [describe_cut(opened, prompt) for prompt in prompts] + [describe_cut(opened, negative, "negative prompt")]
    lines += [_describe_habit(prompt, syntax) for prompt in (*prompts, negative)]
    lines += _describe_words(opened, prompts) if words else []
    for line in dict.fromkeys(lines):
        if line:
            log(line)


def _describe_habit(prompt: str, syntax: str) -> str:
    found = find_habit(prompt)
    if found.startswith("<lora:"):
        return f"{found!r} is read as text: LoRAs go to the input loras"
    if found.startswith("embedding:"):
        return ""  # it is found among the model's embeddings, or refused
    if found and syntax == "plain":
        return f'{found!r} is read as text: for weights set prompt_syntax to "comfyui" or "webui"'
    return ""


def _describe_words(opened: PipelineModel, prompts: Sequence[str]) -> list[str]:
    from studio_diffusion.known_words import find_unknown, read_vocabulary
    from studio_diffusion.nearest_words import describe_unknown

    vocabulary = read_vocabulary(opened.about)
    if vocabulary is None:
        return []
    found = [find_unknown(prompt, vocabulary) for prompt in dict.fromkeys(prompts)]
    return ["; ".join(describe_unknown(unknown, vocabulary)) for unknown in found if unknown is not None]
