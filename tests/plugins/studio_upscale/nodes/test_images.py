"""Images enlarged and restored with the networks that ship."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Cancelled, Image, MediaError, Model
from studio.testing import TestContext
from studio_upscale.nodes.images import denoise_image, enlarge_image, restore_image

FAST = Model("builtin:compact-fast")


def _noise(height: int, width: int, channels: int = 3, dtype: Any = np.uint8) -> Image:
    rng = np.random.default_rng(0)
    return Image(rng.integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype))


@pytest.mark.parametrize("scale", [1, 1.25, 2, 2.5, 3, 4, 8])
def test_the_result_has_the_size_that_was_asked_for(ctx: TestContext, scale: float) -> None:
    made = enlarge_image(ctx, _noise(13, 20), scale=scale, model=FAST)

    assert (made.width, made.height) == (round(20 * scale), round(13 * scale))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_depth_and_channels_stay(ctx: TestContext, channels: int, dtype: Any) -> None:
    image = _noise(9, 11, channels, dtype)

    for made in (enlarge_image(ctx, image, scale=2.5), restore_image(ctx, image)):
        assert made.channels == channels
        assert made.stored.dtype == dtype


@pytest.mark.parametrize("level", [0, 255])
def test_flat_images_stay_flat(ctx: TestContext, level: int) -> None:
    flat = Image(np.full((40, 40, 3), level, np.uint8))

    made = enlarge_image(ctx, flat, scale=4).stored.astype(int)

    assert np.abs(made - level).max() <= 6
    assert np.abs(made[48:112, 48:112] - level).max() <= 2


def test_an_image_of_one_pixel_is_enlarged(ctx: TestContext) -> None:
    made = enlarge_image(ctx, Image(np.full((1, 1, 3), 128, np.uint8)), scale=4)

    assert made.stored.shape == (4, 4, 3)
    assert np.abs(made.stored.astype(int) - 128).max() < 24


def test_alpha_is_left_alone_by_restoring(ctx: TestContext) -> None:
    image = _noise(20, 20, 4)

    assert np.array_equal(restore_image(ctx, image).stored[..., 3], image.stored[..., 3])


@pytest.mark.parametrize("function", [denoise_image, restore_image])
def test_no_strength_changes_nothing(ctx: TestContext, function: Any) -> None:
    image = _noise(20, 20)

    assert function(ctx, image, strength=0.0) == image


def test_progress_is_told_and_a_run_can_be_cancelled(shipped: dict[str, Any]) -> None:
    ctx = TestContext(models=shipped, cancel_at_step=4)

    with pytest.raises(Cancelled):
        enlarge_image(ctx, _noise(64, 64), tile_size=32, model=FAST)
    assert ctx.steps[-1][1] == 16 or ctx.steps[-1][1] > 4


def test_two_channels_and_numbers_that_are_none_are_no_images() -> None:
    for bad in (np.zeros((8, 8, 2), np.uint8), np.full((8, 8, 3), np.nan, np.float32)):
        with pytest.raises(MediaError):
            Image(bad)
