"""Starting noise that a seed alone decides."""

from __future__ import annotations

import pytest

from studio.api import Model
from studio.testing import TestContext

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_seed_gives_the_same_noise_in_every_dtype(
    ctx: TestContext, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    import torch

    from studio_diffusion.noise import draw_on_cpu

    with ctx.open(Model("builtin:mini")) as opened:
        pipeline = opened.pipeline
        module = __import__(type(pipeline).__module__, fromlist=["randn_tensor"])
        generator, other = (torch.Generator().manual_seed(3) for _ in "ab")
        with draw_on_cpu(pipeline, [generator], torch.device("cpu")):
            drawn = module.randn_tensor((1, 8, 4, 4), generator=generator, dtype=getattr(torch, dtype))

    expected = torch.randn((1, 8, 4, 4), generator=other)
    assert torch.equal(drawn, expected.to(getattr(torch, dtype)))


def test_outside_of_a_drawing_diffusers_draws_as_ever(ctx: TestContext) -> None:
    import torch
    from diffusers.utils.torch_utils import randn_tensor

    from studio_diffusion.noise import draw_on_cpu

    with ctx.open(Model("builtin:mini")) as opened:
        module = __import__(type(opened.pipeline).__module__, fromlist=["randn_tensor"])
        with draw_on_cpu(opened.pipeline, [torch.Generator().manual_seed(1)], opened.device):
            pass

    mine, its = (torch.Generator().manual_seed(3) for _ in "ab")
    assert torch.equal(module.randn_tensor((2, 3), generator=mine), randn_tensor((2, 3), generator=its))
