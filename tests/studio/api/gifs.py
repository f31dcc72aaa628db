"""GIF files written by hand, image by image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image

from studio.api.formats import gif

PALETTE = bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
"""Color 0 is not drawn, 1 is red, 2 green, 3 blue."""


def write_gif(path: Path, images: list[tuple[list[str], int, int]], at: tuple[int, int] = (0, 0)) -> None:
    """Images of rows such as "1120", each with its disposal and its delay in hundredths of a second."""
    height, width = len(images[0][0]), len(images[0][0][0])
    parts = [gif.build_head(width, height, PALETTE, loop=True)]
    for index, (rows, disposal, delay) in enumerate(images):
        array = np.array([[int(letter) for letter in row] for row in rows], np.uint8)
        blocks = PIL.Image.fromarray(array).tobytes("gif", "L", 2, 0) + b"\0"
        left, top = at if index else (0, 0)
        place = left, top, array.shape[1], array.shape[0]
        parts.append(gif.build_image(gif.GifImage(*place, False, b"", 0, disposal, delay, 2, blocks)))
    path.write_bytes(b"".join(parts) + b";")
