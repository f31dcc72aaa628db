"""The autoencoder of the small model: 64 x 64 x 3 to 16 x 16 x 8 and back (stock `AutoencoderKL`, factor 4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from studio_diffusion.training.artwork import Artwork, Scenes, trace_sketch
from studio_diffusion.training.slices import (
    Averaged,
    Pace,
    create_optimizers,
    load_checkpoint,
    save_checkpoint,
    take_step,
)


def create_autoencoder() -> Any:
    """Return an untrained autoencoder, 1.9 million weights."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(32, 64, 96),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=8,
        sample_size=64,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def draw_training_pictures(artwork: Artwork, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw pictures of everything the artwork has, and sketches of them: count x side x side x 3, uint8."""
    scenes = Scenes(artwork.names)
    pictures = []
    for _ in range(count):
        picture = artwork.draw(scenes.make(rng, (0.5, 0.15, 0.1, 0.25)))
        pictures.append(trace_sketch(picture, rng) if rng.random() < 0.08 else picture)
    return np.stack(pictures)


def to_network(pictures: np.ndarray, device: str) -> torch.Tensor:
    """Turn uint8 pictures into a batch of -1..1, channels first."""
    batch = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2)
    return batch.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def measure_psnr(model: Any, pictures: np.ndarray, device: str) -> float:
    """Return the mean peak signal-to-noise ratio of the reconstructions, in dB."""
    values = []
    with torch.no_grad():
        for start in range(0, len(pictures), 64):
            batch = to_network(pictures[start : start + 64], device)
            back = model.decode(model.encode(batch).latent_dist.mode()).sample.clamp(-1, 1)
            errors = ((back - batch) / 2).square().mean((1, 2, 3))
            values.append(-10 * errors.clamp_min(1e-9).log10())
    return float(torch.cat(values).mean())


def _compute_loss(model: Any, batch: torch.Tensor, noise: float) -> torch.Tensor:
    posterior = model.encode(batch).latent_dist
    latents = posterior.mean + noise * posterior.mean.detach().std() * torch.randn_like(posterior.mean)
    back = model.decode(latents).sample.float()
    loss = functional.mse_loss(back, batch) + 0.05 * functional.l1_loss(back, batch)
    for axis in (2, 3):
        loss = loss + 0.3 * functional.mse_loss(back.diff(dim=axis), batch.diff(dim=axis))
    # some pipelines forget the shift of the latents when they decode: train them to need none
    center = posterior.mean.float().mean((0, 2, 3)).square().mean()
    return loss + 1e-4 * posterior.mean.square().mean() + 0.02 * center


def train_autoencoder(
    artwork: Artwork, folder: Path, *, minutes: float, steps: int, device: str, batch: int, seed: int
) -> dict[str, Any]:
    """Train the autoencoder for a budget of minutes, and save it as `folder/vae`.

    Returns:
        Steps, pictures seen, minutes and the PSNR of held-out scenes, in dB.
    """
    torch.manual_seed(seed)
    model = create_autoencoder().to(device, memory_format=torch.channels_last)
    optimizers = create_optimizers([model], 1.2e-3)
    averaged = Averaged(model.parameters(), 0.998)
    state = load_checkpoint(folder / "autoencoder", {"vae": model}, optimizers, averaged) or {"step": 0, "seconds": 0.0}
    pace, step = Pace(minutes, steps, state["seconds"], decay=0.5), int(state["step"])
    test = draw_training_pictures(artwork, 256, np.random.default_rng(10_000_019))
    pool = np.empty((0,))
    losses: list[float] = []
    while not pace.is_done(step):
        if step % 1000 == 0 or not len(pool):
            pool = draw_training_pictures(artwork, 10_000, np.random.default_rng((seed, step // 1000)))
        choice = torch.randint(0, len(pool), (batch,)).numpy()
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            loss = _compute_loss(model, to_network(pool[choice], device), 0.05)
        take_step(loss, optimizers, pace.scale(step))
        step += 1
        averaged.update(step)
        losses.append(loss.item())
        if step % 200 == 0:
            print(f"autoencoder step {step} {pace.seconds:.0f} s loss {np.mean(losses):.5f}", flush=True)
            losses.clear()
        if step % 800 == 0:
            state = {"step": step, "seconds": pace.seconds}
            save_checkpoint(folder / "autoencoder", {"vae": model}, optimizers, averaged, state)
            averaged.swap()
            print(f"  PSNR {measure_psnr(model, test, device):.2f} dB", flush=True)
            averaged.swap()
    save_checkpoint(
        folder / "autoencoder", {"vae": model}, optimizers, averaged, {"step": step, "seconds": pace.seconds}
    )
    averaged.swap()
    _set_scale(model, test, device)
    model.save_pretrained(folder / "vae")
    psnr = measure_psnr(model, test, device)
    return {"steps": step, "pictures": step * batch, "minutes": round(pace.seconds / 60, 1), "psnr": round(psnr, 2)}


@torch.no_grad()
def _set_scale(model: Any, pictures: np.ndarray, device: str) -> None:
    """Write into the configuration what makes latents of deviation 1, and make the encoder certain of itself.

    The deviation that the encoder states was never trained; pipelines that draw from it would get noise.
    """
    channels = model.config.latent_channels
    model.encoder.conv_out.weight[channels:] = 0
    model.encoder.conv_out.bias[channels:] = -20
    latents = model.encode(to_network(pictures, device)).latent_dist.mode()
    model.register_to_config(shift_factor=0.0, scaling_factor=float(1 / latents.std()))
