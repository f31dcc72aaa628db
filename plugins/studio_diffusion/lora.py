"""LoRAs: loaded with weights into a pipeline for one call, and taken out again so that the model is as before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ModelError, is_out_of_memory
from studio_diffusion.denoisers import find_denoisers
from studio_diffusion.library_messages import collect_messages
from studio_diffusion.lora_layout import count_layers, qualify, read_layout

if TYPE_CHECKING:
    import torch


@dataclass
class LoraWeights:
    """An opened LoRA.

    Attributes:
        tensors: Its matrices by name, on the CPU.
        name: The file's name, for errors.
        into: Name of the denoiser that it goes into, of those that have two; None for all.
    """

    tensors: dict[str, torch.Tensor]
    name: str
    into: str | None = None

    def measure(self) -> int:
        """Count its bytes."""
        return sum(each.numel() * each.element_size() for each in self.tensors.values())

    def apply_with(self, pipeline: Any, loras: Sequence[tuple[LoraWeights, float]]) -> AbstractContextManager[None]:
        """Apply this and other LoRAs to a pipeline for a while, for node types of other plugins.

        Args:
            pipeline: A pipeline of diffusers.
            loras: LoRAs and their scales, this one among them.
        """
        return apply_loras(pipeline, loras)

    def close(self) -> None:
        """Let go of the matrices."""
        self.tensors = {}


def load_lora(path: Path, into: str | None = None) -> LoraWeights:
    """Read a LoRA from a safetensors file.

    Args:
        path: The file.
        into: Name of the denoiser that it goes into, of those that have two; None for all.

    Raises:
        ModelError: E618 if it cannot be read, or is of a kind that is not supported.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError("E618", f"the LoRA {path.name!r} cannot be read: {error}", hint="copy it again") from None
    return LoraWeights(read_layout(tensors, path.name), path.name, into)


@contextmanager
def apply_loras(pipeline: Any, loras: Sequence[tuple[LoraWeights, float]]) -> Iterator[None]:
    """Let a pipeline draw with LoRAs while the block lasts.

    Args:
        pipeline: A pipeline that `PipelineModel.for_task` gave.
        loras: The LoRAs, each with its weight; 1 as it was trained.

    Raises:
        ModelError: E618 if one is not for this model.
    """
    if not loras:
        yield
        return
    if not hasattr(pipeline, "load_lora_weights"):
        raise ModelError("E618", f"{type(pipeline).__name__} takes no LoRAs", hint="leave them out")
    from studio.api.quiet import hush

    names = [f"studio_{index}" for index in range(len(loras))]
    try:
        with hush("diffusers", "transformers"):
            for name, (lora, _) in zip(names, loras, strict=True):
                _load(pipeline, name, lora)
            _weigh(pipeline, dict(zip(names, (weight for _, weight in loras), strict=True)))
        yield
    finally:
        remove_loras(pipeline)


def remove_loras(pipeline: Any) -> None:
    """Take all LoRAs out of a pipeline, so that its networks are as before."""
    from studio.api.quiet import hush

    with hush("diffusers", "transformers"):
        pipeline.unload_lora_weights()
        for denoiser in find_denoisers(pipeline).values():
            if getattr(denoiser, "peft_config", None):
                denoiser.unload_lora()


def _weigh(pipeline: Any, weights: Mapping[str, float]) -> None:
    """Set the weights of LoRAs, in each network that has them."""
    pipeline.set_adapters(list(weights), list(weights.values()))
    for denoiser in find_denoisers(pipeline).values():
        present = [name for name in weights if name in getattr(denoiser, "peft_config", {})]
        if present:
            denoiser.set_adapters(present, [weights[name] for name in present])


def _load(pipeline: Any, name: str, lora: LoraWeights) -> None:
    takes_second = len(find_denoisers(pipeline)) > 1
    if lora.into is not None and lora.into not in find_denoisers(pipeline):
        raise _refuse(pipeline, lora, f"it is to go into {lora.into!r}, which this model does not have")
    before = _count_layers(pipeline, name)
    with collect_messages() as messages:
        try:
            if lora.into in (None, "transformer", "unet"):
                pipeline.load_lora_weights(qualify(pipeline, lora.tensors), adapter_name=name)
            if takes_second and lora.into in (None, "transformer_2"):
                pipeline.load_lora_weights(
                    qualify(pipeline, lora.tensors), adapter_name=name, load_into_transformer_2=True
                )
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise _refuse(pipeline, lora, _shorten(error)) from error
    added = _count_layers(pipeline, name) - before
    layers = count_layers(lora.tensors)
    if added < layers:
        told = next((text for text in messages if "key" in text.lower() or "dora" in text.lower()), "")
        reason = f"{layers - added} of its {layers} layers belong to no layer of it"
        raise _refuse(pipeline, lora, f"{reason}{_name_unused(told)}")


def _name_unused(told: str) -> str:
    names = re.findall(r"[\w.]+\.lora_[\w.]+", told)
    return f", such as {names[0]!r}" if names else ""


def _refuse(pipeline: Any, lora: LoraWeights, reason: str) -> ModelError:
    return ModelError(
        "E618",
        f"the LoRA {lora.name!r} is not for this model ({type(pipeline).__name__}): {reason}",
        hint="take a LoRA that was trained on this model, or on its architecture and size",
    )


def _count_layers(pipeline: Any, adapter: str) -> int:
    """Count the layers that an adapter has changed."""
    import torch

    count = 0
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            count += sum(adapter in getattr(module, "lora_A", ()) for module in part.modules())
    return count


def _shorten(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    shapes = next((line for line in lines if "size mismatch" in line), None)
    return (shapes or (lines[0] if lines else type(error).__name__))[:300]
