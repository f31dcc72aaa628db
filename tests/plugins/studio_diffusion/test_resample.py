"""Latents as values: blended, enlarged, drawn over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, Latent, Mask, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes import parts

pytestmark = pytest.mark.xdist_group("diffusers")


def ramp() -> Image:
    y, x = np.mgrid[:32, :32].astype(np.float32) / 32
    return Image(np.stack([x, y, (x + y) / 2], axis=2))


def make_latent(value: float, space: str = "s", side: int = 4) -> Latent:
    return Latent(np.full((8, side, side), value, np.float32), space, side * 4, side * 4)


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_a_blend_goes_from_the_first_to_the_second(ctx: TestContext, method: Any) -> None:
    rng = np.random.default_rng(0)
    first, second = (Latent(rng.normal(size=(8, 4, 4)), "s", 16, 16) for _ in "ab")

    ends = [parts.blend_latents(ctx, first, second, opacity=amount, method=method) for amount in (0.0, 0.5, 1.0)]

    np.testing.assert_allclose(ends[0].samples, first.samples, atol=1e-5)
    np.testing.assert_allclose(ends[2].samples, second.samples, atol=1e-5)
    if method == "spherical":
        assert ends[1].samples.std() == pytest.approx(first.samples.std(), rel=0.1)


def test_a_mask_says_where_the_second_comes_in(ctx: TestContext) -> None:
    mask = np.zeros((16, 16), np.float32)
    mask[:, 8:] = 1

    mixed = parts.blend_latents(ctx, make_latent(0.0), make_latent(1.0), opacity=1.0, mask=Mask(mask)).samples

    assert mixed[:, :, 0].max() < 0.1
    assert mixed[:, :, -1].min() > 0.9


def test_a_latent_of_a_size_that_the_model_cannot_draw_is_an_error(ctx: TestContext) -> None:
    words = parts.encode_prompt(ctx, "apple")
    latent = parts.upscale_latent(ctx, parts.encode_image(ctx, ramp()), scale=0.6, multiple_of=1)

    with pytest.raises(StudioError) as caught:
        parts.sample_latent(ctx, latent, words, strength=0.5, steps=2)

    assert caught.value.code == "E627"
    assert "multiple_of" in caught.value.hint


def test_latents_of_two_sizes_are_not_blended(ctx: TestContext) -> None:
    with pytest.raises(StudioError) as caught:
        parts.blend_latents(ctx, make_latent(1.0), make_latent(1.0, side=6))

    assert caught.value.code == "E627"


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
def test_an_enlarged_latent_says_the_size_of_its_image(ctx: TestContext, method: Any) -> None:
    large = parts.upscale_latent(ctx, make_latent(0.5), scale=1.5, method=method)

    assert large.samples.shape == (8, 6, 6)
    assert (large.width, large.height) == (24, 24)
    np.testing.assert_allclose(large.samples, 0.5, atol=1e-5)


def test_a_latent_on_another_fades_in_from_its_edges_inside_the_base(ctx: TestContext) -> None:
    base, top = (Latent(np.full((4, 8, 10), value, np.float32), "s", 80, 64) for value in (0.0, 1.0))

    made = parts.composite_latents(ctx, base, top, x=16, y=0, feather=16).samples

    ramp = [0, 0, 0.5, 1, 1, 1, 1, 1, 1, 1]  # two samples wide, none at the edges that leave the base
    np.testing.assert_allclose(made, np.broadcast_to(np.array(ramp, np.float32), (4, 8, 10)))


def test_a_latent_inside_another_has_four_soft_edges(ctx: TestContext) -> None:
    base = Latent(np.zeros((4, 8, 8), np.float32), "s", 64, 64)
    top = Latent(np.ones((4, 4, 4), np.float32), "s", 32, 32)

    made = parts.composite_latents(ctx, base, top, x=20, y=17, feather=16).samples[0]

    ramp = np.array([0.5, 1, 1, 0.5], np.float32)
    np.testing.assert_allclose(made[2:6, 2:6], np.outer(ramp, ramp))  # 20 and 17 pixels are two samples
    assert made.sum() == pytest.approx(9)


def test_a_latent_of_other_channels_is_told_from_one_outside(ctx: TestContext) -> None:
    base, top = (Latent(np.ones((channels, 4, 4), np.float32), "s", 32, 32) for channels in (4, 16))

    with pytest.raises(StudioError, match="has 16 channels, and the base 4") as caught:
        parts.composite_latents(ctx, base, top)

    assert caught.value.code == "E627"


def test_a_latent_outside_another_is_an_error(ctx: TestContext) -> None:
    with pytest.raises(StudioError, match="outside") as caught:
        parts.composite_latents(ctx, make_latent(0.0), make_latent(1.0), x=16)

    assert caught.value.code == "E627"
