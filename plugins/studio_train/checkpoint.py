"""How far a training got, in a file: its weights, its optimizer and its losses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from studio_train.tensor_file import save_tensors

_NAME = "training.safetensors"
_PARTS = ("exp_avg", "exp_avg_sq")  # what AdamW keeps of each weight


def save_checkpoint(
    folder: Path,
    weights: Mapping[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    losses: Sequence[float],
) -> None:
    """Write how far a training got; a process that is killed leaves the file of before.

    Args:
        folder: Where to.
        weights: What is trained, by name.
        optimizer: An AdamW of these weights that has made a step.
        losses: One for each step that was made.

    Raises:
        OSError: If the disk is full or the file cannot be written.
    """
    tensors: dict[str, torch.Tensor] = {f"weight.{name}": weight for name, weight in weights.items()}
    for name, weight in weights.items():
        state = optimizer.state.get(weight, {})  # weights that nothing depends on have none
        tensors |= {f"{part}.{name}": state[part] for part in _PARTS if part in state}
    save_tensors(tensors, folder / _NAME, {"losses": json.dumps(list(losses))})


def load_checkpoint(
    folder: Path, weights: Mapping[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer
) -> list[float]:
    """Put a training where it was; return the loss of each step that was made, [] if none or if the file is damaged."""
    path = folder / _NAME
    if not path.is_file():
        return []
    try:
        with safe_open(path, "pt") as file:
            losses = [float(each) for each in json.loads(file.metadata()["losses"])]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return []
    if not _fits(tensors, weights):
        return []
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(tensors[f"weight.{name}"])
            state = {
                part: tensors[f"{part}.{name}"].to(weight.device) for part in _PARTS if f"{part}.{name}" in tensors
            }
            if state:
                optimizer.state[weight] = {"step": torch.tensor(float(len(losses))), **state}
    return losses


def _fits(tensors: Mapping[str, torch.Tensor], weights: Mapping[str, torch.nn.Parameter]) -> bool:
    """Say whether a checkpoint is of these weights: each is there, and all that is there has its shape."""
    shapes = {f"{part}.{name}": weight.shape for name, weight in weights.items() for part in ("weight", *_PARTS)}
    return all(f"weight.{name}" in tensors for name in weights) and all(
        shapes.get(name) == tensor.shape for name, tensor in tensors.items()
    )
