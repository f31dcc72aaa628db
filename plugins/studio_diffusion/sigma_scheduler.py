"""`SigmaScheduler`: any solver on any schedule, behind the face of a scheduler of diffusers.

Pipelines ask a scheduler for timesteps and give it what the denoiser returned. This one lays out the noise levels of a
`NoisePlan`, translates what the denoiser returned into the clean image that it sees, and hands that to a solver.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from studio.api import ModelError
from studio_diffusion.noise_plan import NoisePlan
from studio_diffusion.sampler_names import OWN, PLANNED, find_solver, is_flow
from studio_diffusion.schedules import NoiseLevels, find_sigmas, make_flow_levels, make_noise_levels
from studio_diffusion.solvers import LOGARITHMIC, NEARLY_ALL_NOISE, SOLVERS, Steps

Tensor = torch.Tensor
_SKIPPED_PENULTIMATE = ("dpm2", "dpm2_a")


@dataclass(frozen=True)
class KeptPart:
    """What a mask keeps of a latent.

    Attributes:
        mask: Where to draw, from 0 to 1; it broadcasts to the latent.
        clean: The latent.
        noise: The noise that it is shown with.
    """

    mask: Tensor
    clean: Tensor
    noise: Tensor


class SigmaScheduler:
    """A scheduler of diffusers for one call.

    Args:
        scheduler: The scheduler that the model came with; its config says what the model was trained with.
        sampler: Name of the sampler.
        plan: Which levels to visit.
        strength: Share of the steps to take, from the end.
        seeds: One for each image: the noise of samplers that draw some follows them.

    Raises:
        ModelError: E616 if the model cannot take this sampler or this plan.
    """

    order = 1

    def __init__(
        self, scheduler: Any, sampler: str, plan: NoisePlan, *, strength: float = 1.0, seeds: Sequence[int] = (0,)
    ) -> None:
        self._made_of = (scheduler, sampler, plan, strength, tuple(seeds))
        self.config = scheduler.config
        self.flow = is_flow(type(scheduler).__name__, scheduler.config)
        self.solver = find_solver(sampler, type(scheduler).__name__)
        self.plan, self.strength = plan, strength
        self.kept: KeptPart | None = None
        self._shares = getattr(scheduler, "alphas_cumprod", None)
        self._check(sampler, type(scheduler).__name__)
        self._generators = [torch.Generator().manual_seed((seed + 1) % 2**63) for seed in seeds]
        self._place = 0
        self._steps: Steps | None = None
        self.levels = self._make_levels(None)
        if self._shares is not None:
            self.alphas_cumprod = self._shares
        self.timesteps = torch.zeros(0)
        self.sigmas = torch.zeros(0)
        self.looks: list[float] = []
        self.num_inference_steps = 0

    def _check(self, sampler: str, kind: str) -> None:
        if self.solver not in PLANNED:
            raise ModelError(
                "E616",
                f"the sampler {sampler!r} follows no schedule but its own",
                hint=f"samplers that do are {', '.join(PLANNED)}",
            )
        trained = self.config.get("prediction_type", "epsilon")
        if not self.flow and (self._shares is None or trained not in ("epsilon", "v_prediction", "sample")):
            raise ModelError(
                "E616",
                f"this model came with a {kind}, whose noise levels follow no other schedule",
                hint='leave schedule at "auto", and shift, sigmas and the steps at null',
            )
        if self.plan.shift is not None and not self.flow:
            raise ModelError("E616", "a shift is for flow models, and this model is none", hint="leave shift at null")

    def __deepcopy__(self, _: Any) -> SigmaScheduler:
        """Return a fresh scheduler of the same plan: some pipelines keep one for the video and one for its audio."""
        scheduler, sampler, plan, strength, seeds = self._made_of
        return type(self)(scheduler, sampler, plan, strength=strength, seeds=seeds)

    # -- what pipelines ask ------------------------------------------------------------------------------

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: Any = None,
        sigmas: Sequence[float] | None = None,
        mu: float | None = None,
        timesteps: Sequence[float] | None = None,
        **_: Any,
    ) -> None:
        """Lay out the levels; what a pipeline says of them is left out, but for the shift of a size."""
        wanted = next(len(each) for each in (sigmas, timesteps, range(num_inference_steps or 0)) if each is not None)
        self.levels = self._make_levels(mu)
        laid = self._lay_out(wanted)
        self.looks = self._list_looks(laid)
        self.sigmas = torch.tensor([*self.looks, laid[-1]], dtype=torch.float32)  # one for each timestep, and the end
        self._laid, self._place, self._steps = laid, 0, None
        times = [self.levels.find_timestep(look) for look in self.looks]
        self.timesteps = torch.tensor(times, dtype=torch.float32, device=device)
        if not self.flow:
            self.timesteps = self.timesteps.round().to(torch.int64)
        self.num_inference_steps = len(self.looks)

    @property
    def init_noise_sigma(self) -> float:
        """What pipelines multiply fresh noise with."""
        first = self.looks[0] if self.looks else self.levels.largest
        if self.flow:
            return 1.0
        return math.sqrt(1.0 + first**2) if self._is_pure(first) else first

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        """Bring a sample to the length that the denoiser was trained with."""
        return sample if self.flow else sample / math.sqrt(self._level**2 + 1.0)

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Pipelines say where they begin; this scheduler knows."""

    @property
    def step_index(self) -> int:
        """Which look is next."""
        return self._place

    begin_index = 0

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Any) -> Tensor:
        """Mix a clean sample with noise as it is at a timestep."""
        return self.mix(original_samples, noise, self._find_mixing_level(timesteps))

    def step(
        self,
        model_output: Any,
        timestep: Any,
        sample: Tensor,
        *,
        generator: Any = None,
        return_dict: bool = True,
        **_: Any,
    ) -> Any:
        """Take a step from what the denoiser returned."""
        work = sample.float()
        clean = self._find_clean(model_output.float(), work, self._level)
        if self.kept is not None:
            clean = clean * self.kept.mask + self.kept.clean * (1.0 - self.kept.mask)
        ended = self._advance(work, clean)
        made = self._settle(ended) if self._place >= len(self.looks) else self._show_kept(ended)
        made = made.to(sample.dtype)
        return SimpleNamespace(prev_sample=made) if return_dict else (made,)

    # -- samples -----------------------------------------------------------------------------------------

    def mix(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """Mix a clean sample with noise at a level."""
        if not self.plan.adds_noise:
            noise = torch.zeros_like(noise)
        if self.flow:
            return sigma * noise + (1.0 - sigma) * clean
        return clean + noise * (math.sqrt(1.0 + sigma**2) if self._is_pure(sigma) else sigma)

    def _advance(self, work: Tensor, clean: Tensor) -> Tensor:
        """Let the solver go on; return the sample that it asks about, or the last one."""
        try:
            if self._steps is None:
                self._steps = SOLVERS[self.solver](work, self._laid, self._make_noise(work), self.flow)
                next(self._steps)
            asked, _ = self._steps.send((work, clean))
        except StopIteration as end:
            self._place = len(self.looks)
            last: Tensor = end.value
            return last
        self._place += 1
        return asked

    def _make_noise(self, work: Tensor) -> Callable[[], Tensor]:
        shape, device = work.shape, work.device
        each = len(self._generators)

        def draw() -> Tensor:
            rows = (
                [torch.randn(shape[0] // each, *shape[1:], generator=generator) for generator in self._generators]
                if shape[0] % each == 0
                else [torch.randn(shape, generator=self._generators[0])]
            )
            return torch.cat(rows).to(device)

        return draw

    def _show_kept(self, asked: Tensor) -> Tensor:
        if self.kept is None:
            return asked
        shown = self.mix(self.kept.clean, self.kept.noise, self._level)
        return asked * self.kept.mask + shown * (1.0 - self.kept.mask)

    def _settle(self, last: Tensor) -> Tensor:
        """Bring the last sample to the form in which latents are kept, where noise is left in it."""
        end = self._laid[-1]
        if self.flow and 0 < end < 1:
            return last / (1.0 - end)
        return last

    def _find_clean(self, output: Tensor, sample: Tensor, sigma: float) -> Tensor:
        """Return the clean sample that the denoiser sees in a noisy one."""
        if output.shape != sample.shape:
            output = output.split(sample.shape[1], dim=1)[0]  # some denoisers say the variance, too
        if self.flow:
            return sample - output * sigma
        kind = self.config.get("prediction_type", "epsilon")
        if kind == "sample":
            return output
        if kind == "v_prediction":
            return sample / (sigma**2 + 1.0) - output * sigma / math.sqrt(sigma**2 + 1.0)
        return sample - output * sigma

    # -- levels ------------------------------------------------------------------------------------------

    @property
    def _level(self) -> float:
        return self.looks[min(self._place, len(self.looks) - 1)]

    def _is_pure(self, sigma: float) -> bool:
        return sigma > self.levels.largest or math.isclose(sigma, self.levels.largest, rel_tol=1e-5)

    def _find_mixing_level(self, timesteps: Any) -> float:
        """Return the level of a timestep that a pipeline mixes noise for: one of those laid out."""
        moment = torch.as_tensor(timesteps).flatten()[0].float().cpu()
        near = (self.timesteps.float().cpu() - moment).abs().argmin()
        return self.looks[int(near)]

    def _make_levels(self, mu: float | None) -> NoiseLevels:
        if not self.flow:
            return make_noise_levels(self._shares.tolist())  # type: ignore[union-attr]
        steps = int(self.config.get("num_train_timesteps", 1000))
        dynamic = bool(self.config.get("use_dynamic_shifting"))
        if self.plan.shift is not None:
            shift, dynamic = self.plan.shift, False
        elif dynamic and mu is not None:
            shift = math.exp(mu) if self.config.get("time_shift_type", "exponential") == "exponential" else mu
        else:
            shift = float(self.config.get("flow_shift") or self.config.get("shift") or 1.0)
        return make_flow_levels(shift, count=10 * steps if dynamic else steps, steps=steps)

    def _lay_out(self, steps: int) -> list[float]:
        """Return the levels from the first to the last."""
        plan = self.plan
        laid = list(plan.sigmas) or self._follow_schedule(steps)
        last = len(laid) - 1 if plan.last is None else min(plan.last, len(laid) - 1)
        first = min(plan.first, max(0, last - 1))
        taken = laid[first : last + 1]
        if self.strength < 1.0:
            kept = max(1, math.ceil(self.strength * (len(taken) - 1) - 1e-9))
            taken = taken[-(kept + 1) :]
        if last < len(laid) - 1 and not plan.keeps_noise:
            taken[-1] = 0.0
        if self.flow and self.solver in LOGARITHMIC and taken[0] >= 1.0:
            taken[0] = self.levels.find_level((1.0 - NEARLY_ALL_NOISE) * self.levels.steps)
        return taken

    def _follow_schedule(self, steps: int) -> list[float]:
        name = self.plan.schedule if self.plan.schedule != OWN else "simple" if self.flow else "normal"
        if self.solver in _SKIPPED_PENULTIMATE:  # as their authors have it: the last step is long
            laid = find_sigmas(self.levels, name, steps + 1).tolist()
            return [*laid[:-2], laid[-1]]
        found: list[float] = find_sigmas(self.levels, name, steps).tolist()
        return found

    def _list_looks(self, laid: Sequence[float]) -> list[float]:
        """Return the levels at which the solver asks the denoiser."""
        zero = torch.zeros(())
        looks, steps = [], SOLVERS[self.solver](zero, laid, lambda: zero, self.flow)
        try:
            _, sigma = next(steps)
            while True:
                looks.append(sigma)
                _, sigma = steps.send((zero, zero))
        except StopIteration:
            return looks


class FlowSigmaScheduler(SigmaScheduler):
    """The same for flow models, whose pipelines call the mixing another name."""

    def scale_noise(self, sample: Tensor, timestep: Any, noise: Tensor) -> Tensor:
        """Mix a clean sample with noise as it is at a timestep."""
        return self.mix(sample, noise, self._find_mixing_level(timestep))


def create_sigma_scheduler(
    scheduler: Any, sampler: str, plan: NoisePlan, *, strength: float = 1.0, seeds: Sequence[int] = (0,)
) -> SigmaScheduler:
    """Make the scheduler of a plan; errors as `SigmaScheduler`."""
    flow = is_flow(type(scheduler).__name__, scheduler.config)
    kind = FlowSigmaScheduler if flow else SigmaScheduler
    return kind(scheduler, sampler, plan, strength=strength, seeds=seeds)
