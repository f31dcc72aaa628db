"""The sampler of Stable Audio against the one of diffusers."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("diffusers")


def import_cosine_scheduler(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import diffusers' own sampler of Stable Audio; what it draws noise with may not be installed."""
    homes = [f"diffusers.schedulers.scheduling_{name}" for name in ("dpmsolver_sde", "cosine_dpmsolver_multistep")]
    if importlib.util.find_spec("torchsde") is not None:
        return importlib.import_module(homes[1]).CosineDPMSolverMultistepScheduler
    monkeypatch.setitem(sys.modules, "torchsde", types.ModuleType("torchsde"))
    found = importlib.import_module(homes[1]).CosineDPMSolverMultistepScheduler
    for home in homes:
        del sys.modules[home]
    return found


def test_the_sampler_of_stable_audio_steps_as_the_one_that_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from studio_audio.cosine_sampler import create_cosine_sampler

    theirs = import_cosine_scheduler(monkeypatch)(final_sigmas_type="zero")
    ours = create_cosine_sampler(theirs.config)
    for each in (ours, theirs):
        each.set_timesteps(6)
    noise, drawn = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    start = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0)) * ours.init_noise_sigma
    theirs.noise_sampler = lambda *_: torch.randn(start.shape, generator=noise)

    assert torch.allclose(ours.timesteps, theirs.timesteps, atol=1e-6)
    one = other = start
    for our_time, their_time in zip(ours.timesteps, theirs.timesteps, strict=True):
        one = ours.step(ours.scale_model_input(one, our_time).tanh(), our_time, one, generator=drawn).prev_sample
        other = theirs.step(theirs.scale_model_input(other, their_time).tanh(), their_time, other).prev_sample
    assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
