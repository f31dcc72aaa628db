"""The words for where a visible sign is, and when a sign is heard."""

from __future__ import annotations

from typing import Literal

Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]
Moment = Literal["start", "end", "both"]
