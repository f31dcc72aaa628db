"""Which part of an image to cut out."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from studio.api import Anchor, Grammar, MediaError, place_box

_ASPECT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:[:/x]\s*(\d+(?:\.\d+)?))?\s*")


def parse_aspect(text: str) -> float:
    """Parse "16:9", "4/3" or "1.91" into width over height.

    Raises:
        MediaError: E507 if it has none of these forms.
    """
    match = _ASPECT.fullmatch(text)
    width, height = (float(match[1]), float(match[2] or 1)) if match else (0.0, 1.0)
    if width <= 0 or height <= 0 or not 1e-4 <= width / height <= 1e4:
        raise MediaError("E507", f"invalid aspect ratio {text[:40]!r}", hint='write it like "16:9" or "1.5"')
    return width / height


Aspect: TypeAlias = Annotated[str, Grammar("an aspect ratio", parse_aspect)]
"""A ratio of width to height as text."""


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
        MediaError: E507 if it reaches outside the image.
    """
    box = (width or source[0] - (x or 0), height or source[1] - (y or 0))
    if aspect is not None:
        box = _fit_aspect(box, parse_aspect(aspect), width, height)
    left, top = place_box(box, source, anchor)
    left, top = int(left) if x is None else x, int(top) if y is None else y
    if not _is_inside(source, left, top, *box):
        raise MediaError(
            "E507",
            f"a part of {box[0]} x {box[1]} at {left}, {top} reaches outside an image of {source[0]} x {source[1]}",
            hint="make the part smaller, or add room first with image.add_border",
        )
    return left, top, box[0], box[1]


def _is_inside(source: tuple[int, int], left: int, top: int, width: int, height: int) -> bool:
    return min(left, top) >= 0 and min(width, height) >= 1 and left + width <= source[0] and top + height <= source[1]


def _fit_aspect(box: tuple[int, int], ratio: float, width: int | None, height: int | None) -> tuple[int, int]:
    """Return the size of a ratio that follows the one side that was given, or is the largest inside the box."""
    if width is not None and height is None:
        return width, max(1, round(width / ratio))
    if height is not None and width is None:
        return max(1, round(height * ratio)), height
    return max(1, min(box[0], round(box[1] * ratio))), max(1, min(box[1], round(box[0] / ratio)))
