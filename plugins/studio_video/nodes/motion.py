"""Node types that look at how things move: more frames a second, less noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NODE_TYPES: list[Callable[..., Any]] = []
