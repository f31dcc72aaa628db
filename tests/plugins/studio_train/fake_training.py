"""A training of two numbers that are to become 1, without any model."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from studio_train.training_loop import Examples, Plan

PLAN = Plan(steps=25, batch_size=2, learning_rate=0.05, seed=4)


class FakeTraining:
    """Two weights, and a loss that the seeds of steps change.

    Attributes:
        weights: What is trained.
        steps: How many losses were measured.
        prompts: The prompts of each.
    """

    def __init__(self, fails_at: int | None = None) -> None:
        self.weights = {"a": torch.nn.Parameter(torch.zeros(2)), "b": torch.nn.Parameter(torch.zeros(1))}
        self.steps = 0
        self.prompts: list[list[str]] = []
        self._fails_at = fails_at

    def measure_loss(self, latents: torch.Tensor, prompts: Sequence[str], generator: torch.Generator) -> torch.Tensor:
        """Return how far the weights are from 1, give or take the noise; NaN at the step that fails."""
        noise = torch.randn((), generator=generator) * 0.1
        self.prompts.append(list(prompts))
        self.steps += 1
        if self._fails_at is not None and self.steps > self._fails_at:
            return self.weights["a"].sum() * torch.nan
        return sum(((weight - 1 - noise) ** 2).sum() for weight in self.weights.values()) + latents.mean() * 0


def make_examples(prompt: str = "an apple") -> Examples:
    """Return three examples."""
    return Examples(torch.zeros(3, 1, 2, 2), [f"{prompt} {number}" for number in range(3)])
