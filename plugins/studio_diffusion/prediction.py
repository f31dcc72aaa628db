"""What a network predicts, where a checkpoint or the user says it: noise, velocity, with zero terminal SNR or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.api import ModelError

PREDICTIONS = ("epsilon", "v_prediction", "v_prediction_ztsnr", "sample")
"""What the load option `prediction` may be."""


def find_prediction(names: Sequence[str], metadata: Mapping[str, str]) -> str | None:
    """Return what a checkpoint says that its network predicts; None if it says nothing.

    Args:
        names: Names of its tensors.
        metadata: What is written at its head.
    """
    if "ztsnr" in names:
        return "v_prediction_ztsnr"
    if "v_pred" in names or metadata.get("modelspec.prediction_type") in ("v", "v_prediction"):
        return "v_prediction"
    return "epsilon" if metadata.get("modelspec.prediction_type") == "epsilon" else None


def takes_prediction(pipeline: Any) -> bool:
    """Say whether a pipeline's scheduler may read what the network predicts in several ways."""
    return bool(pipeline.scheduler.config.get("prediction_type", "flow_prediction") != "flow_prediction")


def set_prediction(pipeline: Any, prediction: str) -> None:
    """Let a pipeline's scheduler read what the network predicts in another way.

    Raises:
        ModelError: E619 if that is unknown, or its scheduler has no such choice.
    """
    if prediction not in PREDICTIONS:
        raise ModelError(
            "E619", f"unknown prediction {prediction!r}", hint=f"there are {', '.join(PREDICTIONS)}; or leave it out"
        )
    scheduler = pipeline.scheduler
    if not takes_prediction(pipeline):
        raise ModelError(
            "E619",
            f"a model with a {type(scheduler).__name__} has no choice of prediction",
            hint="leave the option out",
        )
    config = {name: value for name, value in scheduler.config.items() if not name.startswith("_")}
    changes: dict[str, Any] = {"prediction_type": prediction.removesuffix("_ztsnr")}
    if prediction.endswith("_ztsnr"):
        kind: Any = type(scheduler)
        if "rescale_betas_zero_snr" not in config:
            import diffusers

            kind = diffusers.EulerDiscreteScheduler
        changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
        pipeline.scheduler = kind.from_config(config, **changes)
        return
    pipeline.scheduler = type(scheduler).from_config(config, **changes)
