"""Names of samplers, known without loading anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from studio_diffusion.sampler_names import FLOW, OWN, is_flow


@pytest.mark.parametrize(
    ("scheduler", "config", "flow"),
    [
        ("FlowMatchEulerDiscreteScheduler", {}, True),
        ("DPMSolverMultistepScheduler", {"use_flow_sigmas": True}, True),
        ("SomeScheduler", {"prediction_type": "flow_prediction"}, True),
        ("DDIMScheduler", {"prediction_type": "v_prediction"}, False),
        ("DPMSolverMultistepScheduler", {"use_flow_sigmas": False}, False),
    ],
)
def test_flow_models_are_known_by_their_scheduler(scheduler: str, config: dict[str, object], flow: bool) -> None:
    assert is_flow(scheduler, config) is flow


def test_the_names_are_choices_of_the_node_types() -> None:
    from typing import get_args

    from studio_diffusion.nodes.ends import Sampler

    assert {OWN, *FLOW} <= set(get_args(Sampler))


def test_they_are_known_without_torch() -> None:
    code = "import sys, studio_diffusion.sampler_names; print('torch' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
