"""Fonts that plugins share: `LABEL_FONT` and `UNIVERSAL_FONT`."""

from pathlib import Path

__all__ = ["LABEL_FONT", "UNIVERSAL_FONT"]

LABEL_FONT = Path(__file__).parent / "LeagueSpartan-Regular.otf"
"""League Spartan, Latin: labels of grids and contact sheets. Its license is `LICENSE-LeagueSpartan.txt` beside it."""

UNIVERSAL_FONT = Path(__file__).parent / "DejaVuSans.ttf"
"""DejaVu Sans, 5,900 characters: Latin, Greek, Cyrillic and more. Its license is `LICENSE-DejaVu.txt` beside it."""
