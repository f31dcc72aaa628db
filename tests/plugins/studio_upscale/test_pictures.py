"""Images enlarged and restored with the networks that ship."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Cancelled, Image, MediaError, Model, ModelError
from studio.testing import TestContext
from studio_upscale.enlarge import plan_passes
from studio_upscale.nodes.images import denoise_image, enlarge_image, restore_image
from studio_upscale.upscaler import Upscaler

FAST = Model("builtin:compact-fast")


def _noise(height: int, width: int, channels: int = 3, dtype: Any = np.uint8) -> Image:
    rng = np.random.default_rng(0)
    return Image(rng.integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype))


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


def test_a_strip_of_30000_pixels_is_enlarged_or_refused(ctx: TestContext) -> None:
    strip = Image(np.tile(np.arange(30_000, dtype=np.uint16)[None, :, None] // 118, (2, 1, 1)).astype(np.uint8))

    assert enlarge_image(ctx, strip, scale=2, model=FAST).stored.shape == (4, 60_000, 1)
    with pytest.raises(MediaError) as caught:
        enlarge_image(ctx, strip, scale=4, model=FAST)
    assert caught.value.code == "E506"


def test_tiles_equal_the_whole(ctx: TestContext) -> None:
    image = Image(np.random.default_rng(3).random((90, 120, 3), np.float32))

    whole = enlarge_image(ctx, image, scale=2, tile=256).pixels
    tiled = enlarge_image(ctx, image, scale=2, tile=48, overlap=24).pixels

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


def test_alpha_is_left_alone_by_restoring(ctx: TestContext) -> None:
    image = _noise(20, 20, 4)

    assert np.array_equal(restore_image(ctx, image).stored[..., 3], image.stored[..., 3])


@pytest.mark.parametrize("function", [denoise_image, restore_image])
def test_no_strength_changes_nothing(ctx: TestContext, function: Any) -> None:
    image = _noise(20, 20)

    assert function(ctx, image, strength=0.0) == image


def test_half_the_strength_is_half_way(ctx: TestContext) -> None:
    image = Image(np.random.default_rng(0).uniform(0.3, 0.7, (24, 24, 3)).astype(np.float32))

    half, whole = (restore_image(ctx, image, strength=s).pixels for s in (0.5, 1.0))

    assert np.abs(half - (image.pixels + whole) / 2).max() < 1e-5


def test_progress_is_told_and_a_run_can_be_cancelled(shipped: dict[str, Any]) -> None:
    ctx = TestContext(models=shipped, cancel_at_step=4)

    with pytest.raises(Cancelled):
        enlarge_image(ctx, _noise(64, 64), tile=32, model=FAST)
    assert ctx.steps[-1][1] == 16 or ctx.steps[-1][1] > 4


def test_models_that_do_something_else_are_refused(ctx: TestContext) -> None:
    ctx.models = {**ctx.models, "builtin:other": object()}

    with pytest.raises(ModelError) as enlarges:
        restore_image(ctx, _noise(8, 8), model=Model("builtin:compact"))
    with pytest.raises(ModelError) as restores:
        enlarge_image(ctx, _noise(8, 8), model=Model("builtin:compact-restore"))
    with pytest.raises(ModelError) as neither:
        enlarge_image(ctx, _noise(8, 8), model=Model("builtin:other"))

    assert [caught.value.code for caught in (enlarges, restores, neither)] == ["E692"] * 3
    assert "builtin:compact" in str(neither.value.hint)


class _Broken(Upscaler):
    scales, reach, name = (2,), 0, "the broken network"

    def __init__(self, made: Any) -> None:
        self.made = made

    def _run(self, images: Any, scale: int, seen: Any) -> Any:
        return self.made


@pytest.mark.parametrize("made", [np.full((1, 16, 16, 3), np.nan, np.float32), np.zeros((1, 8, 8, 3), np.float32)])
def test_networks_that_give_nan_or_another_size_are_refused(made: Any) -> None:
    ctx = TestContext(models={"builtin:compact": _Broken(made)})

    with pytest.raises(ModelError) as caught:
        enlarge_image(ctx, _noise(8, 8))

    assert caught.value.code == "E693"


def test_two_channels_and_numbers_that_are_none_are_no_images() -> None:
    for bad in (np.zeros((8, 8, 2), np.uint8), np.full((8, 8, 3), np.nan, np.float32)):
        with pytest.raises(MediaError):
            Image(bad)
