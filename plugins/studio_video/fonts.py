"""Fonts for text in videos."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from studio.api import MediaError
from studio.api.fonts import UNIVERSAL_FONT


@lru_cache(maxsize=16)
def load_font(path: Path | None, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at a size; MediaError E703 if the file is not a font."""
    try:
        return ImageFont.truetype(str(path or UNIVERSAL_FONT), size)
    except (OSError, ValueError):
        raise MediaError("E703", "the font cannot be read", where=str(path), hint="give a .ttf or .otf file") from None
