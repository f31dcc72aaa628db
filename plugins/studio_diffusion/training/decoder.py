"""The decoder alone, trained on until its edges are crisp; the encoder is frozen, so latents stay what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.autoencoder import (
    draw_test_pictures,
    draw_training_pictures,
    measure_psnr,
    reconstruct,
    to_network,
)
from studio_diffusion.training.critic import (
    FEATURES,
    Critic,
    balance,
    compare_features,
    compare_pictures,
    create_optimizer,
    score_critic,
)
from studio_diffusion.training.sampling import write_sheet
from studio_diffusion.training.sharpness import measure_sharpness
from studio_diffusion.training.slices import Averaged, Requests, Slice, take_step

CRISP = "vae_crisp"
"""The folder of the autoencoder with the crisp decoder, beside `vae`."""
_ALONE = 0.15  # share of the budget before the critic is listened to


def train_decoder(
    artwork: Artwork,
    model: Any,
    judge: Any,
    folder: Path,
    requests: Requests,
    *,
    minutes: float,
    steps: int,
    device: str,
    batch: int,
    seed: int,
) -> dict[str, Any]:
    """Train the decoder of an autoencoder on for a budget, and save the whole as `folder/vae_crisp`.

    Args:
        model: The trained autoencoder; it is changed.
        judge: What knows the artwork; it stays as it is.

    Returns:
        Steps, pictures seen, minutes, and of held-out scenes the PSNR in dB and the sharpness, before and after.
    """
    torch.manual_seed(seed)
    critic = Critic().to(device)
    model.requires_grad_(False).to(device, memory_format=torch.channels_last)
    judge.requires_grad_(False)
    parameters = list(model.decoder.requires_grad_(True).parameters())
    painters, critics = [create_optimizer(parameters, 2e-4)], [create_optimizer(list(critic.parameters()), 2e-4)]
    averaged = Averaged(parameters, 0.998)
    test = draw_test_pictures(artwork)
    before = _measure(model, test, device)
    modules = {"decoder": model.decoder, "critic": critic}
    run = Slice(
        "decoder", folder, modules, [*painters, *critics], averaged, requests, minutes=minutes, steps=steps, decay=0.5
    )
    per_pool = 1000 * 64**2 // artwork.side**2
    pool = np.empty((0,))
    while not run.is_done():
        if run.step % per_pool == 0 or not len(pool):
            pool = draw_training_pictures(
                artwork, 10 * per_pool, np.random.default_rng((seed, 3, run.step // per_pool))
            )
        drawn = to_network(pool[torch.randint(0, len(pool), (batch,)).numpy()], device)
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            with torch.no_grad():
                latents = model.encode(drawn).latent_dist.mode()
                latents = latents + 0.05 * latents.std() * torch.randn_like(latents)
            made = model.decode(latents).sample.float()
            loss = compare_pictures(made, drawn) + FEATURES * compare_features(judge, made, drawn)
            if run.pace.progress(run.step) > _ALONE:
                loss = balance(loss, -critic(made).mean(), model.decoder.conv_out.weight)
        scale = run.pace.scale(run.step)
        take_step(loss, painters, scale)
        take_step(score_critic(critic, made, drawn), critics, scale)
        run.advance()
        if run.step % 200 == 0:
            averaged.swap()
            print(f"decoder step {run.step} {run.pace.seconds:.0f} s {_measure(model, test, device)}", flush=True)
            write_sheet(folder / "decoder.png", np.concatenate([test[:12], reconstruct(model, test[:12], device)]), 12)
            averaged.swap()
    run.save()
    averaged.swap()
    model.save_pretrained(folder / CRISP)
    facts = {"steps": run.step, "pictures": run.step * batch, "minutes": round(run.pace.seconds / 60, 1)}
    after = _measure(model, test, device)
    return facts | after | {f"{name} before": value for name, value in before.items()}


def _measure(model: Any, pictures: np.ndarray, device: str) -> dict[str, float]:
    made = np.concatenate([reconstruct(model, pictures[i : i + 32], device) for i in range(0, len(pictures), 32)])
    return {
        "psnr": round(measure_psnr(model, pictures, device), 2),
        "sharpness": round(measure_sharpness(list(made), list(pictures)), 3),
    }
