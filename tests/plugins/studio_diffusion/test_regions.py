"""Prompts for a part of the image or of the steps: what is kept, what is refused, what changes."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Conditioning, Mask, StudioError
from studio.testing import TestContext
from studio_diffusion.nodes import conditionings, parts
from studio_diffusion.regions import split

pytestmark = pytest.mark.xdist_group("diffusers")


def make_conditioning(value: float, space: str = "s") -> Conditioning:
    return Conditioning({"prompt_embeds": np.full((1, 2, 3), value, np.float32)}, space, {"prompt": f"{value}"})


def test_each_prompt_of_a_combination_keeps_its_place(ctx: TestContext) -> None:
    first = conditionings.set_conditioning_area(ctx, make_conditioning(1), x=8, width=16, strength=2.0)
    second = conditionings.set_conditioning_mask(ctx, make_conditioning(2), Mask(np.ones((2, 2), np.float32)))

    both = conditionings.combine_conditioning(ctx, [first, second])
    late = conditionings.set_conditioning_range(ctx, both, start=0.5)

    assert late.info["prompt"] == "1"
    assert late.info["parts"] == [
        {"area": [8, 0, 16, None], "strength": 2.0, "start": 0.5, "end": 1.0},
        {"mask_strength": 1.0, "start": 0.5, "end": 1.0},
    ]
    assert sorted(late.tensors) == ["mask/1", "prompt_embeds", "prompt_embeds/1"]
    assert late.tensors["prompt_embeds/1"].max() == 2


def test_conditionings_of_two_models_are_not_combined(ctx: TestContext) -> None:
    with pytest.raises(StudioError, match="conditioning is of s, another of t") as caught:
        conditionings.combine_conditioning(ctx, [make_conditioning(1), make_conditioning(2, "t")])

    assert caught.value.code == "E624"


def test_a_prompt_in_an_area_changes_that_area(ctx: TestContext) -> None:
    words, other = parts.encode_prompt(ctx, "a red apple"), parts.encode_prompt(ctx, "a blue fish")
    area = conditionings.set_conditioning_area(ctx, other, x=16, strength=5.0)
    both = conditionings.combine_conditioning(ctx, [words, area])
    empty = parts.make_empty_latent(ctx)

    plain, mixed = (parts.sample_latent(ctx, empty, prompt, steps=1).samples for prompt in (words, both))

    changed = np.abs(plain - mixed).max(axis=(0, 1))
    assert changed[: len(changed) // 2].max() < 1e-4  # one step sees no other area
    assert changed[len(changed) // 2 :].min() > 1e-3


def test_a_part_of_the_image_without_a_prompt_is_an_error(ctx: TestContext) -> None:
    area = conditionings.set_conditioning_area(ctx, parts.encode_prompt(ctx, "a red apple"), x=16)

    with pytest.raises(StudioError, match="no prompt counts") as caught:
        parts.sample_latent(ctx, parts.make_empty_latent(ctx), area, steps=1)

    assert caught.value.code == "E626"
    assert "combine_conditioning" in caught.value.hint


def test_an_area_by_default_is_the_whole_image_again(ctx: TestContext) -> None:
    plain = make_conditioning(0.0)
    bounded = conditionings.set_conditioning_area(ctx, plain, x=8, width=16, strength=2.0)

    whole = conditionings.set_conditioning_area(ctx, bounded)
    untouched = conditionings.set_conditioning_area(ctx, plain)

    assert [part.is_plain for part in (*split(whole), *split(untouched))] == [True, True]
    assert not split(bounded)[0].is_plain
    assert split(conditionings.set_conditioning_area(ctx, bounded, strength=0.5))[0].about == {"strength": 0.5}
