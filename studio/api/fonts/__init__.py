"""Fonts that plugins share: `UNIVERSAL_FONT`."""

from pathlib import Path

__all__ = ["UNIVERSAL_FONT"]

UNIVERSAL_FONT = Path(__file__).parent / "DejaVuSans.ttf"
"""DejaVu Sans, 5,900 characters: Latin, Greek, Cyrillic and more. Its license is `LICENSE-DejaVu.txt` beside it."""
