"""Names of samplers and schedules, and which of them a model takes; known without loading anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN = "auto"
"""The name for the sampler, or the schedule, that the model came with."""

FLOW = ("euler", "euler_a", "heun", "lcm", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde", "unipc")
"""What rectified-flow models take besides their own, through schedulers of diffusers."""

PLANNED = (
    "ddim", "ddpm", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_2s_a", "dpmpp_3m_sde", "dpmpp_sde", "er_sde",
    "euler", "euler_a", "heun", "ipndm", "lcm", "lms", "res_multistep", "res_multistep_a",
)  # fmt: skip
"""Samplers that follow any schedule, for noise and flow models."""

OURS = frozenset(
    {"dpmpp_2s_a", "dpmpp_3m_sde", "dpmpp_sde", "er_sde", "ipndm", "lms", "res_multistep", "res_multistep_a"}
)
"""Samplers that no scheduler of diffusers stands for."""

SCHEDULE_NAMES = (
    "auto", "normal", "simple", "sgm_uniform", "ddim_uniform", "karras", "exponential", "beta", "linear_quadratic",
    "kl_optimal",
)  # fmt: skip

_OWN_SOLVERS: Mapping[str, str] = {
    "DDIMScheduler": "ddim",
    "DDPMScheduler": "ddpm",
    "DPMSolverMultistepScheduler": "dpmpp_2m",
    "DPMSolverSinglestepScheduler": "dpmpp_2m",
    "EulerAncestralDiscreteScheduler": "euler_a",
    "FlowMatchHeunDiscreteScheduler": "heun",
    "HeunDiscreteScheduler": "heun",
    "KDPM2AncestralDiscreteScheduler": "dpm2_a",
    "KDPM2DiscreteScheduler": "dpm2",
    "LCMScheduler": "lcm",
    "LMSDiscreteScheduler": "lms",
    "IPNDMScheduler": "ipndm",
}


def is_flow(scheduler_class: str, config: Mapping[str, Any]) -> bool:
    """Say whether a model that came with this scheduler is a rectified-flow model."""
    return (
        scheduler_class.startswith("FlowMatch")
        or bool(config.get("use_flow_sigmas"))
        or config.get("prediction_type") == "flow_prediction"
    )


def find_solver(sampler: str, scheduler_class: str) -> str:
    """Return the name of the solver that stands for a sampler; for "auto", the nearest to the model's own."""
    return _OWN_SOLVERS.get(scheduler_class, "euler") if sampler == OWN else sampler
