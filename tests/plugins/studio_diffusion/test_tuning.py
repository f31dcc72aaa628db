"""Attention as the load options name it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from studio.api.quiet import hush
from studio_diffusion.denoisers import find_denoisers
from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def test_an_unknown_attention_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, attention="telepathy")


def test_attention_whose_code_comes_from_the_hub_is_refused(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="fetches from the hub"):
        open_model(opener, sd15, attention="flash_hub")


@pytest.mark.parametrize("name", ["sd15", "flux"])
def test_fp8_halves_the_denoiser_and_draws_nearly_the_same(opener: Any, tiny: Callable[..., Path], name: str) -> None:
    import numpy as np
    import torch

    plain, stored = (open_model(opener, tiny(name), **options) for options in ({}, {"quantization": "fp8"}))

    def draw(opened: Any) -> Any:
        pipeline = opened.for_task("text_to_image")
        seed = torch.Generator().manual_seed(1)
        with hush("diffusers", "transformers"):
            return pipeline(
                "a cat", height=32, width=32, num_inference_steps=2, generator=seed, output_type="np"
            ).images[0]

    dtypes = {weight.dtype for denoiser in find_denoisers(stored.pipeline).values() for weight in denoiser.parameters()}
    assert torch.float8_e4m3fn in dtypes
    assert stored.measure() < plain.measure()
    first, second = draw(plain), draw(stored)
    assert 0 < np.abs(first - second).max() < 0.3


def test_an_unknown_quantization_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="unknown quantization"):
        open_model(opener, sd15, quantization="fp3")
