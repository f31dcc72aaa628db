"""The compact network: it begins as interpolation, and each pixel sees no further than its reach."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from studio_upscale.networks.compact import Compact

NO_CODES = torch.zeros(1, 0)


def make_network(scales: tuple[int, ...] = (2, 3), coded: int = 0) -> Compact:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Compact(8, 1, scales, coded).requires_grad_(False)


@pytest.mark.parametrize("scale", [2, 3])
def test_a_network_whose_tail_is_zero_interpolates(scale: int) -> None:
    network, planes = make_network(), torch.rand(2, 1, 7, 9)
    torch.nn.init.zeros_(network.tails[str(scale)].weight)

    made = network(planes, scale, NO_CODES)

    assert torch.equal(made, functional.interpolate(planes, scale_factor=scale, mode="bicubic"))


def test_a_fresh_network_adds_little_and_restores_at_scale_1() -> None:
    network, planes = make_network((1,)), torch.rand(1, 1, 8, 8)

    made = network(planes, 1, NO_CODES)

    assert made.shape == planes.shape
    assert 0 < float((made - planes).abs().max()) < 0.1


def test_no_pixel_matters_further_away_than_the_reach() -> None:
    network = make_network((2,))
    planes = torch.rand(1, 1, 31, 31)
    changed = planes.clone()
    changed[0, 0, 15, 15] += 1

    touched = (network(planes, 2, NO_CODES) - network(changed, 2, NO_CODES)).abs()[0, 0] > 1e-7
    rows = torch.nonzero(touched.any(dim=1)).flatten() // 2

    assert network.reach == 5
    assert int(rows.min()) >= 15 - 5
    assert int(rows.max()) <= 15 + 5
    assert int(rows.max() - rows.min()) >= 8  # and it does see that far


def test_codes_change_the_result_and_are_the_same_for_every_pixel() -> None:
    network = make_network((2,), coded=1)
    flat = torch.full((2, 1, 24, 24), 0.5)

    made = network(flat, 2, torch.tensor([[0.0], [1.0]]))

    assert not torch.allclose(made[0], made[1])
    middle = made[:, 0, 16:32, 16:32]
    assert torch.allclose(middle[:, :-2:2, :-2:2], middle[:, 2::2, 2::2], atol=1e-6)
