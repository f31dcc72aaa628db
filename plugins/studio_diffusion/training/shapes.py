"""Plain shapes, drawn as pictures with transparency."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw


def draw_shape(kind: str, side: int) -> Image.Image:
    """Draw one of `SHAPES` in gray, RGBA, side x side."""
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    a, b, c = side * 0.06, side * 0.94, side * 0.5
    if kind == "circle":
        draw.ellipse([a, a, b, b], fill=255)
    elif kind == "oval":
        draw.ellipse([a, a + side * 0.2, b, b - side * 0.2], fill=255)
    elif kind == "square":
        draw.rectangle([a * 1.5, a * 1.5, side - a * 1.5, side - a * 1.5], fill=255)
    elif kind == "triangle":
        draw.polygon([(c, a), (b, b), (a, b)], fill=255)
    elif kind == "diamond":
        draw.polygon([(c, a), (b, c), (c, b), (a, c)], fill=255)
    elif kind == "hexagon":
        turns = np.radians(np.arange(6) * 60 - 90)
        draw.polygon([(c + (c - a) * np.cos(t), c + (c - a) * np.sin(t)) for t in turns], fill=255)
    elif kind == "cross":
        draw.rectangle([c - side * 0.14, a, c + side * 0.14, b], fill=255)
        draw.rectangle([a, c - side * 0.14, b, c + side * 0.14], fill=255)
    else:
        raise ValueError(kind)
    picture = Image.new("RGBA", (side, side), (140, 140, 140, 0))
    picture.putalpha(mask)
    return picture
