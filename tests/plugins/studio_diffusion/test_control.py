"""Drawing with a ControlNet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.api import Image, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes.images import sketch_to_image

pytestmark = pytest.mark.xdist_group("diffusers")


def drawing(side: int = 64) -> Image:
    """A dark ring on white paper."""
    y, x = np.mgrid[:side, :side] - side / 2
    ring = np.abs(np.hypot(x, y) - side / 3) < side / 24
    return Image(np.where(ring, 0.1, 1.0).astype(np.float32)[:, :, None])


def distance(first: Image, second: Image) -> float:
    return float(np.abs(first.pixels - second.pixels).max())


def test_a_sketch_is_followed(ctx: TestContext) -> None:
    drawn = sketch_to_image(ctx, drawing(), "apple", count=2)
    other = sketch_to_image(
        ctx, Image(1 - drawing().pixels[:, ::-1] * 0.5), "apple", control_scale=2.0, kind="as_it_is"
    )

    assert (drawn.image.width, drawn.image.height) == (32, 32)
    assert (drawn.control.width, drawn.control.height) == (32, 32)
    assert len(drawn.images) == 2
    assert distance(drawn.image, other.image) > 1e-4
    assert drawn.image == sketch_to_image(ctx, drawing(), "apple", count=2).image


def test_a_sketch_keeps_its_shape(ctx: TestContext) -> None:
    wide = Image(np.ones((40, 160, 3), np.float32))

    drawn = sketch_to_image(ctx, wide, "apple", steps=1)

    assert (drawn.image.width, drawn.image.height) == (64, 16)


def test_a_controlnet_for_another_model_is_found_before_sampling(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    with pytest.raises(ModelError) as caught:
        sketch_to_image(ctx, drawing(), "apple", model=Model(f"file:{tiny('sd15')}"))

    assert caught.value.code == "E617"
    assert ctx.steps == []


def test_a_span_of_no_steps_is_an_error(ctx: TestContext) -> None:
    with pytest.raises(StudioError) as caught:
        sketch_to_image(ctx, drawing(), "apple", control_start=0.5, control_end=0.5)

    assert caught.value.code == "E626"
