"""Node types that read and write films."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NODE_TYPES: list[Callable[..., Any]] = []
