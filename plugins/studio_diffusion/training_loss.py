"""What a LoRA learns from: noise put on latents, and how far what the denoiser says of them is from what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from studio_diffusion.conditioning import Tensors

_UNIFORM = 0.2  # share of the noise levels that are drawn evenly, so that both ends are learned
_NOISIEST = 0.999

Loss = Callable[[Any, torch.Tensor, Tensors, torch.Generator], torch.Tensor]


def measure_loss(pipeline: Any, latents: torch.Tensor, prompts: Tensors, generator: torch.Generator) -> torch.Tensor:
    """Return the mean squared error of what a denoiser predicts of noisy latents.

    Args:
        pipeline: A pipeline of a class in `LOSSES`.
        latents: batch x channels x rows x columns, float32, on its device.
        prompts: The encoded prompts, by the pipeline's names of its arguments.
        generator: Draws noise and levels, on the CPU, so that every device draws the same.
    """
    return LOSSES[type(pipeline).__name__](pipeline, latents, prompts, generator)


def _draw_noise(latents: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(latents.shape, generator=generator).to(latents)


def _measure_unet(pipeline: Any, latents: torch.Tensor, prompts: Tensors, generator: torch.Generator) -> torch.Tensor:
    """Noise (Ho et al. 2020) or velocity (Salimans and Ho 2022): what the scheduler says that the UNet predicts."""
    import diffusers

    scheduler = diffusers.DDPMScheduler.from_config(pipeline.scheduler.config)
    noise = _draw_noise(latents, generator)
    count = int(scheduler.config["num_train_timesteps"])
    moments = torch.randint(0, count, (len(latents),), generator=generator).to(latents.device)
    noisy = scheduler.add_noise(latents, noise, moments)
    further: dict[str, Any] = {}
    if "pooled_prompt_embeds" in prompts:
        height, width = (int(side) * pipeline.vae_scale_factor for side in latents.shape[2:])
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=latents.device).float()
        pooled = prompts["pooled_prompt_embeds"]
        further["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": sizes.repeat(len(latents), 1).to(pooled)}
    dtype = pipeline.unet.dtype
    said = pipeline.unet(
        noisy.to(dtype), moments, encoder_hidden_states=prompts["prompt_embeds"], return_dict=False, **further
    )[0]
    targets: dict[str, Callable[[], Any]] = {
        "epsilon": lambda: noise,
        "v_prediction": lambda: scheduler.get_velocity(latents, noise, moments),
        "sample": lambda: latents,
    }
    target = targets[scheduler.config["prediction_type"]]()
    return torch.nn.functional.mse_loss(said.float(), target.float())


def _draw_levels(pipeline: Any, count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw noise levels of a flow in (0, 1): logit-normal with the model's shift (Esser et al. 2024), some evenly."""
    levels = torch.sigmoid(torch.randn(count, generator=generator))
    shift = pipeline.scheduler.config.get("shift") or 1.0
    levels = shift * levels / (1 + (shift - 1) * levels)
    evenly = torch.rand(count, generator=generator)
    chosen = torch.rand(count, generator=generator) < _UNIFORM
    return torch.where(chosen, evenly, levels).clamp(1 - _NOISIEST, _NOISIEST)


def _mix(pipeline: Any, latents: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Return noise levels, noisy latents and the flow between latents and noise."""
    noise = _draw_noise(latents, generator)
    levels = _draw_levels(pipeline, len(latents), generator).to(latents)
    share = levels.view(-1, 1, 1, 1)
    return levels, (1 - share) * latents + share * noise, noise - latents


def _measure_sd3(pipeline: Any, latents: torch.Tensor, prompts: Tensors, generator: torch.Generator) -> torch.Tensor:
    """The flow from images to noise (Lipman et al. 2023; Esser et al. 2024)."""
    levels, noisy, flow = _mix(pipeline, latents, generator)
    said = pipeline.transformer(
        hidden_states=noisy.to(pipeline.transformer.dtype),
        timestep=levels * pipeline.scheduler.config["num_train_timesteps"],
        encoder_hidden_states=prompts["prompt_embeds"],
        pooled_projections=prompts["pooled_prompt_embeds"],
        return_dict=False,
    )[0]
    return torch.nn.functional.mse_loss(said.float(), flow.float())


LOSSES: Mapping[str, Loss] = {
    "StableDiffusionPipeline": _measure_unet,
    "StableDiffusionXLPipeline": _measure_unet,
    "StableDiffusion3Pipeline": _measure_sd3,
}
"""How each class of pipelines is trained."""
