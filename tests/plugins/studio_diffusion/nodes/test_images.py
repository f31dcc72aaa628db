"""Images from words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.api import Cancelled, Image, Model, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes.images import text_to_image

pytestmark = pytest.mark.xdist_group("diffusers")
TOLERANCE = 1e-4  # float32 sums in another order; measured 2e-6


def distance(first: Image, second: Image) -> float:
    return float(np.abs(first.pixels - second.pixels).max())


def test_words_become_an_image_of_the_models_own_size(ctx: TestContext) -> None:
    drawn = text_to_image(ctx, "a red apple")

    assert (drawn.image.width, drawn.image.height, drawn.image.channels) == (32, 32, 3)
    assert drawn.image.pixels.dtype == np.float32
    assert drawn.images == [drawn.image]


def test_a_seed_decides_the_image(ctx: TestContext) -> None:
    first, again, other = (text_to_image(ctx, "a red apple", seed=seed).image for seed in (5, 5, 6))

    assert first == again
    assert distance(first, other) > 0.05


def test_image_number_i_is_the_one_of_seed_plus_i(ctx: TestContext) -> None:
    many = text_to_image(ctx, "a red apple", seed=5, count=3)
    alone = text_to_image(ctx, "a red apple", seed=7)

    assert distance(many.images[2], alone.image) < TOLERANCE


def test_each_step_is_reported_and_can_be_the_last(ctx: TestContext) -> None:
    text_to_image(ctx, "a heart", steps=4)
    assert ctx.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]

    ctx.cancel_at_step = len(ctx.steps) + 2
    with pytest.raises(Cancelled):
        text_to_image(ctx, "a heart", steps=4)
    assert ctx.steps[4:] == [(1, 4), (2, 4)]


def test_a_size_that_the_model_cannot_take_is_rounded_with_a_warning(ctx: TestContext) -> None:
    drawn = text_to_image(ctx, "a heart", width=37, height=30)

    assert (drawn.image.width, drawn.image.height) == (40, 32)
    assert any("37 x 30 was rounded to 40 x 32" in line for line in ctx.messages)


def test_a_size_beyond_the_models_positions_is_an_error(ctx: TestContext) -> None:
    with pytest.raises(StudioError) as caught:
        text_to_image(ctx, "a heart", width=4096)

    assert caught.value.code == "E621"
    assert "at most 128 x 128" in caught.value.message


def test_a_prompt_without_a_known_word_is_told_and_words_are_suggested(ctx: TestContext) -> None:
    text_to_image(ctx, "a big aple")

    assert len(ctx.messages) == 1
    assert "knows no thing in 'a big aple'" in ctx.messages[0]
    assert "did you mean 'apple'" in ctx.messages[0]


@pytest.mark.parametrize("prompt", ["", "Apples", "cherries on a RED leaf", "a small image"])
def test_prompts_with_a_known_word_or_none_at_all_are_not_remarked_on(ctx: TestContext, prompt: str) -> None:
    text_to_image(ctx, prompt, steps=1)

    assert ctx.messages == []


def test_a_negative_prompt_changes_the_image(ctx: TestContext) -> None:
    plain = text_to_image(ctx, "apple", guidance_scale=4.0)
    changed = text_to_image(ctx, "apple", negative_prompt="house", guidance_scale=4.0)

    assert distance(plain.image, changed.image) > 1e-3


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux", "sana", "pixart_sigma", "lumina2", "qwenimage"])
def test_every_kind_of_architecture_draws(name: str, ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny(name)}")

    first, again = (text_to_image(ctx, "a red apple", width=32, height=64, steps=2, model=model) for _ in "ab")

    assert (first.image.width, first.image.height) == (32, 64)
    assert first.image == again.image


def test_steps_are_counted_for_schedulers_that_are_called_by_name(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    text_to_image(ctx, "apple", width=128, height=128, steps=2, model=Model(f"file:{tiny('wuerstchen')}"))

    assert ctx.steps


def test_a_controlnet_is_no_model_and_a_model_no_lora(ctx: TestContext) -> None:
    for options in ({"model": Model("builtin:mini-sketch")}, {"loras": [Model("builtin:mini")]}):
        with pytest.raises(StudioError) as caught:
            text_to_image(ctx, "apple", **options)
        assert caught.value.code == "E625"
