"""Denoisers stored in 8 and 4 bits: smaller, nearly the same images, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from studio.api.quiet import hush
from studio_diffusion.denoisers import find_denoisers
from studio_diffusion.quantization import find_quantization, has_nf4
from studio_diffusion.weight_sizes import measure_parts
from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")

STORED = ["fp8", "int8", *(["nf4"] if has_nf4() else [])]
"""What a denoiser may be stored in here; nf4 needs bitsandbytes, an extra."""


def draw(opened: Any) -> Any:
    """Draw an image in two steps."""
    import torch

    pipeline = opened.for_task("text_to_image")
    seed = torch.Generator().manual_seed(1)
    with hush("diffusers", "transformers"):
        return pipeline("a cat", height=32, width=32, num_inference_steps=2, generator=seed, output_type="np").images[0]


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("name", ["sd15", "flux"])
def test_a_quantized_denoiser_is_smaller_and_draws_nearly_the_same(
    opener: Any, tiny: Callable[..., Path], name: str, stored: str
) -> None:
    import numpy as np

    plain, small = (open_model(opener, tiny(name), **options) for options in ({}, {"quantization": stored}))

    assert small.measure() < plain.measure()
    difference = np.abs(draw(plain) - draw(small))
    assert 0 < difference.max() < 0.3


@pytest.mark.parametrize(("name", "stored"), [("sd15", "int8"), ("flux", "int8"), ("flux", "fp8")])
def test_a_plan_counts_what_an_opened_denoiser_takes(
    opener: Any, tiny: Callable[..., Path], name: str, stored: str
) -> None:
    from studio_diffusion.pipeline_model import measure_modules

    opened = open_model(opener, tiny(name), quantization=stored)

    taken = measure_modules(find_denoisers(opened.pipeline).values())
    part = next(part for part in measure_parts(tiny(name), {}) if part.is_denoiser)
    assert (
        0.7 * part.count_bytes(4, stored) < taken < 1.2 * part.count_bytes(4, stored)
    )  # tiny ones are mostly the rest


def test_int8_restores_a_weight_within_half_a_step() -> None:
    import torch

    from studio_diffusion.int8_layers import store_in_int8

    layer = torch.nn.Linear(40, 8)
    before = layer.weight.detach().clone()
    assert store_in_int8(layer)

    step = before.abs().amax(1, keepdim=True) / 127
    restored = layer(torch.eye(40)).T - layer.bias[:, None]
    assert layer.weight.dtype == torch.int8
    assert ((restored - before).abs() <= step * 0.5 + 1e-6).all()


def test_a_lora_goes_onto_an_int8_denoiser(opener: Any, tiny: Callable[..., Path]) -> None:
    import torch
    from peft import LoraConfig

    opened = open_model(opener, tiny("sd15"), quantization="int8")
    before = draw(opened)
    unet = opened.pipeline.unet
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"], init_lora_weights=False), "one")
    with torch.no_grad():
        after = draw(opened)

    assert abs(after - before).max() > 1e-4


def test_an_unknown_quantization_names_those_that_there_are() -> None:
    with pytest.raises(ModelError, match="unknown quantization 'fp3'") as caught:
        find_quantization({"quantization": "fp3"})

    assert "fp8" in caught.value.hint


def test_nf4_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_diffusion.quantization.has_nf4", lambda: False)

    with pytest.raises(ModelError, match="E615") as caught:
        find_quantization({"quantization": "nf4"})

    assert "bitsandbytes" in str(caught.value)
