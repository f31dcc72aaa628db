"""Node types between films and pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NODE_TYPES: list[Callable[..., Any]] = []
