"""Fields of nearest patches: calm places take calm patches of a lively style."""

from __future__ import annotations

import torch

from studio_style.patch_field import (
    blur_luma,
    create_queries,
    create_style_patches,
    search_everywhere,
)

RADIUS = 3


def draw_grain(side: int, contrast: float) -> torch.Tensor:
    """Draw grey grain around middle grey, H x W x 3."""
    noise = torch.rand(side, side, 1, generator=torch.Generator().manual_seed(1)) - 0.5
    return (0.5 + contrast * noise).repeat(1, 1, 3)


def draw_partly_calm(side: int = 48) -> torch.Tensor:
    """Draw an image whose left quarter is calm and whose rest is rough, equally light."""
    return torch.cat([draw_grain(side, 0.1)[:, : side // 4], draw_grain(side, 1.0)[:, side // 4 :]], dim=1)


def find_share_of_calm_patches(guide: torch.Tensor, importance: float) -> float:
    """Search where what is painted so far is rough everywhere, and count the patches found in the calm quarter."""
    style = create_style_patches(draw_partly_calm(), RADIUS)
    painted = (draw_partly_calm().flip(0)[:, 24:]).permute(2, 0, 1)
    size = (painted.shape[1], painted.shape[2])
    queries = create_queries(style, painted, guide, torch.full(size, importance))
    field = search_everywhere(
        style, queries, size, rarity=100.0, generator=torch.Generator().manual_seed(0), tick=lambda _: None
    )
    return float((field.position[1] < 12).float().mean())


def test_calm_content_is_painted_with_calm_patches_and_rough_content_with_rough_ones() -> None:
    calm = torch.full((1, 48, 24), 0.5)
    rough = blur_luma(draw_partly_calm()[:, 24:].permute(2, 0, 1))

    assert find_share_of_calm_patches(calm, 2.0) > 0.95  # without roughness in the key: 0.73
    assert find_share_of_calm_patches(rough, 2.0) < 0.2  # and 0.50


def test_liveliness_tells_thick_strokes_from_soft_styles() -> None:
    found = [create_style_patches(draw_grain(40, contrast), RADIUS).liveliness for contrast in (0.05, 0.75, 1.0)]

    assert found[0] == 0.0
    assert 0.0 < found[1] < 1.0
    assert found[2] == 1.0
