"""Previews of running nodes as clients get them: small WebP images in data URLs."""

from __future__ import annotations

import base64
import io

from studio.api import Image, convert_color

SIDE = 384


def encode_preview(image: Image) -> str:
    """Return an image as a data URL, at most 384 pixels a side."""
    import numpy as np
    import PIL.Image

    step = max(1, -(-max(image.width, image.height) // (2 * SIDE)))
    pixels = np.asarray(convert_color(image).pixels)[::step, ::step]
    bytes_ = (np.clip(np.nan_to_num(pixels), 0, 1) * 255 + 0.5).astype(np.uint8)
    small = PIL.Image.fromarray(bytes_[:, :, 0] if bytes_.shape[2] == 1 else bytes_)
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=60, method=0)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
