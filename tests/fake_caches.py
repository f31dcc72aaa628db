"""Caches for tests: opened on a folder, filled with values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Image
from studio.api.builtin import create_builtin_value_types
from studio.cache import Action, Cache

SMALL, LARGE = 8, 128  # sides of images that lie in the table, and in a file


def open_cache(folder: Path, limit_bytes: int = 2**30, memory_bytes: int = 0) -> Cache:
    """Return a cache that keeps nothing in memory."""
    return Cache(create_builtin_value_types(), memory_bytes=memory_bytes, folder=folder, limit_bytes=limit_bytes)


def create_image(seed: int, side: int = LARGE) -> Image:
    """Return an image of noise."""
    return Image(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def record(cache: Cache, value: Any, name: str = "1") -> Action:
    """Record a value as the output of something; wait until it is written."""
    digest = cache.digest(value)
    action = Action(name.rjust(64, "0"), "fake.make", {"value": digest}, {"version": "1.0"}, 0.5)
    cache.record(action, {digest: value})
    cache.flush()
    assert cache.take_errors() == []
    return action
