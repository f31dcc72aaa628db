"""Prompts: cut with a warning, or encoded in chunks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.api import Image, Model
from studio.testing import TestContext
from studio_diffusion.nodes.images import text_to_image

pytestmark = pytest.mark.xdist_group("diffusers")


def distance(first: Image, second: Image) -> float:
    return float(np.abs(first.pixels - second.pixels).max())


def test_a_prompt_over_the_window_says_how_much_was_cut(ctx: TestContext) -> None:
    text_to_image(ctx, "apple " + "abcdefghij " * 8 + "zebra", steps=1)

    assert any("was cut at" in line and "zebra" in line for line in ctx.messages)


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
