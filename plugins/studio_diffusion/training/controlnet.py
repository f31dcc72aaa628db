"""The ControlNet of the small model (Zhang et al. 2023, in the Stable Diffusion 3 classes): line drawings to pictures.

It begins as a copy of the generator's first blocks and reads the sketch, white lines on black, as a latent.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.generator import (
    CountedJointAttention,
    Pool,
    draw_attention_bias,
    draw_noise_levels,
)
from studio_diffusion.training.slices import Averaged, Requests, Slice, create_optimizers, take_step
from studio_diffusion.training.text import encode, tokenize


def create_controlnet(transformer: Any, layers: int) -> Any:
    """Return a ControlNet that begins as the transformer's first blocks."""
    from diffusers import SD3ControlNetModel

    # a copy, because diffusers writes the number of layers into the configuration that it is given
    given = copy.deepcopy(transformer)
    return SD3ControlNetModel.from_transformer(given, num_layers=layers, num_extra_conditioning_channels=0)


def train_controlnet(
    artwork: Artwork,
    words: Sequence[str],
    tokenizer: Any,
    vae: Any,
    transformer: Any,
    encoders: Sequence[Any],
    folder: Path,
    requests: Requests,
    *,
    minutes: float,
    steps: int,
    device: str,
    batch: int,
    seed: int,
    layers: int,
    pool_size: int,
    compiled: bool,
) -> dict[str, Any]:
    """Train the ControlNet for a budget of minutes, everything else frozen, and save it as `folder/sketch`.

    Returns:
        Steps, scenes seen and minutes.
    """
    torch.manual_seed(seed)
    network = create_controlnet(transformer, layers).to(device)
    for module in (transformer, *encoders):
        module.requires_grad_(False).to(device)
    transformer.set_attn_processor(CountedJointAttention())
    for block in network.transformer_blocks:
        block.attn.set_processor(CountedJointAttention())
    optimizers = create_optimizers([network], 1.5e-3)
    averaged = Averaged(network.parameters(), 0.998)
    run = Slice("controlnet", folder, {"sketch": network}, optimizers, averaged, requests, minutes=minutes, steps=steps)
    empty = tokenize(tokenizer, [""])[0]

    def compute_loss(
        latents: torch.Tensor,
        sketches: torch.Tensor,
        noise: torch.Tensor,
        levels: torch.Tensor,
        hidden: torch.Tensor,
        pooled: torch.Tensor,
        bias: torch.Tensor,
    ) -> torch.Tensor:
        share = levels.view(-1, 1, 1, 1)
        given: dict[str, Any] = {
            "hidden_states": (1 - share) * latents + share * noise,
            "timestep": levels * 1000,
            "encoder_hidden_states": hidden,
            "joint_attention_kwargs": {"attention_mask": bias},
            "return_dict": False,
        }
        control = network(controlnet_cond=sketches, pooled_projections=torch.zeros_like(pooled), **given)[0]
        found = transformer(block_controlnet_hidden_states=control, pooled_projections=pooled, **given)[0]
        return functional.mse_loss(found.float(), noise - latents)

    loss_of = torch.compile(compute_loss) if compiled else compute_loss
    pool = Pool(artwork, words, tokenizer, vae, pool_size, (seed, 2), device=device, sketched=True)
    assert pool.sketches is not None
    losses: list[float] = []
    while not run.is_done():
        choice = torch.randint(0, len(pool), (batch,))
        latents = pool.latents[choice].to(device).float()
        sketches = pool.sketches[choice].to(device).float()
        ids = pool.ids[choice].clone()
        # some without words, so that the lines must be read
        ids[torch.rand(batch) < 0.3] = empty
        bias = draw_attention_bias(latents, ids, (seed, run.step, 1))
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            with torch.no_grad():
                hidden, pooled = encode(encoders, ids.to(device))
                hidden = torch.cat([hidden, torch.zeros_like(hidden[:, :1])], 1)
            levels = draw_noise_levels(batch, device)
            loss = loss_of(latents, sketches, torch.randn_like(latents), levels, hidden, pooled, bias)
        take_step(loss, optimizers, run.pace.scale(run.step, 100))
        losses.append(loss.item())
        run.advance()
        if run.step % 100 == 0:
            print(f"controlnet step {run.step} {run.pace.seconds:.0f} s loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
    run.save()
    averaged.swap()
    network.save_pretrained(folder / "sketch")
    averaged.swap()
    return {"steps": run.step, "scenes": run.step * batch, "minutes": round(run.pace.seconds / 60, 1)}
