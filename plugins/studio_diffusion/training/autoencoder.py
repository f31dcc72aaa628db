"""The autoencoder of the small model (stock `AutoencoderKL`): a picture to 16 x 16 latents and back.

64 x 64 x 3 becomes 16 x 16 x 8, 128 x 128 x 3 becomes 16 x 16 x 24: the generator has 64 tokens either way.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.critic import compare_pictures
from studio_diffusion.training.sampling import write_sheet
from studio_diffusion.training.scenes import Scenes
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.slices import Averaged, Requests, Slice, create_optimizers, take_step


def create_autoencoder(side: int = 64) -> Any:
    """Return an untrained autoencoder for pictures of 64 pixels (1.9 million weights) or 128 (4.9 million)."""
    from diffusers import AutoencoderKL

    # the first level works at the full size: at 128 pixels it must be narrow to be fast enough on a CPU
    channels, latents = ((32, 64, 96), 8) if side == 64 else ((16, 48, 128, 160), 24)
    return AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        up_block_types=("UpDecoderBlock2D",) * len(channels),
        layers_per_block=1,
        latent_channels=latents,
        norm_num_groups=8,
        sample_size=side,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


# kinds of scenes, in the order of `KINDS`
_SHARES = (0.4, 0.1, 0.08, 0.17, 0.07, 0.18)


def draw_training_pictures(artwork: Artwork, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw pictures of everything the artwork has, and sketches of them: count x side x side x 3, uint8."""
    scenes = Scenes(artwork.names, styles=artwork.styles)
    pictures = []
    for _ in range(count):
        picture = artwork.draw(scenes.make(rng, _SHARES))
        pictures.append(trace_sketch(picture, rng) if rng.random() < 0.08 else picture)
    return np.stack(pictures)


def draw_test_pictures(artwork: Artwork) -> np.ndarray:
    """Draw pictures that no training sees, the same each time."""
    return draw_training_pictures(artwork, 256 * 64 // artwork.side, np.random.default_rng(10_000_019))


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
    loss = compare_pictures(back, batch)
    # some pipelines forget the shift of the latents when they decode: train them to need none
    center = posterior.mean.float().mean((0, 2, 3)).square().mean()
    return torch.add(loss + 1e-4 * posterior.mean.square().mean(), 0.02 * center)


def train_autoencoder(
    artwork: Artwork,
    folder: Path,
    requests: Requests,
    *,
    minutes: float,
    steps: int,
    device: str,
    batch: int,
    seed: int,
    enough: float = math.inf,
) -> dict[str, Any]:
    """Train the autoencoder for a budget, and save it as `folder/vae`.

    Args:
        enough: PSNR of held-out scenes, in dB, at which the training finishes early.

    Returns:
        Steps, pictures seen, minutes and the PSNR of held-out scenes, in dB.
    """
    torch.manual_seed(seed)
    model = create_autoencoder(artwork.side).to(device, memory_format=torch.channels_last)
    optimizers = create_optimizers([model], 1.2e-3)
    averaged = Averaged(model.parameters(), 0.998)
    run = Slice(
        "autoencoder", folder, {"vae": model}, optimizers, averaged, requests, minutes=minutes, steps=steps, decay=0.5
    )
    test = draw_test_pictures(artwork)
    # pools of as many bytes at every size, each for as many steps as there are pictures to show
    per_pool = 1000 * 64**2 // artwork.side**2
    pool = np.empty((0,))
    losses: list[float] = []
    while not run.is_done():
        if run.step % per_pool == 0 or not len(pool):
            rng = np.random.default_rng((seed, run.step // per_pool))
            pool = draw_training_pictures(artwork, 10 * per_pool, rng)
        choice = torch.randint(0, len(pool), (batch,)).numpy()
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            loss = _compute_loss(model, to_network(pool[choice], device), 0.05)
        take_step(loss, optimizers, run.pace.scale(run.step))
        losses.append(loss.item())
        run.advance()
        if run.step % 200 == 0 or run.step in (25, 50, 100):
            psnr = _report(run, model, averaged, test, folder, float(np.mean(losses)), device)
            losses.clear()
            if psnr >= enough:
                run.pace.finish_early(run.step)
    run.save()
    averaged.swap()
    _set_scale(model, test, device)
    model.save_pretrained(folder / "vae")
    psnr = measure_psnr(model, test, device)
    return {
        "steps": run.step,
        "pictures": run.step * batch,
        "minutes": round(run.pace.seconds / 60, 1),
        "psnr": round(psnr, 2),
    }


def _report(
    run: Slice, model: Any, averaged: Averaged, test: np.ndarray, folder: Path, loss: float, device: str
) -> float:
    """Print where the training is, write a sheet of scenes above their reconstructions, and return the PSNR."""
    averaged.swap()
    psnr = measure_psnr(model, test, device)
    shown = test[:12]
    write_sheet(folder / "autoencoder.png", np.concatenate([shown, reconstruct(model, shown, device)]), len(shown))
    averaged.swap()
    print(f"autoencoder step {run.step} {run.pace.seconds:.0f} s loss {loss:.5f} PSNR {psnr:.2f} dB", flush=True)
    return psnr


@torch.no_grad()
def reconstruct(model: Any, pictures: np.ndarray, device: str) -> np.ndarray:
    """Encode uint8 pictures and decode them again."""
    back: torch.Tensor = model.decode(model.encode(to_network(pictures, device)).latent_dist.mode()).sample
    return back.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


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
