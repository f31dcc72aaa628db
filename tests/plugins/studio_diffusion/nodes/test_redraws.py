"""Images drawn over, painted into and extended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.api import Image, Mask, Model, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes.inpaints import inpaint, outpaint
from studio_diffusion.nodes.redraws import draw_variations, image_to_image

pytestmark = pytest.mark.xdist_group("diffusers")


def ramp(width: int = 32, height: int = 32, channels: int = 3) -> Image:
    """An image that is another one at every pixel."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    planes = [x / width, y / height, (x + y) / (width + height), 0.5 + 0 * x]
    return Image(np.stack(planes[:channels], axis=2))


def left_half(width: int = 32, height: int = 32) -> Mask:
    samples = np.zeros((height, width), np.float32)
    samples[:, : width // 2] = 1
    return Mask(samples)


def distance(first: Image, second: Image) -> float:
    return float(np.abs(first.pixels - second.pixels).mean())


def test_strength_says_how_far_the_result_is_from_the_encoded_image(ctx: TestContext) -> None:
    from studio_diffusion.nodes.parts import decode_latent, encode_image

    image = ramp()
    coded = decode_latent(ctx, encode_image(ctx, image))

    far = [
        distance(image_to_image(ctx, image, "apple", strength=each, steps=10).image, coded) for each in (0.1, 0.5, 1.0)
    ]

    assert far == sorted(far)
    assert far[0] < far[2]


def test_strength_0_leaves_the_image(ctx: TestContext) -> None:
    assert image_to_image(ctx, ramp(), "apple", strength=0.0).image == ramp()
    assert inpaint(ctx, ramp(), left_half(), "apple", strength=0.0).image == ramp()
    assert ctx.steps == []


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_and_transparent_images_are_taken(ctx: TestContext, channels: int) -> None:
    image = ramp(channels=channels)

    assert image_to_image(ctx, image, "apple", steps=2).image.channels == 3
    assert inpaint(ctx, image, left_half(), "apple", steps=2).image.channels == 3


def test_alpha_is_laid_over_white(ctx: TestContext) -> None:
    clear = Image(np.zeros((32, 32, 4), np.float32))

    kept = inpaint(ctx, clear, left_half(), "apple", steps=2).image

    assert (kept.pixels[:, 16:] == 1).all()


def test_what_a_mask_does_not_choose_stays_exactly(ctx: TestContext) -> None:
    image = ramp(50, 40)

    for feather in (0.0, 6.0):
        drawn = inpaint(ctx, image, left_half(50, 40), "apple", steps=2, mask_blur=feather).image
        assert (drawn.width, drawn.height) == (50, 40)
        np.testing.assert_array_equal(drawn.pixels[:, 25:], image.pixels[:, 25:])
        assert np.abs(drawn.pixels[:, :25] - image.pixels[:, :25]).mean() > 0.02


def test_a_mask_of_another_size_is_an_error(ctx: TestContext) -> None:
    with pytest.raises(StudioError) as caught:
        inpaint(ctx, ramp(), left_half(16, 16), "apple")

    assert caught.value.code == "E620"
    assert "16 x 16" in caught.value.message


def test_an_image_grows_on_the_sides_asked_for_and_stays_behind_the_seam(ctx: TestContext) -> None:
    image = ramp()

    drawn = outpaint(ctx, image, "apple", left=10, bottom=6, seam=4, steps=2).image

    assert (drawn.width, drawn.height) == (42, 38)
    np.testing.assert_array_equal(drawn.pixels[: 32 - 4, 10 + 4 :], image.pixels[: 32 - 4, 4:])


def test_an_image_that_is_not_extended_stays(ctx: TestContext) -> None:
    assert outpaint(ctx, ramp(), "apple").image == ramp()


@pytest.mark.parametrize("side", [1, 5, 32])
def test_small_images_can_be_extended(ctx: TestContext, side: int) -> None:
    drawn = outpaint(ctx, ramp(side, side), "apple", left=20, top=20, steps=1).image

    assert (drawn.width, drawn.height) == (side + 20, side + 20)


def test_variations_differ_and_more_so_with_more_noise(ctx: TestContext) -> None:
    near, far = (draw_variations(ctx, ramp(), strength=amount, count=2, steps=10) for amount in (0.1, 0.9))

    assert len(near.images) == 2
    assert 0 < distance(*near.images) < distance(*far.images)


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux"])
def test_other_architectures_draw_over_images(name: str, ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny(name)}")

    over = image_to_image(ctx, ramp(), "apple", steps=2, width=32, model=model)
    part = inpaint(ctx, ramp(), left_half(), "apple", steps=2, model=model)

    assert (over.image.width, over.image.height) == (32, 32)
    np.testing.assert_array_equal(part.image.pixels[:, 16:], ramp().pixels[:, 16:])


def test_a_family_that_draws_no_images_over_says_so(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    with pytest.raises(StudioError) as caught:
        image_to_image(ctx, ramp(), "apple", width=32, model=Model(f"file:{tiny('sana')}"))

    assert caught.value.code == "E616"
