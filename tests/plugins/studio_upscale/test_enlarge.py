"""Passes, alpha, depth and exact sizes around a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, MediaError, Model
from studio.testing import TestContext
from studio_upscale.enlarge import plan_passes
from studio_upscale.nodes.images import enlarge_image, restore_image

FAST = Model("builtin:compact-fast")


@pytest.mark.parametrize(
    ("scales", "scale", "passes"),
    [
        ((2, 3, 4), 2, (2,)),
        ((2, 3, 4), 2.5, (3,)),
        ((2, 3, 4), 5, (2, 3)),
        ((2, 3, 4), 7.5, (2, 4)),
        ((2,), 8, (2, 2, 2)),
        ((4,), 2, (4,)),
        ((4,), 5, (4, 4)),
        ((3,), 1.5, (3,)),
    ],
)
def test_a_scale_is_reached_by_the_smallest_product_of_factors(scales: Any, scale: float, passes: Any) -> None:
    assert plan_passes(scales, scale) == passes


def test_a_strip_of_30000_pixels_is_enlarged_or_refused(ctx: TestContext) -> None:
    strip = Image(np.tile(np.arange(30_000, dtype=np.uint16)[None, :, None] // 118, (2, 1, 1)).astype(np.uint8))

    assert enlarge_image(ctx, strip, scale=2, model=FAST).stored.shape == (4, 60_000, 1)
    with pytest.raises(MediaError) as caught:
        enlarge_image(ctx, strip, scale=4, model=FAST)
    assert caught.value.code == "E506"


def test_tiles_equal_the_whole(ctx: TestContext) -> None:
    image = Image(np.random.default_rng(3).random((90, 120, 3), np.float32))

    whole = enlarge_image(ctx, image, scale=2, tile_size=256).pixels
    tiled = enlarge_image(ctx, image, scale=2, tile_size=48, tile_overlap=24).pixels

    assert np.abs(whole - tiled).max() < 1e-5


def test_opaque_alpha_stays_opaque_and_outlines_stay_clean(ctx: TestContext) -> None:
    pixels = np.zeros((48, 48, 4), np.uint8)
    pixels[12:36, 12:36] = (220, 40, 40, 255)

    made = enlarge_image(ctx, Image(pixels), scale=2).stored
    opaque = enlarge_image(ctx, Image(np.full((8, 8, 4), 255, np.uint8))).stored

    shown = made[made[..., 3] > 8].astype(int)
    assert np.abs(shown[:, :3] - (220, 40, 40)).max() <= 12  # nothing of the black under full transparency
    assert made[48, 48, 3] >= 253
    assert made[2, 2, 3] <= 2
    assert (opaque[..., 3] == 255).all()


def test_half_the_strength_is_half_way(ctx: TestContext) -> None:
    image = Image(np.random.default_rng(0).uniform(0.3, 0.7, (24, 24, 3)).astype(np.float32))

    half, whole = (restore_image(ctx, image, strength=s).pixels for s in (0.5, 1.0))

    assert np.abs(half - (image.pixels + whole) / 2).max() < 1e-5
