"""Names of samplers, and which of them a rectified-flow model takes; known without loading anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN = "auto"
"""The name for the sampler that the model came with."""

FLOW = ("euler", "euler_a", "heun", "lcm", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde", "unipc")
"""What rectified-flow models take besides their own."""


def is_flow(scheduler_class: str, config: Mapping[str, Any]) -> bool:
    """Say whether a model that came with this scheduler is a rectified-flow model."""
    return (
        scheduler_class.startswith("FlowMatch")
        or bool(config.get("use_flow_sigmas"))
        or config.get("prediction_type") == "flow_prediction"
    )
