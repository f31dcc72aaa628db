"""Drawing: stacks, negative prompts, NaN."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, StudioError, get_node_type
from studio.testing import TestContext
from studio_diffusion.generate import limit_strength, make_request
from studio_diffusion.nodes.images import text_to_image

pytestmark = pytest.mark.xdist_group("diffusers")
TOLERANCE = 1e-4  # float32 sums in another order; measured 2e-6


def distance(first: Image, second: Image) -> float:
    return float(np.abs(first.pixels - second.pixels).max())


def test_a_stack_of_prompts_gives_what_each_gives_alone(ctx: TestContext) -> None:
    declared = get_node_type(text_to_image)
    assert declared.batch is not None
    defaults = {end.name: end.default for end in declared.inputs.values() if not end.required}
    calls = [defaults | {"prompt": prompt, "seed": seed} for prompt, seed in (("a heart", 1), ("the sun", 9))]

    stacked = declared.batch.function(ctx, calls)

    for call, drawn in zip(calls, stacked, strict=True):
        assert distance(text_to_image(ctx, call["prompt"], seed=call["seed"]).image, drawn.image) < TOLERANCE


def test_more_images_than_fit_a_stack_are_one_count_of_steps(ctx: TestContext) -> None:
    drawn = text_to_image(ctx, "a heart", steps=2, count=9, guidance_scale=1.0)

    assert len(drawn.images) == 9
    assert ctx.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_negative_prompt_without_guidance_is_told_to_be_of_no_effect(ctx: TestContext) -> None:
    text_to_image(ctx, "apple", negative_prompt="leaf", guidance_scale=1.0, steps=1)

    assert any("needs more than 1" in line for line in ctx.messages)


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


def test_a_model_that_chooses_its_size_itself_is_told_of(ctx: TestContext, tiny: Callable[..., Path]) -> None:
    model = Model(f"file:{tiny('hidream')}")

    drawn = text_to_image(ctx, "a red apple", width=64, height=64, steps=1, model=model)

    assert any(f"chose the size {drawn.image.width} x {drawn.image.height}" in line for line in ctx.messages)


def test_a_distilled_model_says_that_a_negative_prompt_has_no_effect(
    ctx: TestContext, tiny: Callable[..., Path]
) -> None:
    model = Model(f"file:{tiny('flux')}")

    text_to_image(ctx, "apple", negative_prompt="leaf", width=32, height=32, steps=1, model=model)

    assert any("no effect" in line for line in ctx.messages)


@pytest.mark.parametrize("steps", [*range(1, 121), 500, 1000])
def test_the_least_strength_leaves_one_step_however_a_pipeline_rounds(steps: int) -> None:
    # 1 / 49 * 49 and 1 / 98 * 98 are just below 1 in floating point, which pipelines round down to no step
    least = limit_strength(0.0, steps)

    assert int(steps * least) == 1
    assert least == pytest.approx(1 / steps, rel=1e-15)


def test_a_strength_that_takes_more_than_one_step_stays() -> None:
    assert limit_strength(0.5, 10) == 0.5
    assert limit_strength(2.0, 10) == 1.0


def test_a_request_fills_in_what_the_model_prefers() -> None:
    model: Any = SimpleNamespace(defaults={"steps": 12, "guidance_scale": 3.5, "sampler": "ddim"})

    plain = make_request(model, prompts=["a", "b"], seeds=[1, 2], size=(8, 16))
    given = make_request(model, prompts=["a"], seeds=[1], size=(8, 16), steps=4, guidance_scale=0.0, sampler="euler")

    assert (plain.steps, plain.guidance_scale, plain.sampler) == (12, 3.5, "ddim")
    assert (given.steps, given.guidance_scale, given.sampler) == (4, 0.0, "euler")
    assert plain.take(slice(1, 2)).prompts == ("b",)
    assert plain.take(slice(1, 2)).seeds == (2,)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64", "bool"])
def test_tensors_that_are_kept_lose_nothing(dtype: str) -> None:
    import torch

    from studio_diffusion.conditioning import pack_tensors, unpack_tensors

    tensor = torch.linspace(-3, 3, 14).reshape(2, 7).to(getattr(torch, dtype))

    found = unpack_tensors(pack_tensors({"prompt_embeds": tensor}), "cpu")["prompt_embeds"]

    assert found.dtype == tensor.dtype
    assert torch.equal(found, tensor)
