"""Node types that say what is in a film."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NODE_TYPES: list[Callable[..., Any]] = []
