"""Which part of a picture to cut out."""

from __future__ import annotations

import re

from studio.api import MediaError
from studio_image.anchor import Anchor, place_box

_ASPECT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:[:/x]\s*(\d+(?:\.\d+)?))?\s*")


def parse_aspect(text: str) -> float:
    """Parse "16:9", "4/3" or "1.91" into width over height.

    Raises:
        MediaError: E507 if it is none of these.
    """
    match = _ASPECT.fullmatch(text)
    width, height = (float(match[1]), float(match[2] or 1)) if match else (0.0, 1.0)
    if width <= 0 or height <= 0 or not 1e-4 <= width / height <= 1e4:
        raise MediaError("E507", f"{text[:40]!r} is not an aspect ratio", hint='write it like "16:9" or "1.5"')
    return width / height


def choose_region(
    source: tuple[int, int],
    x: int | None,
    y: int | None,
    width: int | None,
    height: int | None,
    anchor: Anchor,
    aspect: str | None,
) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the part to cut out.

    Raises:
        MediaError: E507 if it reaches outside the picture.
    """
    box = (width or source[0] - (x or 0), height or source[1] - (y or 0))
    if aspect is not None:
        ratio = parse_aspect(aspect)
        if width is not None and height is None:
            box = (width, max(1, round(width / ratio)))
        elif height is not None and width is None:
            box = (max(1, round(height * ratio)), height)
        else:
            box = (max(1, min(box[0], round(box[1] * ratio))), max(1, min(box[1], round(box[0] / ratio))))
    left, top = place_box(box, source, anchor)
    left, top = int(left) if x is None else x, int(top) if y is None else y
    if left < 0 or top < 0 or min(box) < 1 or left + box[0] > source[0] or top + box[1] > source[1]:
        raise MediaError(
            "E507",
            f"a part of {box[0]} x {box[1]} at {left}, {top} reaches outside a picture of {source[0]} x {source[1]}",
            hint="make the part smaller, or add room first with image.frame",
        )
    return left, top, box[0], box[1]
