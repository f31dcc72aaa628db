"""Drawing images over: how far, at which size, where."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, Mask
from studio.testing import TestContext
from studio_diffusion.nodes.inpaints import inpaint
from studio_diffusion.nodes.redraws import image_to_image

pytestmark = pytest.mark.xdist_group("diffusers")


def ramp(width: int = 32, height: int = 32, channels: int = 3) -> Image:
    """An image that is another one at every pixel."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    planes = [x / width, y / height, (x + y) / (width + height), 0.5 + 0 * x]
    return Image(np.stack(planes[:channels], axis=2))


def test_the_least_strength_takes_one_step(ctx: TestContext) -> None:
    image_to_image(ctx, ramp(), "apple", strength=0.01, steps=4)

    assert ctx.steps == [(1, 1)]


def test_an_image_of_another_size_is_brought_near_to_the_models(ctx: TestContext) -> None:
    drawn = image_to_image(ctx, ramp(400, 200), "apple", steps=2)

    assert (drawn.image.width, drawn.image.height) == (48, 24)
    assert any("400 x 200" in line for line in ctx.messages)


def test_one_side_follows_the_other(ctx: TestContext) -> None:
    drawn = image_to_image(ctx, ramp(40, 20), "apple", width=64, steps=2)

    assert (drawn.image.width, drawn.image.height) == (64, 32)


def test_an_empty_mask_draws_nothing_and_says_so(ctx: TestContext) -> None:
    drawn = inpaint(ctx, ramp(), Mask(np.zeros((32, 32), np.float32)), "apple", count=2)

    assert drawn.images == [ramp(), ramp()]
    assert any("chooses nothing" in line for line in ctx.messages)
