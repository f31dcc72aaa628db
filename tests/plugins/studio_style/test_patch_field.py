"""Fields of nearest patches: calm places take calm patches, and soft styles are not outweighed by the content."""

from __future__ import annotations

import torch

from studio_style.patch_field import (
    blur_luma,
    create_queries,
    create_style_patches,
    measure_liveliness,
    search_everywhere,
)
from studio_style.patch_transfer import weigh_guide

RADIUS = 3


def draw_grain(side: int, contrast: float) -> torch.Tensor:
    """Draw grey grain around middle grey, H x W x 3."""
    noise = torch.rand(side, side, 1, generator=torch.Generator().manual_seed(1)) - 0.5
    return (0.5 + contrast * noise).repeat(1, 1, 3)


def draw_half_calm(side: int = 48) -> torch.Tensor:
    """Draw a picture whose left half is calm and whose right half is rough, equally light."""
    return torch.cat([draw_grain(side, 0.1)[:, : side // 2], draw_grain(side, 0.9)[:, side // 2 :]], dim=1)


def find_share_of_calm_patches(guide: torch.Tensor, importance: float) -> float:
    """Search where what is painted so far is rough everywhere, and count the patches found in the calm half."""
    style = create_style_patches(draw_half_calm(), RADIUS)
    painted = (draw_half_calm().flip(0)[:, 24:]).permute(2, 0, 1)
    size = (painted.shape[1], painted.shape[2])
    queries = create_queries(style, painted, guide, torch.full(size, importance))
    field = search_everywhere(
        style, queries, size, rarity=100.0, generator=torch.Generator().manual_seed(0), tick=lambda _: None
    )
    return float((field.position[1] < 24).float().mean())


def test_calm_content_is_painted_with_calm_patches_and_rough_content_with_rough_ones() -> None:
    calm = torch.full((1, 48, 24), 0.5)
    rough = blur_luma(draw_half_calm()[:, 24:].permute(2, 0, 1))

    assert find_share_of_calm_patches(calm, 2.0) > 0.95  # without roughness in the key: 0.83
    assert find_share_of_calm_patches(rough, 2.0) < 0.3  # and 0.66


def test_the_content_weighs_less_beside_a_soft_style() -> None:
    soft, lively = (create_style_patches(draw_grain(40, contrast), RADIUS) for contrast in (0.05, 1.0))

    assert 300 < measure_liveliness(lively) / measure_liveliness(soft) < 500  # contrast squared
    assert (weigh_guide(soft), weigh_guide(lively)) == (0.5, 1.0)
