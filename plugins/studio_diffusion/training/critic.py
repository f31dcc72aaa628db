"""What makes edges crisp: a loss on the judge's features, and a critic that tells drawn patches from made ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

FEATURES = 0.05
"""Weight of the judge's features in the loss, beside the mean square."""
ADVERSARIAL = 0.2
"""How strongly the critic pulls at the last layer, as a share of everything else."""


class Critic(nn.Module):
    """Says of each patch of a picture whether it was drawn (Isola et al. 2017), normalized as by Miyato et al. 2018."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        sizes = (3, width, 2 * width, 3 * width)
        layers: list[nn.Module] = []
        for given, made in itertools.pairwise(sizes):
            layers += [spectral_norm(nn.Conv2d(given, made, 4, 2, 1)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(sizes[-1], 1, 3, 1, 1)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return a score for each patch; above 0 is drawn."""
        scores: torch.Tensor = self.layers(pictures)
        return scores


def compare_pictures(made: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Return the loss of pictures (-1..1) against the drawn ones: values and steps between neighbors."""
    loss = functional.mse_loss(made, drawn) + 0.05 * functional.l1_loss(made, drawn)
    for axis in (2, 3):
        loss = loss + 0.3 * functional.mse_loss(made.diff(dim=axis), drawn.diff(dim=axis))
    return loss


def compare_features(judge: Any, made: torch.Tensor, drawn: torch.Tensor, depth: int = 3) -> torch.Tensor:
    """Return how far the judge's first features of pictures are from those of the drawn ones (Zhang et al. 2018).

    The judge learned from artwork alone; its weights stay as they are.
    """
    total = torch.zeros((), device=made.device)
    for block in judge.features[:depth]:
        made, drawn = block(made), block(drawn)
        pair = [functional.normalize(features.float(), dim=1) for features in (made, drawn)]
        total = total + (pair[0] - pair[1]).square().sum(1).mean()
    return total / depth


def balance(loss: torch.Tensor, adversarial: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """Return the sum of two losses, the second weighted by what both do to the last layer (Esser et al. 2021)."""
    pulls = [torch.autograd.grad(part, last, retain_graph=True)[0].norm() for part in (loss, adversarial)]
    weight = (ADVERSARIAL * pulls[0] / (pulls[1] + 1e-8)).clamp(0, 10).detach()
    total: torch.Tensor = loss + weight * adversarial
    return total


def score_critic(critic: Critic, made: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """Return the critic's hinge loss; what it says of made pictures does not reach what made them."""
    return (functional.relu(1 - critic(drawn)).mean() + functional.relu(1 + critic(made.detach())).mean()) / 2


def create_optimizer(parameters: Sequence[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """Return the optimizer of one side of the contest."""
    optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.5, 0.99), weight_decay=1e-4)
    for group in optimizer.param_groups:
        group["full_rate"] = rate
    return optimizer
