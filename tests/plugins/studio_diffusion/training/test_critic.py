"""The critic and the losses that make edges crisp."""

from __future__ import annotations

import pytest
import torch

from studio_diffusion.training.critic import (
    ADVERSARIAL,
    Critic,
    balance,
    compare_features,
    compare_pictures,
    create_optimizer,
    score_critic,
)
from studio_diffusion.training.judge import Judge
from studio_diffusion.training.slices import take_step

pytestmark = pytest.mark.xdist_group("diffusers")


def test_equal_pictures_have_no_loss_and_blurred_ones_have_some() -> None:
    torch.manual_seed(0)
    drawn = torch.rand(2, 3, 32, 32) * 2 - 1
    soft = torch.nn.functional.avg_pool2d(drawn, 3, 1, 1)
    judge = Judge(["cat"], 64).eval()

    assert compare_pictures(drawn, drawn).item() == compare_features(judge, drawn, drawn).item() == 0
    assert compare_pictures(soft, drawn).item() > 0.1
    assert compare_features(judge, soft, drawn).item() > 0.001


def test_a_critic_learns_to_tell_drawn_patches_from_made_ones() -> None:
    torch.manual_seed(0)
    critic = Critic(8)
    optimizers = [create_optimizer(list(critic.parameters()), 1e-2)]
    drawn, made = torch.rand(4, 3, 32, 32) * 2 - 1, torch.zeros(4, 3, 32, 32)

    first = score_critic(critic, made, drawn).item()
    for _ in range(30):
        take_step(score_critic(critic, made, drawn), optimizers, 1.0)

    assert score_critic(critic, made, drawn).item() < 0.6 * first
    assert critic(drawn).mean() > critic(made).mean()


def test_the_critic_pulls_at_the_last_layer_by_a_share_of_the_rest() -> None:
    last = torch.nn.Parameter(torch.tensor([1.0, 2.0]))

    total = balance((3 * last).sum(), (100 * last[0]).square().sum(), last)

    (pull,) = torch.autograd.grad(total, last)
    own = torch.tensor([3.0, 3.0])
    assert (pull - own).norm().item() == pytest.approx(ADVERSARIAL * own.norm().item(), rel=1e-4)


def test_what_the_critic_learns_does_not_reach_the_pictures_made() -> None:
    made = torch.zeros(1, 3, 16, 16, requires_grad=True)

    score_critic(Critic(8), made, torch.ones(1, 3, 16, 16)).backward()

    assert made.grad is None
