"""Boxes and points as JSON, in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from studio.api import Grammar, JsonValue, StudioError

Box = tuple[float, float, float, float]


def write_boxes(rows: Sequence[tuple[str, float, Box]]) -> JsonValue:
    """Return boxes as JSON: a list of {"label", "score", "left", "top", "width", "height"}, in pixels."""
    return [
        {
            "label": label,
            "score": round(score, 4),
            "left": round(box[0], 2),
            "top": round(box[1], 2),
            "width": round(box[2] - box[0], 2),
            "height": round(box[3] - box[1], 2),
        }
        for label, score, box in rows
    ]


def parse_boxes(value: JsonValue) -> list[Box]:
    """Read boxes from JSON; left, top, right and bottom.

    Raises:
        StudioError: E637 with the place if it holds something else.
    """
    if not isinstance(value, list) or len(value) > 1000:
        raise _refuse("", "expected a list of at most 1000 boxes")
    found = []
    for index, row in enumerate(value):
        numbers: list[Any] = []
        if isinstance(row, dict):
            numbers = [row.get(name) for name in ("left", "top", "width", "height")]
        if len(numbers) != 4 or not all(map(_is_number, numbers)) or min(numbers[2], numbers[3]) <= 0:
            raise _refuse(f"/{index}", 'expected {"left", "top", "width", "height"}, in pixels')
        left, top, width, height = map(float, numbers)
        found.append((left, top, left + width, top + height))
    return found


def parse_points(value: JsonValue) -> list[tuple[float, float, bool]]:
    """Read points from JSON: [x, y], or [x, y, false] for one that is not on the object.

    Raises:
        StudioError: E637 with the place if it holds something else.
    """
    if not isinstance(value, list) or len(value) > 1000:
        raise _refuse("", "expected a list of at most 1000 points")
    found = []
    for index, row in enumerate(value):
        fits = isinstance(row, list) and len(row) in (2, 3) and all(map(_is_number, row[:2]))
        if not fits or (len(row) == 3 and not isinstance(row[2], bool)):
            raise _refuse(f"/{index}", "expected [x, y] or [x, y, true or false], in pixels")
        found.append((float(row[0]), float(row[1]), len(row) == 2 or bool(row[2])))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refuse(place: str, message: str) -> StudioError:
    return StudioError("E637", f"invalid points or boxes: {message}", where=place, hint="see the node type's inputs")


BoxesJson: TypeAlias = Annotated[JsonValue, Grammar("a list of boxes", parse_boxes)]
PointsJson: TypeAlias = Annotated[JsonValue, Grammar("a list of points", parse_points)]
