"""Steps, previews, and what the clean latent will be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api import Model
from studio.testing import TestContext

pytestmark = pytest.mark.xdist_group("diffusers")


def test_a_run_under_a_second_shows_no_previews(ctx: TestContext) -> None:
    from studio_diffusion.nodes.images import text_to_image

    text_to_image(ctx, "apple", steps=4)

    assert ctx.previews == []


@pytest.mark.parametrize("name", ["mini", "sd15", "sdxl", "flux", "sana", "pixart_sigma"])
def test_a_longer_run_shows_at_most_four_small_images(
    ctx: TestContext, tiny: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from studio_diffusion import watch
    from studio_diffusion.nodes.images import text_to_image

    monkeypatch.setattr(watch, "_SHORTEST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_SHARE", 1.0)
    model = Model("builtin:mini") if name == "mini" else Model(f"file:{tiny(name)}")
    text_to_image(ctx, "apple", steps=10, width=64, height=32, model=model)

    assert 1 <= len(ctx.previews) <= 4
    assert all(preview.channels == 3 and preview.width == 2 * preview.height for preview in ctx.previews)


def test_previews_end_when_they_cost_too_much(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_diffusion import watch
    from studio_diffusion.nodes.images import text_to_image

    monkeypatch.setattr(watch, "_SHORTEST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_SHARE", 1e-9)
    text_to_image(ctx, "apple", steps=10)

    assert len(ctx.previews) <= 1


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [("ddim", "epsilon"), ("euler", "epsilon"), ("dpmpp_2m", "v_prediction"), ("euler", "v_prediction")],
)
def test_the_clean_latent_is_estimated_from_a_step(sampler: str, kind: str) -> None:
    import diffusers
    import torch

    from studio.api.quiet import hush
    from studio_diffusion.samplers import create_scheduler
    from studio_diffusion.watch import estimate_clean

    own = diffusers.DDIMScheduler(prediction_type=kind, timestep_spacing="leading")
    scheduler = create_scheduler(own, sampler)
    with hush("diffusers", "transformers"):
        scheduler.set_timesteps(10)
    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    moment = scheduler.timesteps[5]
    kept = float(scheduler.alphas_cumprod[int(moment)])
    mixed = kept**0.5 * clean + (1 - kept) ** 0.5 * noise
    output = noise if kind == "epsilon" else kept**0.5 * noise - (1 - kept) ** 0.5 * clean
    sample = mixed / kept**0.5 if scheduler.init_noise_sigma > 1.5 else mixed

    assert torch.allclose(estimate_clean(scheduler, output, moment, sample), clean, atol=1e-3)


def test_the_clean_latent_of_a_flow_model_is_estimated() -> None:
    import diffusers
    import torch

    from studio_diffusion.watch import estimate_clean

    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(10)
    clean, noise = torch.randn(2, 1, 4, 8, 8)
    sigma = scheduler.sigmas[4]

    found = estimate_clean(scheduler, noise - clean, scheduler.timesteps[4], (1 - sigma) * clean + sigma * noise)

    assert torch.allclose(found, clean, atol=1e-5)
