"""Weights on disk, and a library that finds them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_models import create_library, write_pipeline, write_weights

from studio.runtime.library import Library


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of weights."""
    return write_weights(tmp_path / "net.safetensors")


@pytest.fixture
def library(tmp_path: Path, weights: Path) -> Library:
    """A library with one model in the box."""
    return create_library(tmp_path, net=weights)


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A folder in diffusers format."""
    return write_pipeline(tmp_path / "pipe", unet=1, vae=2)
