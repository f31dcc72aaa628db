"""Noise levels of the schedules, against schedulers of diffusers and the published formulas."""

from __future__ import annotations

import math
from typing import Any

import diffusers
import numpy as np
import pytest

from studio.api.quiet import hush
from studio_diffusion.schedules import SCHEDULES, NoiseLevels, find_sigmas, make_flow_levels, make_noise_levels

pytestmark = pytest.mark.xdist_group("diffusers")
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.fixture(scope="module")
def levels() -> NoiseLevels:
    """The levels of Stable Diffusion."""
    return make_noise_levels(diffusers.DDIMScheduler(**_BETAS).alphas_cumprod.tolist())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("normal", {"timestep_spacing": "linspace"}),
        ("simple", {"timestep_spacing": "trailing"}),
        ("ddim_uniform", {"timestep_spacing": "leading", "steps_offset": 1}),
        ("karras", {"timestep_spacing": "linspace", "use_karras_sigmas": True}),
        ("exponential", {"timestep_spacing": "linspace", "use_exponential_sigmas": True}),
    ],
)
def test_a_schedule_is_that_of_diffusers(levels: NoiseLevels, name: str, settings: dict[str, Any]) -> None:
    scheduler = diffusers.EulerDiscreteScheduler(**_BETAS, **settings)
    with hush("diffusers"):
        scheduler.set_timesteps(20)

    np.testing.assert_allclose(find_sigmas(levels, name, 20), scheduler.sigmas.numpy(), rtol=1e-3)


def test_a_flow_schedule_is_that_of_diffusers() -> None:
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / 20, 20))

    np.testing.assert_allclose(find_sigmas(make_flow_levels(3.0), "simple", 20), scheduler.sigmas.numpy(), rtol=1e-4)


def test_known_levels_of_stable_diffusion(levels: NoiseLevels) -> None:
    assert (levels.smallest, levels.largest) == pytest.approx((0.0292, 14.6146), abs=1e-4)
    # ((1 - 1/9) 14.6146^(1/7) + 1/9 0.0292^(1/7))^7
    assert find_sigmas(levels, "karras", 10)[:2] == pytest.approx([14.6146, 9.103], abs=2e-3)


def test_linear_quadratic_starts_straight() -> None:
    laid = find_sigmas(make_flow_levels(1.0), "linear_quadratic", 8)

    assert laid[:5] == pytest.approx([1.0, 0.99375, 0.9875, 0.98125, 0.975], abs=1e-6)
    assert laid[-1] == 0.0


def test_beta_is_dense_at_both_ends(levels: NoiseLevels) -> None:
    laid = find_sigmas(make_flow_levels(1.0), "beta", 10)
    gaps = -np.diff(laid)

    assert gaps[0] < gaps[4] > gaps[-2]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("flow", [True, False])
@pytest.mark.parametrize("steps", [1, 2, 7, 30])
def test_levels_fall_to_zero(levels: NoiseLevels, name: str, flow: bool, steps: int) -> None:
    laid = find_sigmas(make_flow_levels(3.0) if flow else levels, name, steps)

    assert len(laid) >= 2
    assert laid[-1] == pytest.approx(0.0, abs=1e-9)
    assert (np.diff(laid) < 0).all()
    assert all(math.isfinite(each) for each in laid)


def test_the_timestep_of_a_level_is_the_nearest(levels: NoiseLevels) -> None:
    assert levels.find_timestep(float(levels.sigmas[501])) == 501
    assert levels.find_timestep(0.0) == 0
    assert make_flow_levels(3.0).find_timestep(0.25) == 250
