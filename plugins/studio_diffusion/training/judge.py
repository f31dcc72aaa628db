"""The judge: a small classifier of the artwork, trained on drawn scenes alone, never on generated pictures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.autoencoder import to_network
from studio_diffusion.training.backgrounds import PLACES, VARIANTS
from studio_diffusion.training.scenes import Scene, Thing
from studio_diffusion.training.slices import Requests, Stopped
from studio_diffusion.training.vocabulary import COLORS, GRADIENT

BLANK = "(nothing)"


class Judge(nn.Module):
    """Says which thing a picture shows, of 64 x 64 or 128 x 128; one class is a blank picture."""

    def __init__(self, words: Sequence[str], side: int = 64) -> None:
        super().__init__()
        self.words = [BLANK, *words]
        sizes = (3, 32, 64, 96, 160) if side == 64 else (3, 16, 32, 64, 96, 160)
        blocks = [
            nn.Sequential(
                nn.Conv2d(a, b, 3, 2, 1),
                nn.BatchNorm2d(b),
                nn.ReLU(),
                nn.Conv2d(b, b, 3, 1, 1),
                nn.BatchNorm2d(b),
                nn.ReLU(),
            )
            for a, b in itertools.pairwise(sizes)
        ]
        self.features = nn.Sequential(*blocks)
        self.answer = nn.Linear(sizes[-1] * 16, len(self.words))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return scores, count x words."""
        scores: torch.Tensor = self.answer(functional.dropout(self.features(pictures).flatten(1), 0.3, self.training))
        return scores


def draw_examples(
    artwork: Artwork, words: Sequence[str], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw single things that fill most of the frame, and blank pictures; labels count from 1, 0 is blank."""
    pictures, labels = [], []
    for _ in range(count):
        number = int(rng.integers(-1, len(words)) + 1) if rng.random() < 0.5 else int(rng.integers(1, len(words) + 1))
        background = _choose_background(rng)
        things: tuple[Thing, ...] = ()
        if number:
            color = str(rng.choice(list(COLORS))) if rng.random() < 0.35 else ""
            color = "" if color in background.split() else color
            x, y = 0.5 + rng.uniform(-0.06, 0.06, 2)
            size = round(rng.uniform(0.70, 1.0) * 32) / 32
            things = (Thing(words[number - 1], color, size, x, y, int(rng.choice([-8, -4, 0, 0, 4, 8]))),)
        variant = int(rng.integers(VARIANTS)) if background in PLACES else 0
        pictures.append(artwork.draw(Scene("", things, background, variant=variant)))
        labels.append(number)
    return np.stack(pictures), np.array(labels)


def _choose_background(rng: np.random.Generator) -> str:
    """Choose a color, a gradient, a place or nothing."""
    names, draw = [*COLORS], rng.random()
    if draw < 0.3:
        return str(rng.choice(names))
    if draw < 0.4:
        return f"{' and '.join(rng.choice(names, 2, replace=False))} {GRADIENT}"
    return str(rng.choice([*PLACES])) if draw < 0.65 else ""


def _degrade(batch: torch.Tensor) -> torch.Tensor:
    """Blur and noise some pictures, so that softness alone does not lower a score."""
    soft = functional.avg_pool2d(batch, 3, 1, 1, count_include_pad=False)
    blurred = torch.where(torch.rand(len(batch), 1, 1, 1, device=batch.device) < 0.4, soft, batch)
    return blurred + torch.rand(len(batch), 1, 1, 1, device=batch.device) * 0.08 * torch.randn_like(batch)


def train_judge(
    artwork: Artwork, words: Sequence[str], folder: Path, requests: Requests, *, device: str, steps: int, seed: int
) -> dict[str, Any]:
    """Train the judge and save it as `folder/judge.safetensors`.

    Returns:
        Its accuracy on drawn scenes that it was not trained on.
    """
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    judge = Judge(words, artwork.side)
    place: Callable[..., nn.Module] = judge.to  # torch's own annotations leave out memory_format
    place(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.02)
    count = 16_000 * 64**2 // artwork.side**2
    pictures, labels = draw_examples(artwork, words, count, np.random.default_rng((seed, 0)))
    for step in range(steps):
        if step and step % (count // 16) == 0:
            pictures, labels = draw_examples(artwork, words, count, np.random.default_rng((seed, 0, step)))
        if requests.is_stop():
            raise Stopped(f"judge stopped at step {step}; it starts again")
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps)
        choice = torch.randint(0, len(pictures), (64,)).numpy()
        target = torch.from_numpy(labels[choice]).to(device)
        with torch.autocast(device.partition(":")[0], torch.bfloat16):
            scores = judge(_degrade(to_network(pictures[choice], device)))
        loss = functional.cross_entropy(scores.float(), target, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    judge.eval()
    pictures, labels = draw_examples(artwork, words, 1_000, np.random.default_rng((seed, 1)))
    ranks = rank(judge, pictures, device)
    found = float((ranks[:, 0] == labels).mean())
    save_file({k: t.contiguous() for k, t in judge.state_dict().items()}, folder / "judge.safetensors")
    return {"judge_top1": round(found, 4), "judge_words": len(words), "steps": steps}


def load_judge(words: Sequence[str], folder: Path, device: str, side: int = 64) -> Judge:
    """Load a judge that `train_judge` saved."""
    from safetensors.torch import load_file

    judge = Judge(words, side)
    judge.load_state_dict(load_file(folder / "judge.safetensors"))
    return judge.to(device).eval()


@torch.no_grad()
def rank(judge: Judge, pictures: np.ndarray, device: str, best: int = 5) -> np.ndarray:
    """Return the numbers of the best classes for uint8 pictures, count x best."""
    parts = [judge(to_network(pictures[i : i + 250], device)).topk(best, 1)[1] for i in range(0, len(pictures), 250)]
    return torch.cat(parts).cpu().numpy()
