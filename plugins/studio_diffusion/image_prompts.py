"""Images as prompts: IP-Adapters, Flux Redux and the pooled embedding of SDXL, for the time of one drawing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch

from studio.api import Context, Image, Model, ModelError, StudioError, is_out_of_memory
from studio_diffusion.checks import check_image_prompt
from studio_diffusion.conditioning import Tensors
from studio_diffusion.image_encoders import ImageEncoder
from studio_diffusion.image_prompt_weights import ImagePromptWeights

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

ImagePromptUse = Literal["all", "style", "layout"]

# Blocks of SDXL's denoiser that decide on style and layout (InstantStyle, Wang et al. 2024).
_BLOCKS: Mapping[str, Any] = {
    "style": {"up": {"block_0": [0.0, 1.0, 0.0]}},
    "layout": {"down": {"block_2": [0.0, 1.0]}},
}
_ADAPTED = frozenset({"sd", "sdxl", "sd3", "flux"})
_ONE_IMAGE = frozenset({"sd3"})


@dataclass(frozen=True)
class ImagePrompt:
    """Images that are read beside the prompt.

    Attributes:
        images: The images.
        weights: What reads them: an IP-Adapter or Redux with its encoder, or an encoder alone.
        scale: How strongly they count.
        use: What they decide on.
    """

    images: tuple[Image, ...]
    weights: ImagePromptWeights | ImageEncoder
    scale: float = 1.0
    use: ImagePromptUse = "all"


@contextmanager
def open_image_prompt(
    ctx: Context, images: Sequence[Image] | None, model: Model | None, scale: float, use: ImagePromptUse
) -> Iterator[ImagePrompt | None]:
    """Lease what reads image prompts; None where there are none.

    Raises:
        StudioError: E625 if the images or the model is missing, or if the model reads no images.
    """
    check_image_prompt(images, model)
    if not images or model is None:
        yield None
        return
    with ctx.open(model) as weights:
        if not isinstance(weights, ImagePromptWeights | ImageEncoder):
            raise StudioError(
                "E625",
                f"{model} does not read images as prompts",
                hint="name an IP-Adapter, Flux Redux, or for SDXL the CLIP vision model",
            )
        yield ImagePrompt(tuple(images), weights, scale, use)


@contextmanager
def follow_image_prompt(
    opened: PipelineModel, pipeline: Any, prompt: ImagePrompt | None, *, guided: bool
) -> Iterator[dict[str, Any]]:
    """Let a pipeline look at image prompts while the block lasts; yields further inputs of its call.

    Args:
        opened: The model.
        pipeline: Its pipeline for the task.
        prompt: The images; None for none.
        guided: Whether the model is asked without the prompt too.

    Raises:
        ModelError: E616 if the model looks at no images so, E617 if the weights are for another model.
    """
    if prompt is None:
        yield {}
        return
    check_fit(opened, prompt)
    if not isinstance(prompt.weights, ImagePromptWeights) or prompt.weights.kind != "ip_adapter":
        yield {}
        return
    if not hasattr(pipeline, "set_ip_adapter_scale"):
        raise ModelError("E616", f"{type(pipeline).__name__} takes no IP-Adapter", hint="draw from text alone")
    network = pipeline.unet if hasattr(pipeline, "unet") else pipeline.transformer
    with _attach(network, prompt, opened):
        blocks = _BLOCKS.get(prompt.use)
        pipeline.set_ip_adapter_scale(_scale_blocks(blocks, prompt.scale) if blocks else prompt.scale)
        yield _embed(opened.family, prompt, guided=guided)


def add_image_prompt(opened: PipelineModel, tensors: Tensors, prompt: ImagePrompt | None) -> Tensors:
    """Return encoded prompts with those images in them that are read as words, or in place of the pooled embedding."""
    if prompt is None:
        return tensors
    if isinstance(prompt.weights, ImageEncoder):
        return _replace_pooled(tensors, prompt)
    if prompt.weights.kind == "redux":
        words = tensors["prompt_embeds"]
        seen = prompt.weights.read_as_words(prompt.images).to(words) * prompt.scale
        return tensors | {"prompt_embeds": torch.cat([words, seen.expand(len(words), -1, -1)], dim=1)}
    return tensors


def check_fit(opened: PipelineModel, prompt: ImagePrompt) -> None:
    """Raise ModelError E616 or E617 if what reads the images is not for the model."""
    weights = prompt.weights
    if opened.family not in _ADAPTED:
        raise ModelError(
            "E616", f"a model of {opened.info.title} takes no image prompts", hint="SD, SDXL, SD3 and Flux take them"
        )
    if isinstance(weights, ImageEncoder):
        pooled = getattr(getattr(opened.pipeline, "text_encoder_2", None), "config", None)
        if opened.family != "sdxl" or getattr(pooled, "projection_dim", None) != weights.width:
            raise _refuse(
                opened, weights.name, "an encoder alone is for SDXL, and of the size of its second text encoder"
            )
    elif weights.kind == "redux" and opened.family != "flux":
        raise _refuse(opened, weights.name, "Redux is for Flux")
    elif weights.kind == "redux" and weights.width != opened.pipeline.text_encoder_2.config.d_model:
        raise _refuse(opened, weights.name, "its embeddings have another size than the words'")
    if prompt.use != "all" and (isinstance(weights, ImageEncoder) or opened.family != "sdxl"):
        raise ModelError(
            "E616",
            f"image_prompt_use {prompt.use!r}: only SDXL with an IP-Adapter separates style and layout",
            hint='set image_prompt_use to "all"',
        )
    if len(prompt.images) > 1 and opened.family in _ONE_IMAGE:
        raise ModelError("E616", f"a model of {opened.info.title} takes one image prompt", hint="give one image")


def _refuse(opened: PipelineModel, name: str, why: str) -> ModelError:
    return ModelError(
        "E617",
        f"{name!r} reads no image prompts for this model ({type(opened.pipeline).__name__}): {why}",
        hint=f"take one that was trained for {opened.info.title}",
    )


@contextmanager
def _attach(network: Any, prompt: ImagePrompt, opened: PipelineModel) -> Iterator[None]:
    """Put an IP-Adapter into a denoiser; afterwards the denoiser is as before."""
    weights = prompt.weights
    assert isinstance(weights, ImagePromptWeights)
    processors, projection = dict(network.attn_processors), getattr(network, "encoder_hid_proj", None)
    kind = network.config.get("encoder_hid_dim_type")
    seen = getattr(network, "image_proj", None)
    try:
        _load(network, weights, opened)
        yield
    finally:
        if hasattr(network, "encoder_hid_proj"):
            network.encoder_hid_proj = projection
            network.config.encoder_hid_dim_type = kind
        if hasattr(network, "image_proj"):
            network.image_proj = seen
        network.set_attn_processor(dict(processors))


def _load(network: Any, weights: ImagePromptWeights, opened: PipelineModel) -> None:
    if hasattr(network, "set_default_attn_processor"):
        network.set_default_attn_processor()  # those that work in slices cannot be taken over
    state = {"image_proj": dict(weights.projection), "ip_adapter": dict(weights.attention)}
    given: Any = state if opened.family == "sd3" else [state]
    try:
        network._load_ip_adapter_weights(given, low_cpu_mem_usage=False)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = next((line.strip() for line in str(error).splitlines() if "size mismatch" in line), str(error)[:200])
        raise _refuse(opened, weights.name, reason) from error
    used = sum(hasattr(each, "to_k_ip") for each in network.attn_processors.values())
    if used != weights.layers:
        raise _refuse(opened, weights.name, f"it has {weights.layers} layers, and the model takes {used}")
    for each in network.attn_processors.values():
        if isinstance(each, torch.nn.Module):
            each.to(opened.device, network.dtype)
    for name in ("encoder_hid_proj", "image_proj"):
        if isinstance(getattr(network, name, None), torch.nn.Module):
            getattr(network, name).to(opened.device, network.dtype)


def _scale_blocks(blocks: Mapping[str, Any], scale: float) -> dict[str, Any]:
    return {
        side: {block: [share * scale for share in shares] for block, shares in each.items()}
        for side, each in blocks.items()
    }


def _embed(family: str, prompt: ImagePrompt, *, guided: bool) -> dict[str, Any]:
    """Return the embeddings of the images, as pipelines take them."""
    weights = prompt.weights
    assert isinstance(weights, ImagePromptWeights)
    seen, blank = weights.embed(prompt.images, patches=family == "sd3")
    if family == "sd3":
        return {"ip_adapter_image_embeds": torch.cat([blank, seen]) if guided else seen}
    rows, against = seen[None], blank[None]
    if family == "flux":
        return {"ip_adapter_image_embeds": [rows], "negative_ip_adapter_image_embeds": [against]}
    return {"ip_adapter_image_embeds": [torch.cat([against, rows]) if guided else rows]}


def _replace_pooled(tensors: Tensors, prompt: ImagePrompt) -> Tensors:
    """Put the sum of the images' embeddings in place of the pooled one of the prompt."""
    assert isinstance(prompt.weights, ImageEncoder)
    words = tensors["pooled_prompt_embeds"]
    pooled = prompt.weights.embed(prompt.images).sum(dim=0, keepdim=True).to(words) * prompt.scale
    return tensors | {"pooled_prompt_embeds": pooled.expand(len(words), -1)}
