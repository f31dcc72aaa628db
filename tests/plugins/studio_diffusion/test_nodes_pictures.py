"""Images from words and sketches: seeds, stacks, sizes, prompts, what is said of bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.api import Cancelled, Image, Model, ModelError, StudioError, get_node_type
from studio.testing import TestContext
from studio_diffusion.nodes.images import sketch_to_image, text_to_image

pytestmark = pytest.mark.xdist_group("diffusers")

TOLERANCE = 1e-4  # float32 sums in another order; measured 2e-6


def drawing(side: int = 64) -> Image:
    """A dark ring on white paper."""
    y, x = np.mgrid[:side, :side] - side / 2
    ring = np.abs(np.hypot(x, y) - side / 3) < side / 24
    return Image(np.where(ring, 0.1, 1.0).astype(np.float32)[:, :, None])


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


def test_a_stack_of_prompts_gives_what_each_gives_alone(ctx: TestContext) -> None:
    declared = get_node_type(text_to_image)
    assert declared.batch is not None
    defaults = {end.name: end.default for end in declared.inputs.values() if not end.required}
    calls = [defaults | {"prompt": prompt, "seed": seed} for prompt, seed in (("a heart", 1), ("the sun", 9))]

    stacked = declared.batch.function(ctx, calls)

    for call, drawn in zip(calls, stacked, strict=True):
        assert distance(text_to_image(ctx, call["prompt"], seed=call["seed"]).image, drawn.image) < TOLERANCE


def test_each_step_is_reported_and_can_be_the_last(ctx: TestContext) -> None:
    text_to_image(ctx, "a heart", steps=4)
    assert ctx.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]

    ctx.cancel_at_step = len(ctx.steps) + 2
    with pytest.raises(Cancelled):
        text_to_image(ctx, "a heart", steps=4)
    assert ctx.steps[4:] == [(1, 4), (2, 4)]


def test_more_images_than_fit_a_stack_are_one_count_of_steps(ctx: TestContext) -> None:
    drawn = text_to_image(ctx, "a heart", steps=2, count=9, guidance_scale=1.0)

    assert len(drawn.images) == 9
    assert ctx.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


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
    assert "knows no word of 'a big aple'" in ctx.messages[0]
    assert "did you mean 'apple'" in ctx.messages[0]


@pytest.mark.parametrize("prompt", ["", "Apples", "two cherries on a RED leaf", "a small image"])
def test_prompts_with_a_known_word_or_none_at_all_are_not_remarked_on(ctx: TestContext, prompt: str) -> None:
    text_to_image(ctx, prompt, steps=1)

    assert ctx.messages == []


def test_a_prompt_over_the_window_says_how_much_was_cut(ctx: TestContext) -> None:
    text_to_image(ctx, "apple " + "abcdefghij " * 8 + "zebra", steps=1)

    assert any("was cut at" in line and "zebra" in line for line in ctx.messages)


def test_a_negative_prompt_without_guidance_is_told_to_be_of_no_effect(ctx: TestContext) -> None:
    text_to_image(ctx, "apple", negative_prompt="leaf", guidance_scale=1.0, steps=1)

    assert any("needs more than 1" in line for line in ctx.messages)


def test_a_negative_prompt_changes_the_image(ctx: TestContext) -> None:
    plain = text_to_image(ctx, "apple", guidance_scale=4.0)
    changed = text_to_image(ctx, "apple", negative_prompt="house", guidance_scale=4.0)

    assert distance(plain.image, changed.image) > 1e-3


def test_long_prompts_work_by_chunks_where_the_architecture_allows(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    beginning = "a red apple, " + "abcdefghij " * 12

    for name in ("sd15", "sdxl"):
        model = Model(f"file:{tiny(name)}")
        first, other = (
            text_to_image(ctx, beginning + end, negative_prompt="leaf", steps=2, width=32, height=32, model=model).image
            for end in ("sun", "house")
        )
        assert distance(first, other) > 1e-4
    assert not any("was cut" in line for line in ctx.messages)


def test_a_long_prompt_split_into_chunks_loses_no_token(tiny: Callable[..., Path], ctx: TestContext) -> None:
    from studio_diffusion.prompts import split_chunks

    with ctx.open(Model(f"file:{tiny('sd15')}")) as opened:
        tokenizer = opened.pipeline.tokenizer
        text = "a heart, " * 60
        chunks = split_chunks(tokenizer, text)

        assert [token for chunk in chunks for token in chunk] == tokenizer(
            text, add_special_tokens=False, verbose=False
        ).input_ids
        assert all(len(chunk) <= tokenizer.model_max_length - 2 for chunk in chunks)
        comma = tokenizer(",", add_special_tokens=False).input_ids[0]
        assert all(chunk[-1] == comma for chunk in chunks[:-1])


def test_nan_is_an_error_that_names_the_likely_cause(ctx: TestContext) -> None:
    import torch

    with ctx.open(Model("builtin:mini")) as opened:
        weight = opened.pipeline.vae.decoder.conv_out.bias
        before = weight.detach().clone()
        try:
            with torch.no_grad():
                weight.fill_(float("nan"))
            with pytest.raises(StudioError) as caught:
                text_to_image(ctx, "apple", steps=1)
            with torch.no_grad():
                weight.fill_(-1e3)
            with pytest.raises(StudioError) as black:
                text_to_image(ctx, "apple", steps=1)
        finally:
            with torch.no_grad():
                weight.copy_(before)

    assert (caught.value.code, black.value.code) == ("E622", "E622")
    assert "float16" in caught.value.hint
    assert "black all over" in black.value.message


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux", "sana", "pixart_sigma", "lumina2", "qwenimage"])
def test_every_kind_of_architecture_draws(name: str, ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny(name)}")

    first, again = (text_to_image(ctx, "a red apple", width=32, height=64, steps=2, model=model) for _ in "ab")

    assert (first.image.width, first.image.height) == (32, 64)
    assert first.image == again.image


def test_a_model_that_chooses_its_size_itself_is_told_of(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny('hidream')}")

    drawn = text_to_image(ctx, "a red apple", width=64, height=64, steps=1, model=model)

    assert any(f"chose the size {drawn.image.width} x {drawn.image.height}" in line for line in ctx.messages)


def test_steps_are_counted_for_schedulers_that_are_called_by_name(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    text_to_image(ctx, "apple", width=128, height=128, steps=2, model=Model(f"file:{tiny('wuerstchen')}"))

    assert ctx.steps


def test_a_distilled_model_says_that_a_negative_prompt_has_no_effect(
    ctx: TestContext, tiny: Callable[..., Path]
) -> None:
    model = Model(f"file:{tiny('flux')}")

    text_to_image(ctx, "apple", negative_prompt="leaf", width=32, height=32, steps=1, model=model)

    assert any("no effect" in line for line in ctx.messages)


def test_a_controlnet_is_no_model_and_a_model_no_lora(ctx: TestContext) -> None:
    for options in ({"model": Model("builtin:mini-sketch")}, {"loras": [Model("builtin:mini")]}):
        with pytest.raises(StudioError) as caught:
            text_to_image(ctx, "apple", **options)
        assert caught.value.code == "E625"


def test_a_sketch_is_followed(ctx: TestContext) -> None:
    drawn = sketch_to_image(ctx, drawing(), "apple", count=2)
    other = sketch_to_image(ctx, Image(1 - drawing().pixels[:, ::-1] * 0.5), "apple", strength=2.0, kind="as_it_is")

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
        sketch_to_image(ctx, drawing(), "apple", start=0.5, end=0.5)

    assert caught.value.code == "E626"
