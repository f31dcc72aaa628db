"""LoRAs: loaded with weights into a pipeline for one call, and taken out again so that the model is as before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ModelError, is_out_of_memory

if TYPE_CHECKING:
    import torch


@dataclass
class LoraWeights:
    """An opened LoRA.

    Attributes:
        tensors: Its matrices by name, on the CPU.
        name: The file's name, for errors.
    """

    tensors: dict[str, torch.Tensor]
    name: str

    def measure(self) -> int:
        """Count its bytes."""
        return sum(each.numel() * each.element_size() for each in self.tensors.values())

    def close(self) -> None:
        """Let go of the matrices."""
        self.tensors = {}


def load_lora(path: Path) -> LoraWeights:
    """Read a LoRA from a safetensors file.

    Raises:
        ModelError: E618 if it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return LoraWeights(load_file(path), path.name)
    except (OSError, SafetensorError) as error:
        raise ModelError("E618", f"the LoRA {path.name!r} cannot be read: {error}", hint="copy it again") from None


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
            pipeline.set_adapters(names, [weight for _, weight in loras])
        yield
    finally:
        with hush("diffusers", "transformers"):
            pipeline.unload_lora_weights()


def _load(pipeline: Any, name: str, lora: LoraWeights) -> None:
    before = _count_layers(pipeline, name)
    try:
        pipeline.load_lora_weights(dict(lora.tensors), adapter_name=name)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise _refuse(pipeline, lora, _shorten(error)) from error
    if _count_layers(pipeline, name) == before:
        raise _refuse(pipeline, lora, f"none of its {len(lora.tensors)} matrices belongs to a layer of it")


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
