"""Several styles in one search, each by its share."""

from __future__ import annotations

import pytest
import torch

from studio_style.style_atlas import find_costs


@pytest.mark.parametrize("shares", [(0.75, 0.25), (0.5, 0.3, 0.2), (0.05, 0.95)])
def test_costs_of_styles_make_each_the_nearest_in_its_share_of_the_places(shares: tuple[float, ...]) -> None:
    distances = torch.rand(400, len(shares), generator=torch.Generator().manual_seed(1)) * 0.1
    distances[:, 0] += 0.05

    costs = find_costs(distances, torch.tensor(shares))

    used = torch.bincount((distances + costs).argmin(1), minlength=len(shares)) / 400
    assert float((used - torch.tensor(shares)).abs().max()) < 0.02
