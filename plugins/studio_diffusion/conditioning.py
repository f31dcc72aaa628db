"""Prompts as a model's text encoders understand them: the arguments that its pipeline takes instead of words."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from studio.api import Conditioning, Packed, StudioError
from studio.api.quiet import hush
from studio_diffusion.embeddings import insert_embeddings
from studio_diffusion.prompt_syntax import PLAIN_READING, PromptReading
from studio_diffusion.prompts import CHUNKED, count_chunks, encode_chunks, is_long
from studio_diffusion.weighted_prompts import check_reading, encode_weighted

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

Tensors = dict[str, torch.Tensor]

_POOLED = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
_MASKED = ("prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask")
# What `encode_prompt` returns, by family.
_RETURNS: Mapping[str, tuple[str, ...]] = {
    "sd": ("prompt_embeds", "negative_prompt_embeds"),
    "sdxl": _POOLED,
    "sd3": _POOLED,
    "flux": ("prompt_embeds", "pooled_prompt_embeds"),
    "pixart_alpha": _MASKED,
    "pixart_sigma": _MASKED,
    "sana": _MASKED,
}


@torch.no_grad()
def encode_prompts(
    opened: PipelineModel,
    pipeline: Any,
    prompts: Sequence[str],
    negative: str,
    *,
    guided: bool,
    reading: PromptReading = PLAIN_READING,
) -> Tensors:
    """Encode prompts of a family that can be taken apart.

    Args:
        opened: The model.
        pipeline: The pipeline that will take the result.
        prompts: A batch of prompts.
        negative: What to keep out of all of them.
        guided: Whether the negative prompt is wanted; guidance of 1 and less does without.
        reading: How the prompts are read.

    Returns:
        Tensors with one row for each prompt, by the pipeline's names of its arguments.

    Raises:
        ModelError: E616 if the model's text encoders do not read prompts so.
    """
    check_reading(opened, reading)
    prompts, (negative,) = insert_embeddings(opened, prompts), insert_embeddings(opened, [negative])
    with hush("diffusers", "transformers"):
        if not reading.is_plain:
            return _encode_weighted(opened, pipeline, prompts, negative, guided=guided, reading=reading)
        if opened.family in CHUNKED and is_long(pipeline, [*prompts, negative]):
            return _encode_long(opened, pipeline, prompts, negative, guided=guided)
        if len(prompts) == 1 or not guided:
            return _encode(opened, pipeline, prompts, negative, guided=guided)
        found = _encode(opened, pipeline, prompts, negative, guided=False)
        shared = _encode(opened, pipeline, prompts[:1], negative, guided=True)  # one negative prompt does for all
        negatives = {name: tensor for name, tensor in shared.items() if name.startswith("negative")}
        return found | {name: repeat(tensor, len(prompts)) for name, tensor in negatives.items()}


def encode_with_gradients(opened: PipelineModel, pipeline: Any, prompts: Sequence[str]) -> Tensors:
    """Encode prompts without guidance, for a training; gradients reach text encoders that learn.

    Args:
        opened: A model of a family that can be taken apart.
        pipeline: The pipeline that will take the result.
        prompts: A batch of prompts.

    Returns:
        Tensors with one row for each prompt, by the pipeline's names of its arguments.
    """
    prompts = insert_embeddings(opened, prompts)
    if opened.family in CHUNKED and is_long(pipeline, prompts):
        return _encode_long(opened, pipeline, prompts, "", guided=False)
    return _encode(opened, pipeline, prompts, "", guided=False)


def pack_tensors(tensors: Tensors) -> Packed:
    """Take tensors apart without loss, so that they can be kept."""
    kept = {
        name: (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy()
        for name, tensor in tensors.items()
    }
    return Packed({name: str(tensor.dtype).removeprefix("torch.") for name, tensor in tensors.items()}, kept)


def unpack_tensors(packed: Packed, device: Any) -> Tensors:
    """Put tensors together again, on a device."""
    return {
        name: torch.from_numpy(array.copy()).to(device, getattr(torch, packed.header[name]))
        for name, array in packed.arrays.items()
    }


def repeat(tensor: torch.Tensor, count: int) -> torch.Tensor:
    """Repeat a tensor of one row."""
    return tensor.expand(count, *tensor.shape[1:])


def find_space(opened: PipelineModel) -> str:
    """Name the text encoders of a model: equal for models that understand each other's conditioning."""
    marks: list[Any] = [opened.family, opened.defaults.get("max_sequence_length")]
    for name in ("text_encoder", "text_encoder_2", "text_encoder_3"):
        encoder = getattr(opened.pipeline, name, None)
        if encoder is not None:
            config = encoder.config
            fields = ("hidden_size", "d_model", "num_hidden_layers", "num_layers", "vocab_size", "projection_dim")
            marks.append([type(encoder).__name__, [getattr(config, field, None) for field in fields]])
    digest = hashlib.sha256(json.dumps(marks, default=str).encode()).hexdigest()[:8]
    return f"{opened.family}-{digest}"


def pack_conditioning(opened: PipelineModel, tensors: Tensors, prompt: str, negative: str) -> Conditioning:
    """Make a value of encoded prompts."""
    arrays = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).cpu().numpy()
        for name, tensor in tensors.items()
    }
    return Conditioning(arrays, find_space(opened), {"prompt": prompt, "negative_prompt": negative})


def unpack_conditioning(opened: PipelineModel, value: Conditioning, *, guided: bool) -> Tensors:
    """Return the tensors of a value, on the model's device and in its dtype.

    Raises:
        StudioError: E624 if it is another model's.
    """
    if value.space != find_space(opened):
        raise StudioError(
            "E624",
            f"this conditioning is of {value.space}, and the model's text encoders are {find_space(opened)}",
            hint="encode the prompt with the model that samples",
        )
    device, dtype = opened.device, opened.pipeline.dtype
    found: Tensors = {}
    for name, array in value.tensors.items():
        if name.startswith("negative") and not guided:
            continue
        tensor = torch.from_numpy(array.copy())
        found[name] = tensor.to(device, dtype) if tensor.is_floating_point() else tensor.to(device)
    return found


def takes_guidance(opened: PipelineModel, guidance_scale: float) -> bool:
    """Say whether a negative prompt has an effect: the model is asked twice, with it and without."""
    return opened.family != "flux" and guidance_scale > 1.0


def _encode(opened: PipelineModel, pipeline: Any, prompts: Sequence[str], negative: str, *, guided: bool) -> Tensors:
    given: dict[str, Any] = {
        "prompt": list(prompts),
        "device": opened.device,
        "num_images_per_prompt": 1,
        "do_classifier_free_guidance": guided,
    }
    window = opened.defaults.get("max_sequence_length")
    if window is not None:
        given["max_sequence_length"] = window
    if negative or opened.family != "sdxl":  # SDXL has zeros for no negative prompt, which is not an empty one
        given["negative_prompt"] = [negative] * len(prompts)
    made = pipeline.encode_prompt(**_fit_arguments(pipeline, given))
    pairs = zip(_RETURNS[opened.family], made, strict=False)
    return {name: tensor for name, tensor in pairs if tensor is not None and (guided or "negative" not in name)}


def _fit_arguments(pipeline: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pipeline's `encode_prompt` takes of some arguments, with those that it cannot do without."""
    takes = inspect.signature(pipeline.encode_prompt).parameters
    found = {name: value for name, value in given.items() if name in takes}
    for name in ("prompt_2", "prompt_3"):
        if name in takes and takes[name].default is inspect.Parameter.empty:
            found[name] = None
    asked = inspect.signature(type(pipeline).__call__).parameters
    if "complex_human_instruction" in takes and "complex_human_instruction" in asked:
        found["complex_human_instruction"] = asked["complex_human_instruction"].default
    return found


def _encode_long(
    opened: PipelineModel, pipeline: Any, prompts: Sequence[str], negative: str, *, guided: bool
) -> Tensors:
    texts = [*prompts, *([negative] if guided else [])]
    count, last = count_chunks(pipeline, texts), opened.family == "sd"
    rows = [encode_chunks(pipeline, text, count, last=last) for text in texts]
    dtype = pipeline.unet.dtype
    found = _stack_rows(rows[: len(prompts)])
    if guided:
        zeroed = _zeroes(opened, pipeline, negative)
        for name, tensor in _name_rows(*rows[-1]).items():
            row = torch.zeros_like(tensor) if zeroed else tensor
            found[f"negative_{name}"] = repeat(row, len(prompts))
    return {name: tensor.to(dtype) for name, tensor in found.items()}


def _encode_weighted(
    opened: PipelineModel,
    pipeline: Any,
    prompts: Sequence[str],
    negative: str,
    *,
    guided: bool,
    reading: PromptReading,
) -> Tensors:
    count, dtype = len(prompts), pipeline.unet.dtype
    rows, pooled = encode_weighted(opened, pipeline, [*prompts, *([negative] if guided else [])], reading)
    found = _name_rows(rows[:count], None if pooled is None else pooled[:count])
    if guided:
        zeroed = reading.syntax != "comfyui" and _zeroes(opened, pipeline, negative)
        for name, tensor in _name_rows(rows[count:], None if pooled is None else pooled[count:]).items():
            found[f"negative_{name}"] = repeat(torch.zeros_like(tensor) if zeroed else tensor, count)
    return {name: tensor.to(dtype) for name, tensor in found.items()}


def _zeroes(opened: PipelineModel, pipeline: Any, negative: str) -> bool:
    """Say whether zeros stand for no negative prompt."""
    return bool(opened.family == "sdxl" and not negative and pipeline.config.get("force_zeros_for_empty_prompt"))


def _stack_rows(rows: Sequence[tuple[torch.Tensor, torch.Tensor | None]]) -> Tensors:
    """Stack the embeddings of prompts, and the pooled ones where the encoders have some."""
    pooled = [each for _, each in rows if each is not None]
    return _name_rows(torch.cat([row for row, _ in rows]), torch.cat(pooled) if pooled else None)


def _name_rows(embeddings: torch.Tensor, pooled: torch.Tensor | None) -> Tensors:
    return {"prompt_embeds": embeddings} | ({} if pooled is None else {"pooled_prompt_embeds": pooled})
