"""The node types `video.*`, by theme; each is a thin typed function over an algorithm module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio_video.nodes import edit, files, frames, generate, inspect, layers, motion

NODE_TYPES: list[Callable[..., Any]] = [
    *files.NODE_TYPES,
    *edit.NODE_TYPES,
    *layers.NODE_TYPES,
    *frames.NODE_TYPES,
    *inspect.NODE_TYPES,
    *motion.NODE_TYPES,
    *generate.NODE_TYPES,
]
