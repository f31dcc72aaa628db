"""Thin networks of the real classes with random weights, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from studio_style.networks.adain import create_network
from studio_style.networks.vgg import create_random_features

WIDTHS = (4, 6, 8, 8, 8)


def make_vgg_tensors(prefix: str = "features.") -> dict[str, Any]:
    """Make the weights of a thin VGG-19 as torchvision names them."""
    state = create_random_features(WIDTHS, seed=1).layers.state_dict()
    return {f"{prefix}{key}": value.clone() for key, value in state.items()}


def make_adain_tensors() -> dict[str, Any]:
    """Make the weights of a thin AdaIN."""
    generator = torch.Generator().manual_seed(2)
    state = create_network((4, 6, 8, 8)).state_dict()
    return {key: torch.randn(value.shape, generator=generator) * 0.2 for key, value in state.items()}


def save(tensors: dict[str, Any], path: Path) -> Path:
    """Write weights to a safetensors file."""
    save_file(tensors, str(path))
    return path
