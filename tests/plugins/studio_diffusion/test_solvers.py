"""Solvers on a denoiser whose answer is known: images from a normal distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from studio_diffusion.schedules import find_sigmas, make_flow_levels, make_noise_levels
from studio_diffusion.solvers import LOGARITHMIC, SOLVERS

_MEAN, _DEVIATION = 0.4, 0.7
_NOISY = {"ddpm", "dpm2_a", "dpmpp_2m_sde", "dpmpp_2s_a", "dpmpp_3m_sde", "dpmpp_sde", "er_sde", "euler_a", "lcm",
          "res_multistep_a"}  # fmt: skip
_SHARES = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)


def see_clean(x: torch.Tensor, sigma: float, *, flow: bool) -> torch.Tensor:
    """Return the mean of the images that give this sample, for images of one normal distribution."""
    share = 1.0 - sigma if flow else 1.0
    variance = _DEVIATION**2
    return _MEAN + variance * share / (variance * share**2 + sigma**2) * (x - share * _MEAN)


def solve(name: str, sigmas: list[float], *, flow: bool, count: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Run a solver from noise; return the noise and the images."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(count, generator=generator, dtype=torch.float64)
    share = 1.0 - sigmas[0] if flow else 1.0
    first = start * math.sqrt(sigmas[0] ** 2 + (_DEVIATION * share) ** 2) + share * _MEAN
    steps = SOLVERS[name](first, sigmas, lambda: torch.randn(count, generator=generator, dtype=torch.float64), flow)
    x, sigma = next(steps)
    try:
        while True:
            x, sigma = steps.send((x, see_clean(x, sigma, flow=flow)))
    except StopIteration as end:
        return start, end.value


def lay_out(steps: int, *, flow: bool, name: str) -> list[float]:
    """Return levels to walk."""
    if flow:
        laid = find_sigmas(make_flow_levels(3.0), "simple", steps).tolist()
        return [0.9999, *laid[1:]] if name in LOGARITHMIC else laid
    return find_sigmas(make_noise_levels(_SHARES), "karras", steps).tolist()


@pytest.mark.parametrize("flow", [True, False])
@pytest.mark.parametrize("name", sorted(set(SOLVERS) - _NOISY))
def test_a_solver_without_noise_brings_each_sample_to_its_place(name: str, flow: bool) -> None:
    start, made = solve(name, lay_out(40, flow=flow, name=name), flow=flow)

    np.testing.assert_allclose(made, _MEAN + _DEVIATION * start, atol=0.2 if name in ("ddim", "euler") else 0.06)


@pytest.mark.parametrize("flow", [True, False])
@pytest.mark.parametrize("name", sorted(_NOISY - {"lcm"}))
def test_a_solver_with_noise_draws_the_distribution(name: str, flow: bool) -> None:
    start, made = solve(name, lay_out(60, flow=flow, name=name), flow=flow)

    assert float(made.mean()) == pytest.approx(_MEAN, abs=0.05)
    assert float(made.std()) == pytest.approx(_DEVIATION, rel=0.08)
    assert abs(float(np.corrcoef(start, made)[0, 1])) < 0.9


@pytest.mark.parametrize(
    ("better", "worse"),
    [("heun", "euler"), ("dpmpp_2m", "euler"), ("res_multistep", "euler"), ("ipndm", "euler"), ("lms", "euler")],
)
def test_a_higher_order_is_nearer(better: str, worse: str) -> None:
    errors = []
    for name in (better, worse):
        start, made = solve(name, lay_out(20, flow=False, name=name), flow=False)
        errors.append(float((made - (_MEAN + _DEVIATION * start)).abs().max()))

    assert errors[0] < 0.5 * errors[1]


def test_latent_consistency_ends_in_the_clean_image() -> None:
    _, made = solve("lcm", [1.0, 0.5, 0.0], flow=True)

    assert float(made.std()) < _DEVIATION
