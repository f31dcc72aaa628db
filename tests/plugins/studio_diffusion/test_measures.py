"""Measures against a lack of memory, one after the other, and undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def test_memory_is_saved_rung_by_rung(opener: Any, sd15: Path) -> None:
    opened = open_model(opener, sd15)

    taken = [opener.save_memory(opened) for _ in range(5)]

    assert taken == ["attention slicing", "VAE slicing", "VAE tiling", None, None]


def test_an_autoencoder_works_in_tiles_only_while_the_model_that_is_short_of_memory_uses_it(
    opener: Any, sd15: Path
) -> None:
    opened = open_model(opener, sd15)
    for _ in range(3):
        opener.save_memory(opened)

    outside = opened.find_vae().use_tiling
    with opened.measures.applied():
        inside = opened.find_vae().use_tiling

    assert (outside, inside, opened.find_vae().use_tiling) == (False, True, False)


def test_measures_that_are_undone_can_be_taken_again(opener: Any, sd15: Path) -> None:
    opened = open_model(opener, sd15)
    taken = [opener.save_memory(opened) for _ in range(3)]

    opener.undo_measures(opened)

    assert [opener.save_memory(opened) for _ in range(3)] == taken


def test_a_transformer_has_no_attention_to_slice(opener: Any, tiny_models: dict[str, Path]) -> None:
    opened = open_model(opener, tiny_models["sd3"])

    assert opener.save_memory(opened) == "VAE slicing"


def test_a_model_that_saves_memory_still_draws(opener: Any, sd15: Path) -> None:
    import numpy as np
    import torch

    from studio.api.quiet import hush

    opened = open_model(opener, sd15)
    images = []
    for _ in range(4):
        opened.set_scheduler(opened.pipeline, opened.make_scheduler())
        arguments, _ = opened.arguments(
            "text_to_image", prompt="a cat", steps=2, width=64, height=64, output_type="np",
            generator=torch.Generator().manual_seed(0),
        )  # fmt: skip
        with hush("diffusers", "transformers"), opened.measures.applied():
            images.append(opened.pipeline(**arguments).images[0])
        opener.save_memory(opened)

    plain, attention_sliced, vae_sliced, tiled = images
    assert np.allclose(plain, attention_sliced, atol=1e-4)
    assert np.allclose(plain, vae_sliced, atol=1e-4)
    assert np.isfinite(tiled).all()
    assert tiled.shape == plain.shape
