"""How much of a QR code may be damaged."""

from __future__ import annotations

from typing import Literal

Level = Literal["low", "medium", "quartile", "high"]
