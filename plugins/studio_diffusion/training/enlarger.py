"""The enlarger of the small model: 128 x 128 pixels to 512 x 512, trained on the artwork where it is fine enough.

The 3D artwork has 256 pixels, so things are drawn at most half as large as the picture. What is enlarged is, every
other time, what the autoencoder makes of a picture: so it learns to mend what the generator's pictures lack.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from studio.api import replace_file
from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.autoencoder import reconstruct
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
from studio_diffusion.training.scenes import Scene, Scenes
from studio_diffusion.training.sharpness import measure_sharpness
from studio_diffusion.training.slices import Averaged, Requests, Slice, create_optimizers, take_step

SCALE = 4
LARGEST = 0.5
"""The largest side of a thing, as a share of the picture's side."""
WIDTH, BLOCKS = 64, 6
_PATCH, _POOL, _PER_POOL = 40, 160, 400
_ALONE = 0.5  # share of the budget before the critic is listened to
# styles whose lines are as wide at every size
_STYLES = {"sticker": 2, "silhouette": 1, "pixel art": 1}


class Enlarger(nn.Module):
    """Convolutions on top of bicubic interpolation: what `upscale.image` reads as a compact network of three planes."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.width, self.blocks = width, blocks
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2 * blocks))
        self.tail = nn.Conv2d(width, 3 * SCALE**2, 3, padding=1)
        self.tail.weight.data *= 0.1  # begins by adding almost nothing
        assert self.tail.bias is not None
        nn.init.zeros_(self.tail.bias)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Enlarge pictures, N x 3 x height x width, 0..1."""
        features = functional.leaky_relu(self.head(pictures - 0.5), 0.1)
        for first, second in zip(self.body[::2], self.body[1::2], strict=True):
            inner = functional.leaky_relu(first(features), 0.1)
            features = features + functional.leaky_relu(second(inner), 0.1)
        detail = functional.pixel_shuffle(self.tail(features), SCALE).float()
        return functional.interpolate(pictures.float(), scale_factor=SCALE, mode="bicubic") + detail


def draw_fine_scenes(artwork: Artwork, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw scenes in which nothing is larger than its artwork: count x side x side x 3, uint8.

    Args:
        artwork: Draws pictures of four times the generator's side.
        count: How many.
        rng: Where the choices come from.
    """
    scenes = Scenes(artwork.names, styles=_STYLES)
    return np.stack([artwork.draw(_make_small(scenes.make(rng), rng)) for _ in range(count)])


def _make_small(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return a scene with its things no larger than `LARGEST`, one alone anywhere."""
    things = []
    for thing in scene.things:
        size = min(thing.size, LARGEST * float(rng.uniform(0.7, 1)))
        x, y = thing.x, thing.y
        if len(scene.things) == 1:
            x = float(rng.uniform(0.25, 0.75))
            y = y if thing.stands else float(rng.uniform(0.25, 0.75))
        things.append(dataclasses.replace(thing, size=size, x=x, y=y))
    return dataclasses.replace(scene, things=tuple(things))


class Pairs:
    """Scenes, and what is left of them four times smaller: drawn, and as the autoencoder gives them back.

    Attributes:
        large: count x side x side x 3, uint8.
        small: count x 2 x (side / 4) x (side / 4) x 3, uint8; first as drawn, then through the autoencoder.
    """

    def __init__(self, artwork: Artwork, vae: Any, count: int, seed: tuple[int, ...], device: str) -> None:
        self.large = draw_fine_scenes(artwork, count, np.random.default_rng(seed))
        side = artwork.side // SCALE
        drawn = np.stack([cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in self.large])
        back = np.concatenate([reconstruct(vae, drawn[i : i + 16], device) for i in range(0, count, 16)])
        self.small = np.stack([drawn, back], 1)

    def cut(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return patches of the small and of the large pictures, both count x side x side x 3, uint8."""
        small, large = [], []
        for _ in range(count):
            number, kind = int(rng.integers(len(self.large))), int(rng.integers(2))
            y, x = (int(at) for at in rng.integers(0, self.small.shape[2] - _PATCH + 1, 2))
            given = self.small[number, kind, y : y + _PATCH, x : x + _PATCH]
            wanted = self.large[number, SCALE * y : SCALE * (y + _PATCH), SCALE * x : SCALE * (x + _PATCH)]
            turn = slice(None, None, -1 if rng.random() < 0.5 else 1)
            small.append(given[:, turn])
            large.append(wanted[:, turn])
        return np.stack(small), np.stack(large)


def train_enlarger(
    artwork: Artwork,
    vae: Any,
    judge: Any,
    folder: Path,
    requests: Requests,
    *,
    minutes: float,
    steps: int,
    device: str,
    batch: int,
    seed: int,
    pool_size: int = _POOL,
) -> dict[str, Any]:
    """Train the enlarger for a budget, and save it as `folder/enlarger.safetensors`.

    Args:
        artwork: Draws pictures of four times the generator's side.
        vae: The autoencoder.
        judge: What knows the artwork; it stays as it is.

    Returns:
        Steps, patches seen, minutes, and of held-out scenes PSNR in dB and sharpness, of it and of interpolation.
    """
    torch.manual_seed(seed)
    network, critic = Enlarger().to(device), Critic().to(device)
    vae.requires_grad_(False).to(device)
    judge.requires_grad_(False)
    painters = create_optimizers([network], 8e-4)
    critics = [create_optimizer(list(critic.parameters()), 2e-4)]
    averaged = Averaged(network.parameters(), 0.999)
    test = Pairs(artwork, vae, min(48, pool_size), (10_000_019,), device)
    modules = {"enlarger": network, "critic": critic}
    run = Slice(
        "enlarger", folder, modules, [*painters, *critics], averaged, requests, minutes=minutes, steps=steps, decay=0.4
    )
    pairs: Pairs | None = None
    while not run.is_done():
        if pairs is None or run.step % _PER_POOL == 0:
            pairs = Pairs(artwork, vae, pool_size, (seed, 4, run.step // _PER_POOL), device)
        small, large = pairs.cut(batch, np.random.default_rng((seed, 5, run.step)))
        given, drawn = _to_network(small, device), 2 * _to_network(large, device) - 1
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            made = 2 * network(given) - 1
            loss = compare_pictures(made, drawn) + FEATURES * compare_features(judge, made, drawn)
            if run.pace.progress(run.step) > _ALONE:
                loss = balance(loss, -critic(made).mean(), network.tail.weight)
        scale = run.pace.scale(run.step)
        take_step(loss, painters, scale)
        take_step(score_critic(critic, made, drawn), critics, scale)
        run.advance()
        if run.step % 200 == 0:
            averaged.swap()
            print(f"enlarger step {run.step} {run.pace.seconds:.0f} s {_measure(network, test, device)}", flush=True)
            _write_sheet(folder / "enlarger.png", network, test, device)
            averaged.swap()
    run.save()
    averaged.swap()
    save_enlarger(network, folder / "enlarger.safetensors")
    facts = {"steps": run.step, "patches": run.step * batch, "minutes": round(run.pace.seconds / 60, 1)}
    return facts | _measure(network, test, device)


def save_enlarger(network: Enlarger, path: Path) -> None:
    """Write the network as `upscale.image` reads it: fp16 safetensors that say what is in them."""
    from safetensors.torch import save_file

    described = {"prefix": "art.", "width": network.width, "blocks": network.blocks, "scales": [SCALE]}
    described |= {"coded": 0, "planes": 3}
    own = {name.replace("tail.", f"tails.{SCALE}."): tensor for name, tensor in network.state_dict().items()}
    tensors = {f"art.{name}": tensor.half().contiguous() for name, tensor in own.items()}
    facts = json.dumps({"networks": [described], "fast": False}, sort_keys=True)
    with replace_file(path) as part:
        save_file(tensors, part, metadata={"studio_upscale": facts})
        part.chmod(0o644)  # safetensors writes for the owner alone


def _to_network(pictures: np.ndarray, device: str) -> torch.Tensor:
    """Turn uint8 pictures into a batch of 0..1, channels first."""
    batch = torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2)
    return batch.float().div(255).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def enlarge(network: Callable[[torch.Tensor], torch.Tensor], pictures: np.ndarray, device: str) -> np.ndarray:
    """Enlarge uint8 pictures one by one."""
    made = [network(_to_network(picture[None], device)) for picture in pictures]
    return torch.cat(made).mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def _interpolate(pictures: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(pictures, scale_factor=SCALE, mode="bicubic")


def _measure(network: Enlarger, test: Pairs, device: str) -> dict[str, float]:
    """Return PSNR and sharpness of what the autoencoder gives back, enlarged and interpolated."""
    given, drawn = test.small[:, 1], test.large
    found = {}
    for name, how in (("", network), (", interpolated", _interpolate)):
        made = enlarge(how, given, device)
        errors = ((made.astype(np.float32) - drawn) / 255) ** 2
        psnr = -10 * np.log10(np.maximum(errors.mean((1, 2, 3)), 1e-9))
        found[f"psnr{name}"] = round(float(psnr.mean()), 2)
        found[f"sharpness{name}"] = round(measure_sharpness(list(made), list(drawn)), 3)
    return found


def _write_sheet(path: Path, network: Enlarger, test: Pairs, device: str, count: int = 6) -> None:
    given = test.small[:count, 1]
    rows = [enlarge(_interpolate, given, device), enlarge(network, given, device), test.large[:count]]
    write_sheet(path, np.concatenate(rows), count)
