"""The steps of a training: batches, the learning rate, checkpoints, and a stop where numbers are lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from studio.api import Image, ModelError
from studio_train.checkpoint import load_checkpoint, save_checkpoint

_UNSAID = 0.1  # share of the batches without a caption: guidance needs them (Ho and Salimans 2022)
_CHECKPOINT_STEPS = 10
_CHECKPOINT_STEPS_LARGE = 50
_LARGE = 30_000_000  # weights
_WARMING_STEPS = 20
_LONGEST_NORM = 1.0
_WEIGHT_DECAY = 1e-4


class Trainable(Protocol):
    """A model with a LoRA that is being trained, of any plugin.

    Attributes:
        weights: What is trained, by name.
    """

    weights: dict[str, torch.nn.Parameter]

    def measure_loss(self, latents: torch.Tensor, prompts: Sequence[str], generator: torch.Generator) -> torch.Tensor:
        """Return the loss of some latents with their prompts."""
        ...


@dataclass(frozen=True)
class Examples:
    """What is learned from: latents and what they show.

    Attributes:
        latents: count x channels x rows x columns.
        prompts: One for each.
    """

    latents: torch.Tensor
    prompts: Sequence[str]

    def take(self, count: int, generator: torch.Generator) -> tuple[torch.Tensor, list[str]]:
        """Draw some with replacement."""
        rows = torch.randint(0, len(self.prompts), (count,), generator=generator).tolist()
        return self.latents[rows], [self.prompts[row] for row in rows]


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        steps: How many steps.
        batch_size: Examples in a step; half as many of the prior come to it.
        learning_rate: The highest one.
        seed: Of all that is drawn.
    """

    steps: int
    batch_size: int
    learning_rate: float
    seed: int


def train(
    training: Trainable,
    examples: Examples,
    prior: Examples | None,
    plan: Plan,
    folder: Path,
    on_step: Callable[[int], Image | None],
) -> list[float]:
    """Train to the end, from where a checkpoint says; each step depends on the seed and its number alone.

    Args:
        training: The model.
        examples: What is to be learned.
        prior: What the model draws by itself, which is to stay as it is (Ruiz et al. 2023); None for nothing.
        plan: How.
        folder: Of checkpoints.
        on_step: Called with the number of steps made, before each step and after the last.

    Returns:
        The loss of each step.

    Raises:
        ModelError: E697 if the loss or the weights become NaN or infinite.
    """
    weights = training.weights
    optimizer = torch.optim.AdamW(weights.values(), plan.learning_rate, weight_decay=_WEIGHT_DECAY)
    losses = load_checkpoint(folder, weights, optimizer)
    every = _find_interval(weights)
    for step in range(len(losses), plan.steps):
        on_step(step)
        losses.append(_take_step(training, examples, prior, plan, optimizer, step))
        if (step + 1) % every == 0 or step + 1 == plan.steps:
            save_checkpoint(folder, weights, optimizer, losses)
    if not all(bool(torch.isfinite(weight).all()) for weight in weights.values()):
        raise _refuse(plan.steps, plan)
    on_step(plan.steps)
    return losses


def _find_interval(weights: Mapping[str, torch.nn.Parameter]) -> int:
    """Return after how many steps a checkpoint is written: large ones are written less often."""
    count = sum(weight.numel() for weight in weights.values())
    return _CHECKPOINT_STEPS_LARGE if count > _LARGE else _CHECKPOINT_STEPS


def _take_step(
    training: Trainable,
    examples: Examples,
    prior: Examples | None,
    plan: Plan,
    optimizer: torch.optim.Optimizer,
    step: int,
) -> float:
    generator = torch.Generator().manual_seed((plan.seed * 1_000_003 + step) % 2**63)
    latents, prompts = examples.take(plan.batch_size, generator)
    if float(torch.rand((), generator=generator)) < _UNSAID:
        prompts = [""] * len(prompts)
    if prior is not None:
        more, said = prior.take(max(1, plan.batch_size // 2), generator)
        latents, prompts = torch.cat([latents, more]), prompts + said
    for group in optimizer.param_groups:
        group["lr"] = plan.learning_rate * find_share(step, plan.steps)
    loss = training.measure_loss(latents, prompts, generator)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise _refuse(step, plan)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(training.weights.values()), _LONGEST_NORM)
    optimizer.step()
    return value


def find_share(step: int, steps: int) -> float:
    """Return the share of the learning rate at a step: it rises at first, and falls in the second half."""
    warming = max(1, min(_WARMING_STEPS, steps // 10))
    return min(1.0, (step + 1) / warming, 2 * (1 - step / steps) + 0.01)


def _refuse(step: int, plan: Plan) -> ModelError:
    return ModelError(
        "E697",
        f"the training diverged at step {step}: its numbers are NaN or infinite",
        hint=f"lower learning_rate, now {plan.learning_rate:g}, for example to a tenth; or set precision to float32 "
        "and run with --dtype float32",
    )
