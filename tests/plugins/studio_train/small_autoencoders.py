"""Small images of one kind, and autoencoders of them."""

from __future__ import annotations

from pathlib import Path

import torch

from studio.api import Image
from studio_train.autoencoders.file import save_autoencoder
from studio_train.autoencoders.linear import fit_linear
from studio_train.autoencoders.model import Autoencoder, measure
from studio_train.autoencoders.pictures import make_images


def make_waves(count: int, *, rows: int = 16, columns: int = 16, seed: int = 0) -> torch.Tensor:
    """Return images of one wave each, which differ in phase, brightness and color: count x 3 x rows x columns."""
    numbers = torch.rand((count, 5), generator=torch.Generator().manual_seed(seed))
    phase, bright, colors = numbers[:, 0] * 2 * torch.pi, numbers[:, 1] * 0.2 + 0.4, numbers[:, 2:] * 0.1 - 0.05
    across = torch.arange(columns) / columns * 2 * torch.pi
    waves = bright[:, None] + 0.1 * torch.sin(across + phase[:, None])
    batch = waves[:, None, None] + colors[:, :, None, None]
    return batch.expand(count, 3, rows, columns).clamp(0, 1).contiguous()


def make_wave_images(count: int, *, rows: int = 16, columns: int = 16, seed: int = 0) -> list[Image]:
    """Return the same as images."""
    return make_images(make_waves(count, rows=rows, columns=columns, seed=seed))


def make_autoencoder(size: int = 16, components: int = 6) -> Autoencoder:
    """Return principal components of thirty waves, measured on ten others."""
    waves = make_waves(40, rows=size, columns=size)
    coder = fit_linear(waves[:30], components)
    return Autoencoder("linear", (size, size), coder, measure(coder, waves[:30], waves[30:]))


def write_autoencoder(path: Path, size: int = 16) -> Path:
    """Write the file of one; return its path."""
    save_autoencoder(make_autoencoder(size), path)
    return path
