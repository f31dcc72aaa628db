"""Prompts with weights of words: CLIP's embeddings of each token, nearer to the empty prompt's or farther from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from studio.api import ModelError
from studio_diffusion.prompt_syntax import READERS, PromptReading, Weighted, parse_prompt, refuse_reading
from studio_diffusion.prompts import frame_chunk, list_encoders, split_chunks

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

Token = tuple[int, float]
_LONG_WORD = 8  # tokens; a longer word may be divided between two chunks
_BACKTRACK = 20  # tokens in which a comma ends a chunk early


def check_reading(opened: PipelineModel, reading: PromptReading) -> None:
    """Raise ModelError E616 if a model's text encoders cannot read prompts so, or have too few layers."""
    if reading.is_plain:
        return
    if opened.family not in READERS:
        raise refuse_reading(opened.info.title, reading)
    layers = min(int(encoder.config.num_hidden_layers) for _, encoder in list_encoders(opened.pipeline))
    if reading.skip is not None and reading.skip >= layers:
        hint = f"give a number below {layers}"
        raise ModelError("E616", f"clip_skip of {reading.skip}: a text encoder has {layers} layers", hint=hint)


@torch.no_grad()
def encode_weighted(
    opened: PipelineModel, pipeline: Any, texts: Sequence[str], reading: PromptReading
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Encode prompts with weights, one row for each.

    A row that is shorter than another is repeated, which attention does not see.

    Args:
        opened: The model.
        pipeline: Its pipeline.
        texts: The prompts.
        reading: How to read them.

    Returns:
        The embeddings, texts x (chunks * window) x features, and the pooled ones of the first chunk, where there are
        any.
    """
    rows = [_encode_row(opened, pipeline, text, reading) for text in texts]
    length = math.lcm(*(row.shape[1] for row, _ in rows))
    stacked = torch.cat([row.repeat(1, length // row.shape[1], 1) for row, _ in rows])
    pooled = [each for _, each in rows if each is not None]
    return stacked, torch.cat(pooled) if pooled else None


def _encode_row(
    opened: PipelineModel, pipeline: Any, text: str, reading: PromptReading
) -> tuple[torch.Tensor, torch.Tensor | None]:
    encoders = list_encoders(pipeline)
    chunked = [list_chunks(tokenizer, text, reading.syntax) for tokenizer, _ in encoders]
    count = max(len(chunks) for chunks in chunked)
    columns, pooled = [], None
    for (tokenizer, encoder), chunks in zip(encoders, chunked, strict=True):
        rows: list[torch.Tensor] = []
        for chunk in [*chunks, *([[]] * (count - len(chunks)))]:
            hidden, summary = _run(opened, tokenizer, encoder, [each for each, _ in chunk], reading.skip)
            if not rows and summary is not None:
                pooled = summary
            empty = _run(opened, tokenizer, encoder, [], reading.skip)[0] if reading.syntax == "comfyui" else None
            rows.append(_apply_weights(hidden, [share for _, share in chunk], empty))
        columns.append(torch.cat(rows, dim=1))
    return torch.cat(columns, dim=-1), pooled


def _run(
    opened: PipelineModel, tokenizer: Any, encoder: Any, tokens: list[int], skip: int | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the hidden states of one chunk, and its pooled embedding where the encoder projects one."""
    out = encoder(torch.tensor([frame_chunk(tokenizer, tokens)], device=opened.device), output_hidden_states=True)
    pooled = out[0] if out[0].ndim == 2 else None
    if opened.family == "sdxl":
        return out.hidden_states[-2 - (skip or 0)], pooled
    if not skip:
        return out[0], None
    norm = getattr(encoder, "final_layer_norm", None) or encoder.text_model.final_layer_norm
    return norm(out.hidden_states[-1 - skip]), None


def _apply_weights(hidden: torch.Tensor, weights: list[float], empty: torch.Tensor | None) -> torch.Tensor:
    """Scale each token's embedding: from the empty prompt's on, or from zero on with the mean kept."""
    if all(weight == 1.0 for weight in weights):
        return hidden
    framed = [1.0, *weights] + [1.0] * (hidden.shape[1] - len(weights) - 1)
    scale = torch.tensor(framed, device=hidden.device, dtype=torch.float32)[None, :, None]
    wide = hidden.float()
    if empty is not None:
        return (empty.float() + (wide - empty.float()) * scale).to(hidden.dtype)
    scaled = wide * scale
    mean = scaled.mean()
    return (scaled * (wide.mean() / mean) if mean else scaled).to(hidden.dtype)


def list_chunks(tokenizer: Any, text: str, syntax: str) -> list[list[Token]]:
    """Return the tokens of a prompt with their weights, in chunks that fit the window; at least one."""
    if syntax == "plain":
        return [[(token, 1.0) for token in chunk] for chunk in split_chunks(tokenizer, text)]
    size = int(tokenizer.model_max_length) - 2
    comma = tokenizer(",", add_special_tokens=False).input_ids
    chunks: list[list[Token]] = [[]]
    for piece in parse_prompt(text, syntax):
        if piece.breaks:
            chunks.append([])
        elif syntax == "comfyui":
            _fill_by_words(chunks, _list_words(tokenizer, piece), size)
        else:
            for word in _list_words(tokenizer, piece):
                _fill_by_tokens(chunks, word, size, comma[0])
    return chunks


def _list_words(tokenizer: Any, piece: Weighted) -> list[list[Token]]:
    words = [word for word in piece.text.replace("\n", " ").split(" ") if word]
    tokens = [tokenizer(word, add_special_tokens=False, truncation=False, verbose=False).input_ids for word in words]
    return [[(token, piece.weight) for token in each] for each in tokens]


def _fill_by_words(chunks: list[list[Token]], words: list[list[Token]], size: int) -> None:
    for word in words:
        while len(chunks[-1]) + len(word) > size:
            room = size - len(chunks[-1]) if len(word) >= _LONG_WORD else 0
            chunks[-1] += word[:room]
            word = word[room:]
            chunks.append([])
        chunks[-1] += word


def _fill_by_tokens(chunks: list[list[Token]], tokens: list[Token], size: int, comma: int) -> None:
    for token in tokens:
        if len(chunks[-1]) == size:
            last = chunks[-1]
            behind = next(
                (at + 1 for at in range(size - 1, max(0, size - _BACKTRACK) - 1, -1) if last[at][0] == comma), size
            )
            chunks[-1] = last[:behind]
            chunks.append(last[behind:])
        chunks[-1].append(token)
