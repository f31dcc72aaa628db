"""Samplers by the names of the field, as diffusers schedulers with the right arguments.

Noise and v-prediction models take the classic solvers. Rectified-flow models take the same solvers on the
model's own time shift: all of them walk the timesteps that `FlowMatchEulerDiscreteScheduler` makes from the model's
scheduler config. Schedulers hold state, so each call makes a fresh one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import diffusers as untyped_diffusers
import torch

from studio.api import ModelError
from studio.api.quiet import hush
from studio_diffusion.sampler_names import FLOW, OWN, is_flow

diffusers: Any = untyped_diffusers

# DPM++ takes the logarithm of 1 - sigma, so that pure noise must not be quite pure.
_LARGEST_SIGMA = 0.999


@dataclass(frozen=True)
class _Recipe:
    """A scheduler class and what to change in the model's scheduler config."""

    scheduler: str
    changes: Mapping[str, Any] = field(default_factory=dict)


_UNCLIPPED = {"clip_sample": False}
_SDE = {"algorithm_type": "sde-dpmsolver++"}
_KARRAS = {"use_karras_sigmas": True}

_NOISE = {
    "ddim": _Recipe("DDIMScheduler", _UNCLIPPED),
    "ddpm": _Recipe("DDPMScheduler", _UNCLIPPED),
    "pndm": _Recipe("PNDMScheduler", {"skip_prk_steps": True}),
    "euler": _Recipe("EulerDiscreteScheduler"),
    "euler_karras": _Recipe("EulerDiscreteScheduler", _KARRAS),
    "euler_a": _Recipe("EulerAncestralDiscreteScheduler"),
    "heun": _Recipe("HeunDiscreteScheduler"),
    "dpm2": _Recipe("KDPM2DiscreteScheduler"),
    "dpm2_a": _Recipe("KDPM2AncestralDiscreteScheduler"),
    "dpmpp_2m": _Recipe("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_karras": _Recipe("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"} | _KARRAS),
    "dpmpp_2m_sde": _Recipe("DPMSolverMultistepScheduler", _SDE),
    "dpmpp_2m_sde_karras": _Recipe("DPMSolverMultistepScheduler", _SDE | _KARRAS),
    "deis": _Recipe("DEISMultistepScheduler"),
    "unipc": _Recipe("UniPCMultistepScheduler"),
    "lcm": _Recipe("LCMScheduler", _UNCLIPPED),
    "tcd": _Recipe("TCDScheduler", _UNCLIPPED),
}


class _FlowSchedule:
    """Gives a solver the timesteps of the model's own flow schedule, and a seeded source of noise."""

    schedule_config: Mapping[str, Any]
    noise_generator: Any = None
    timesteps: torch.Tensor
    sigmas: torch.Tensor

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: Any = None,
        sigmas: Sequence[float] | None = None,
        mu: float | None = None,
        timesteps: Sequence[float] | None = None,
    ) -> None:
        """Lay out the timesteps as `FlowMatchEulerDiscreteScheduler` does; the arguments are its own."""
        schedule = diffusers.FlowMatchEulerDiscreteScheduler.from_config(dict(self.schedule_config))
        schedule.set_timesteps(num_inference_steps, device, sigmas=sigmas, mu=mu, timesteps=timesteps)
        self._reset(len(schedule.timesteps), device)
        self.sigmas, self.timesteps = self._arrange(schedule.sigmas.to("cpu"), schedule.timesteps)

    def scale_noise(self, sample: torch.Tensor, timestep: Any, noise: torch.Tensor) -> torch.Tensor:
        """Mix a clean sample and noise as they are at a timestep."""
        index = self._step_index if self._step_index is not None else self._begin_index  # type: ignore[attr-defined]
        if index is None:
            index = self.index_for_timestep(torch.as_tensor(timestep).flatten()[0])  # type: ignore[attr-defined]
        sigma = float(self.sigmas[index])
        return sigma * noise + (1.0 - sigma) * sample

    def step(self, model_output: Any, timestep: Any, sample: Any, **options: Any) -> Any:
        """Take a step; noise comes from the generator of the call unless the pipeline passes one."""
        if self._draws_noise and options.get("generator") is None:
            options["generator"] = self.noise_generator
        return super().step(model_output, timestep, sample, **options)  # type: ignore[misc]

    _draws_noise = False

    def _reset(self, count: int, device: Any) -> None:
        """Let the solver forget the last image; its own timesteps are replaced right away."""
        dynamic = self.config.get("use_dynamic_shifting", False)  # type: ignore[attr-defined]
        self.register_to_config(use_dynamic_shifting=False)  # type: ignore[attr-defined]
        super().set_timesteps(count, device)  # type: ignore[misc]
        self.register_to_config(use_dynamic_shifting=dynamic)  # type: ignore[attr-defined]

    def _arrange(self, sigmas: torch.Tensor, timesteps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return sigmas, timesteps


def _lower_first(sigmas: torch.Tensor) -> torch.Tensor:
    """Return sigmas that begin below 1, where solvers take a logarithm, and fall at every step."""
    lowered = sigmas.clamp(max=_LARGEST_SIGMA)
    if len(sigmas) > 1 and sigmas[1] >= _LARGEST_SIGMA:  # a thousand steps, or many with a shift
        lowered = sigmas.clone()
        lowered[0] = min(float(sigmas[0]), (1.0 + float(sigmas[1])) / 2)
    return lowered


class _FlowDPM(_FlowSchedule, diffusers.DPMSolverMultistepScheduler):  # type: ignore[misc]
    def _arrange(self, sigmas: torch.Tensor, timesteps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return _lower_first(sigmas), timesteps


class _FlowDPMNoisy(_FlowDPM):
    _draws_noise = True


class _FlowUniPC(_FlowSchedule, diffusers.UniPCMultistepScheduler):  # type: ignore[misc]
    def _arrange(self, sigmas: torch.Tensor, timesteps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return _lower_first(sigmas), timesteps


class _FlowHeun(_FlowSchedule, diffusers.FlowMatchHeunDiscreteScheduler):  # type: ignore[misc]
    def _arrange(self, sigmas: torch.Tensor, timesteps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Visit every timestep but the first twice."""
        timesteps = torch.cat([timesteps[:1], timesteps[1:].repeat_interleave(2)])
        return torch.cat([sigmas[:1], sigmas[1:-1].repeat_interleave(2), sigmas[-1:]]), timesteps


class _FlowLCM(_FlowSchedule, diffusers.FlowMatchLCMScheduler):  # type: ignore[misc]
    _draws_noise = True


class _FlowAncestral(_FlowSchedule, diffusers.LTXEulerAncestralRFScheduler):  # type: ignore[misc]
    _draws_noise = True

    def _reset(self, count: int, device: Any) -> None:
        self.num_inference_steps, self._step_index, self._begin_index = count, None, None


_FEW_STEPS = 50  # which every model's own scheduler takes


def check_steps(scheduler: Any, name: str, steps: int) -> None:
    """Walk a scheduler through all steps with a sample of one number, as some fail in the middle of a run.

    Raises:
        ModelError: E616 if it does not take so many.
    """
    if _takes_flow(scheduler) or (name == OWN and steps <= _FEW_STEPS):
        return
    sample = torch.zeros(1, 1, 1, 1)
    with torch.random.fork_rng(devices=[]), hush("diffusers"):
        try:
            trial = type(scheduler).from_config(scheduler.config)
            trial.set_timesteps(steps)
            for time in trial.timesteps:
                trial.step(sample, time, sample)
        except TypeError:
            return  # it asks for more than a sample
        except (ValueError, IndexError, AssertionError, RuntimeError) as error:
            reason = str(error).partition("\n")[0][:200] or type(error).__name__
            raise ModelError(
                "E616",
                f"the sampler {name!r} of this model does not take {steps} steps: {reason}",
                hint="take fewer steps, 20 to 50 for example, or another sampler",
            ) from None


def find_samplers(scheduler: Any, *, own_only: bool = False) -> tuple[str, ...]:
    """Return the names of the samplers that a model with this scheduler can take."""
    if own_only:
        return (OWN,)
    if _takes_flow(scheduler):
        return (OWN, *FLOW)
    return (OWN, *_NOISE) if type(scheduler)._compatibles else (OWN,)


def _takes_flow(scheduler: Any) -> bool:
    return is_flow(type(scheduler).__name__, scheduler.config)


def create_scheduler(scheduler: Any, name: str, *, own_only: bool = False, generator: Any = None) -> Any:
    """Make a fresh scheduler from a model's own.

    Args:
        scheduler: The scheduler that the model came with; it is not changed.
        name: A sampler's name; "auto" for the model's own.
        own_only: The model takes no sampler but its own.
        generator: Noise for flow samplers that draw some, where the pipeline passes none: a torch generator, or a
            list of one for each image.

    Raises:
        ModelError: E616 if the model cannot take this sampler.
    """
    names = find_samplers(scheduler, own_only=own_only)
    if name not in names:
        raise ModelError(
            "E616", f"this model does not support the sampler {name!r}", hint=f"it takes {', '.join(names)}"
        )
    if name == OWN:
        # what the pipeline corrected in it counts, also where the file had left the class its default
        return type(scheduler).from_config({name: value for name, value in scheduler.config.items() if name[0] != "_"})
    if _takes_flow(scheduler):
        return _create_flow(scheduler, name, generator)
    recipe = _NOISE[name]
    return getattr(diffusers, recipe.scheduler).from_config(_forget_solver(scheduler.config), **recipe.changes)


def _forget_solver(config: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what the model was trained with, and leave out what belongs to the solver it came with."""
    foreign = {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas", "algorithm_type"}
    return {name: value for name, value in config.items() if name not in foreign | {"solver_type", "solver_order"}}


def _create_flow(scheduler: Any, name: str, generator: Any) -> Any:
    config = _find_flow_config(scheduler)
    if name == "dpmpp_2m_karras":
        config |= _KARRAS
    if name == "euler":
        return diffusers.FlowMatchEulerDiscreteScheduler.from_config(config)
    kind, settings = _FLOW_SOLVERS[name]
    made: Any = kind(num_train_timesteps=config.get("num_train_timesteps", 1000), **settings)
    if config.get("use_dynamic_shifting"):
        # Pipelines look here to know whether a shift by resolution is wanted; the schedule above applies it.
        made.register_to_config(**{key: value for key, value in config.items() if key in _DYNAMIC})
    made.schedule_config, made.noise_generator = config, generator
    return made


_MULTISTEP = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
_FLOW_SOLVERS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "heun": (_FlowHeun, {}),
    "lcm": (_FlowLCM, {}),
    "euler_a": (_FlowAncestral, {}),
    "unipc": (_FlowUniPC, _MULTISTEP),
    "dpmpp_2m": (_FlowDPM, _MULTISTEP),
    "dpmpp_2m_karras": (_FlowDPM, _MULTISTEP),
    "dpmpp_2m_sde": (_FlowDPMNoisy, _MULTISTEP | _SDE),
}

_DYNAMIC = {"use_dynamic_shifting", "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len"}


def _find_flow_config(scheduler: Any) -> dict[str, Any]:
    """Say a flow model's schedule in the terms of `FlowMatchEulerDiscreteScheduler`."""
    config = {name: value for name, value in scheduler.config.items() if not name.startswith("_")}
    if "flow_shift" in config:
        shared = {name: config[name] for name in ("num_train_timesteps", "use_dynamic_shifting") if name in config}
        return shared | {"shift": config["flow_shift"]}
    return config
