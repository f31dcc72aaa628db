"""The sampler of Stable Audio without the package torchsde, which diffusers' own needs for its noise alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import diffusers
import torch

_DEFAULTS = {
    "sigma_min": 0.3,
    "sigma_max": 500.0,
    "sigma_data": 1.0,
    "sigma_schedule": "exponential",
    "prediction_type": "v_prediction",
}
_TAKEN = (*_DEFAULTS, "num_train_timesteps", "solver_order", "rho", "solver_type", "lower_order_final",
          "euler_at_final", "final_sigmas_type")  # fmt: skip
_Edm: Any = diffusers.EDMDPMSolverMultistepScheduler


class CosineSampler(_Edm):  # type: ignore[misc]
    """`CosineDPMSolverMultistepScheduler` with independent noise for each step, from the call's generator.

    It differs from the scheduler that it derives from in how a network is told the noise level. A Brownian tree's
    increments over the steps, scaled to length 1, are independent and normal, as this noise is.
    """

    def precondition_noise(self, sigma: float | torch.Tensor) -> torch.Tensor:
        """Return what the network is told: 2/pi atan(sigma)."""
        sigma = sigma if isinstance(sigma, torch.Tensor) else torch.tensor([sigma])
        return sigma.atan() * (2 / math.pi)


def create_cosine_sampler(config: Mapping[str, Any]) -> Any:
    """Make the sampler that a scheduler's config describes."""
    settings = _DEFAULTS | {name: value for name, value in config.items() if name in _TAKEN}
    return CosineSampler(**settings, algorithm_type="sde-dpmsolver++")
