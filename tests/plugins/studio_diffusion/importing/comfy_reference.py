"""ComfyUI's sampling, from published formulas: noise levels, noise, tails for denoise, guidance, solvers.

Noise levels: Song et al. 2021 (variance preserving), Esser et al. 2024 (rectified flow), Karras et al. 2022; the
solvers are those of Euler and Heun, and DPM-Solver++(2M) (Lu et al. 2022).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

Tensor = torch.Tensor


class NoiseModel:
    """A denoiser that predicts noise, as `StableDiffusionPipeline` has it."""

    flow = False

    def __init__(self, pipeline: Any, prompt: str, negative: str) -> None:
        self.pipeline = pipeline
        self.prompts = pipeline.encode_prompt(prompt, "cpu", 1, True, negative)[:2]
        shares = pipeline.scheduler.alphas_cumprod.double()
        self.table = ((1 - shares) / shares).sqrt()

    @property
    def last_timestep(self) -> tuple[float, float]:
        """The timesteps of the highest and of the lowest noise level."""
        return float(len(self.table) - 1), 0.0

    def find_sigma(self, timestep: float) -> float:
        """Interpolate the noise level of a timestep, in the logarithm."""
        low = math.floor(timestep)
        high, share = min(low + 1, len(self.table) - 1), timestep - low
        return math.exp((1 - share) * math.log(self.table[low]) + share * math.log(self.table[high]))

    def add_noise(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """Show a latent with noise; pure noise has the variance of the noisiest level."""
        whole = math.isclose(sigma, float(self.table[-1]), rel_tol=1e-5) or sigma > float(self.table[-1])
        return noise * (math.sqrt(1 + sigma**2) if whole else sigma) + latent

    def predict(self, x: Tensor, sigma: float, scale: float) -> Tensor:
        """Return the clean latent that the guided denoiser sees."""
        nearest = int((self.table.log() - math.log(sigma)).abs().argmin())
        shown = x / math.sqrt(sigma**2 + 1)
        with torch.no_grad():
            found = [
                self.pipeline.unet(shown, torch.tensor([nearest]), encoder_hidden_states=one).sample
                for one in self.prompts
            ]
        clean = [x - sigma * one for one in found]
        return clean[1] + (clean[0] - clean[1]) * scale

    def decode(self, latent: Tensor) -> Tensor:
        """Return the image: height x width x channels, from 0 to 1."""
        vae = self.pipeline.vae
        with torch.no_grad():
            image = vae.decode(latent / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)).sample
        return ((image + 1) / 2).clamp(0, 1)[0].permute(1, 2, 0)


class AreaModel(NoiseModel):
    """A denoiser that is asked for several prompts, each in an area, in a mask, or in a part of the steps.

    Args:
        pipeline: The pipeline.
        prompts: Texts with "area" (left, top, right, bottom in samples of the latent), "strength", "mask" (at the size
            of the latent), "start" and "end".
        negative: The negative prompt; it is asked for in each area, too.
    """

    def __init__(self, pipeline: Any, prompts: Sequence[tuple[str, dict[str, Any]]], negative: str) -> None:
        super().__init__(pipeline, prompts[0][0], negative)
        against = self.prompts[1]
        self.asked = [(pipeline.encode_prompt(text, "cpu", 1, True, negative)[0], about) for text, about in prompts]
        areas = {about["area"]: about for _, about in reversed(prompts) if "area" in about}
        self.against = [(against, {}), *((against, about) for about in areas.values())]

    def predict(self, x: Tensor, sigma: float, scale: float) -> Tensor:
        """Return the clean latent that the guided denoiser sees."""
        wanted, unwanted = (self.average(x, sigma, listed) for listed in (self.asked, self.against))
        return unwanted + (wanted - unwanted) * scale

    def average(self, x: Tensor, sigma: float, listed: Sequence[tuple[Tensor, dict[str, Any]]]) -> Tensor:
        """Return the mean of what is predicted for some prompts, by their weights."""
        nearest = int((self.table.log() - math.log(sigma)).abs().argmin())
        total, count = torch.zeros_like(x), torch.zeros_like(x)
        for prompt, about in listed:
            first, last = ((1 - about.get(name, other)) * 999 for name, other in (("start", -1e9), ("end", 1e9)))
            if sigma > self.find_level(first) or sigma < self.find_level(last):
                continue
            left, top, right, bottom = about.get("area", (0, 0, x.shape[3], x.shape[2]))
            part = x[:, :, top:bottom, left:right]
            with torch.no_grad():
                shown = part / math.sqrt(sigma**2 + 1)
                found = self.pipeline.unet(shown, torch.tensor([nearest]), encoder_hidden_states=prompt).sample
            weights = torch.ones_like(part) * about.get("strength", 1.0)
            if "mask" in about:
                weights *= about["mask"][top:bottom, left:right]
            else:
                self.fade(weights, (left, top, right, bottom), x.shape)
            total[:, :, top:bottom, left:right] += (part - sigma * found) * weights
            count[:, :, top:bottom, left:right] += weights
        return total / count

    def find_level(self, timestep: float) -> float:
        """Return the noise level of a timestep; beyond the first and the last it is none that is visited."""
        if timestep > 999:
            return math.inf
        return self.find_sigma(timestep) if timestep >= 0 else 0.0

    def fade(self, weights: Tensor, area: tuple[int, int, int, int], shape: Sequence[int]) -> None:
        """Let weights fall to an eighth over eight samples at the edges that lie inside the latent."""
        left, top, right, bottom = area
        for step in range(8):
            share = (step + 1) / 8
            if top:
                weights[:, :, step] *= share
            if bottom < shape[2]:
                weights[:, :, -1 - step] *= share
            if left:
                weights[:, :, :, step] *= share
            if right < shape[3]:
                weights[:, :, :, -1 - step] *= share


class FlowModel(NoiseModel):
    """A denoiser that predicts a velocity, as `StableDiffusion3Pipeline` has it."""

    flow = True

    def __init__(self, pipeline: Any, prompt: str, negative: str, shift: float) -> None:
        self.pipeline, self.shift = pipeline, shift
        found = pipeline.encode_prompt(prompt, None, None, negative_prompt=negative, device="cpu")
        self.prompts, self.pooled = found[:2], found[2:]
        steps = torch.arange(1, 1001, dtype=torch.float64) / 1000
        self.table = shift * steps / (1 + (shift - 1) * steps)

    @property
    def last_timestep(self) -> tuple[float, float]:
        """The timesteps of the highest and of the lowest noise level."""
        return 1000.0, float(self.table[0]) * 1000

    def find_sigma(self, timestep: float) -> float:
        """Return the shifted noise level of a timestep."""
        share = timestep / 1000
        return self.shift * share / (1 + (self.shift - 1) * share)

    def add_noise(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """Mix a latent and noise."""
        return sigma * noise + (1 - sigma) * latent

    def predict(self, x: Tensor, sigma: float, scale: float) -> Tensor:
        """Return the clean latent that the guided denoiser sees."""
        timestep = torch.tensor([sigma * 1000], dtype=torch.float32)
        with torch.no_grad():
            found = [
                self.pipeline.transformer(
                    x, timestep=timestep, encoder_hidden_states=one, pooled_projections=more
                ).sample
                for one, more in zip(self.prompts, self.pooled, strict=True)
            ]
        clean = [x - sigma * one for one in found]
        return clean[1] + (clean[0] - clean[1]) * scale


def list_sigmas(model: NoiseModel, schedule: str, steps: int) -> list[float]:
    """Return the noise levels of a schedule, the last 0."""
    highest, lowest = model.last_timestep
    if schedule == "normal":
        return [model.find_sigma(float(one)) for one in torch.linspace(highest, lowest, steps)] + [0.0]
    if schedule == "sgm_uniform":
        return [model.find_sigma(float(one)) for one in torch.linspace(highest, lowest, steps + 1)[:-1]] + [0.0]
    if schedule == "simple":
        stride = len(model.table) / steps
        return [float(model.table[-(1 + int(at * stride))]) for at in range(steps)] + [0.0]
    if schedule == "karras":
        first, last = float(model.table[-1]) ** (1 / 7), float(model.table[0]) ** (1 / 7)
        return [(first + at / (steps - 1) * (last - first)) ** 7 for at in range(steps)] + [0.0]
    raise ValueError(schedule)


def list_tail(model: NoiseModel, schedule: str, steps: int, denoise: float) -> list[float]:
    """Return the levels that are visited: all, or the tail of more steps for a part of the noise."""
    if denoise > 0.9999:
        return list_sigmas(model, schedule, steps)
    return list_sigmas(model, schedule, int(steps / denoise))[-(steps + 1) :]


def step_euler(predict: Callable[[Tensor, float], Tensor], x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Take Euler's steps."""
    for now, then in itertools.pairwise(sigmas):
        x = x + (x - predict(x, now)) / now * (then - now)
    return x


def step_heun(predict: Callable[[Tensor, float], Tensor], x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Take Heun's steps; the last is Euler's."""
    for now, then in itertools.pairwise(sigmas):
        slope = (x - predict(x, now)) / now
        guess = x + slope * (then - now)
        x = guess if then == 0 else x + (slope + (guess - predict(guess, then)) / then) / 2 * (then - now)
    return x


def step_dpmpp_2m(predict: Callable[[Tensor, float], Tensor], x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Take the steps of DPM-Solver++(2M)."""
    older: Tensor | None = None
    for at, (now, then) in enumerate(itertools.pairwise(sigmas)):
        clean = predict(x, now)
        if then == 0:
            x = clean
        else:
            span = math.log(now / then)
            mixed = clean
            if older is not None:
                ratio = math.log(sigmas[at - 1] / now) / span
                mixed = (1 + 1 / (2 * ratio)) * clean - older / (2 * ratio)
            x = then / now * x - math.expm1(-span) * mixed
        older = clean
    return x


SOLVERS = {"euler": step_euler, "ddim": step_euler, "heun": step_heun, "dpmpp_2m": step_dpmpp_2m}


def make_noise(seed: int, shape: Sequence[int]) -> Tensor:
    """Return noise as ComfyUI makes it: on the CPU, from a generator with the seed."""
    return torch.randn(tuple(shape), generator=torch.manual_seed(seed), dtype=torch.float32, device="cpu")


def sample(
    model: NoiseModel,
    latent: Tensor,
    *,
    seed: int,
    sampler: str,
    sigmas: Sequence[float],
    scale: float,
    noise: bool = True,
) -> Tensor:
    """Sample a latent."""
    made = make_noise(seed, latent.shape) if noise else torch.zeros_like(latent)
    x = model.add_noise(latent, made, sigmas[0]) if noise else latent
    return SOLVERS[sampler](lambda one, sigma: model.predict(one, sigma, scale), x.float(), list(sigmas)).float()


def open_pipeline(path: Path) -> Any:
    """Open a pipeline of diffusers."""
    import diffusers

    return diffusers.DiffusionPipeline.from_pretrained(str(path), local_files_only=True)
