"""The node types."""

from __future__ import annotations

import numpy as np
from studio.api import Context, Image, node

from studio_palette.palette import Palette


@node("palette.extract")
def extract_palette(ctx: Context, image: Image, *, count: int = 4) -> Palette:
    """Take colors from the middle row of an image.

    Args:
        image: Image to change.
        count: How many colors.
    """
    row = image.pixels[image.height // 2, :, :3]
    return Palette(row[np.linspace(0, len(row) - 1, count).astype(int)])


@node("palette.paint")
def paint_palette(ctx: Context, palette: Palette, *, size: int = 8) -> Image:
    """Paint the colors side by side.

    Args:
        palette: Colors to paint.
        size: Pixels per color.
    """
    return Image(np.repeat(np.repeat(palette.colors[None], size, axis=0), size, axis=1))
