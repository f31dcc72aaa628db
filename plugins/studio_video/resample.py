"""Images brought to another size: rows and columns apart, cubic, soft where they shrink."""

from __future__ import annotations

import numpy as np

from studio.api import Image
from studio_video.camera import make_kernel
from studio_video.interpolate import to_depth


def resize_image(image: Image, width: int, height: int) -> Image:
    """Return an image in another size; its middle, where the shape differs."""
    if (image.width, image.height) == (width, height):
        return image
    pixels = image.pixels
    columns = min(image.width, image.height * width / height)
    rows = columns * height / width
    across = make_kernel(image.width, width, (image.width - columns) / 2, columns)
    down = make_kernel(image.height, height, (image.height - rows) / 2, rows)
    narrow = np.tensordot(down, pixels, (1, 0))
    made = np.tensordot(narrow, across, (1, 1)).transpose(0, 2, 1)
    return to_depth(np.clip(made, 0.0, 1.0), image.stored.dtype)
