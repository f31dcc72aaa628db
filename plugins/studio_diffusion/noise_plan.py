"""`NoisePlan`: which noise levels are to be visited, as the user says it; checked before anything is loaded."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import StudioError, suggest
from studio_diffusion.sampler_names import OWN, PLANNED, SCHEDULE_NAMES


@dataclass(frozen=True)
class NoisePlan:
    """The noise levels of a drawing.

    Attributes:
        schedule: Name of the schedule; "auto" for the model's own.
        shift: Shift of a flow model's levels; None for the model's own.
        sigmas: The levels themselves; () to follow the schedule.
        first: Step to begin with.
        last: Step to end before; None for the end.
        adds_noise: Whether the latent is mixed with noise at the beginning.
        keeps_noise: Whether the noise of the last level is left in the latent.
    """

    schedule: str = OWN
    shift: float | None = None
    sigmas: tuple[float, ...] = ()
    first: int = 0
    last: int | None = None
    adds_noise: bool = True
    keeps_noise: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether all is left to the model."""
        return self == PLAIN


PLAIN = NoisePlan()
"""All is left to the model."""


def read_noise_plan(inputs: Mapping[str, Any]) -> NoisePlan:
    """Return the noise plan that inputs of a node say.

    Raises:
        StudioError: E626 for levels that do not fall, or an empty range of steps.
    """
    check_noise_plan(inputs)
    return NoisePlan(
        schedule=inputs.get("schedule", OWN),
        shift=inputs.get("shift"),
        sigmas=tuple(float(each) for each in inputs.get("sigmas") or ()),
        first=inputs.get("first_step") or 0,
        last=inputs.get("last_step"),
        adds_noise=inputs.get("add_noise", True),
        keeps_noise=inputs.get("keep_noise", False),
    )


def check_noise_plan(inputs: Mapping[str, Any]) -> None:
    """Raise StudioError E626 for levels that do not fall, an empty range of steps, or two schedules."""
    schedule = inputs.get("schedule", OWN)
    if isinstance(schedule, str) and schedule not in SCHEDULE_NAMES:
        hint = suggest(schedule, SCHEDULE_NAMES, f"there are {', '.join(SCHEDULE_NAMES)}")
        raise StudioError("E626", f"unknown schedule {schedule!r}", hint=hint)
    sigmas = inputs.get("sigmas") or ()
    if sigmas and (len(sigmas) < 2 or sigmas[-1] < 0 or any(a <= b for a, b in itertools.pairwise(sigmas))):
        raise StudioError(
            "E626",
            f"invalid noise levels: {', '.join(f'{each:g}' for each in sigmas[:8])}",
            hint="give two or more, each below the one before, such as [14.6, 3.2, 0.4, 0]",
        )
    if sigmas and inputs.get("schedule", OWN) != OWN:
        raise StudioError("E626", "noise levels and a schedule cannot be combined", hint="leave one of them out")
    first, last = inputs.get("first_step") or 0, inputs.get("last_step")
    if last is not None and first >= last:
        raise StudioError("E626", f"no step lies from {first} to {last}", hint="give a first step below the last")
    _check_sampler(inputs)


def _check_sampler(inputs: Mapping[str, Any]) -> None:
    schedule, sampler = inputs.get("schedule", OWN), inputs.get("sampler", OWN)
    if schedule != OWN and isinstance(sampler, str) and sampler not in (OWN, *PLANNED):
        hint = f"samplers that follow a schedule are {', '.join(PLANNED)}"
        if sampler.removesuffix("_karras") in PLANNED:
            base = sampler.removesuffix("_karras")
            hint = f'write {{"sampler": "{base}", "schedule": "karras"}}'
        raise StudioError("E626", f"the sampler {sampler!r} has a schedule of its own", hint=hint)


__all__ = ["PLAIN", "SCHEDULE_NAMES", "NoisePlan", "check_noise_plan", "read_noise_plan"]
