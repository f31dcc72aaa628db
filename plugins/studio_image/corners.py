"""Four corners read from JSON."""

from __future__ import annotations

from typing import Any

from studio.api import MediaError

Corners = list[tuple[float, float]]
_LEAST_AREA = 1e-3


def parse_corners(value: Any) -> Corners:
    """Return four corners from JSON: top left, top right, bottom right, bottom left, each [x, y].

    Raises:
        MediaError: E507 unless they are the corners of a convex quadrilateral.
    """
    corners = [_parse_point(point) for point in value] if isinstance(value, list) else []
    if len(corners) != 4 or None in corners:
        raise MediaError(
            "E507", "invalid corners", hint="give four points, for example [[0, 0], [640, 40], [640, 440], [0, 480]]"
        )
    found = [corner for corner in corners if corner is not None]
    turns = []
    for index in range(4):
        (ax, ay), (bx, by), (cx, cy) = found[index], found[(index + 1) % 4], found[(index + 2) % 4]
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    if not (min(turns) > _LEAST_AREA or max(turns) < -_LEAST_AREA):
        raise MediaError(
            "E507",
            "the corners do not form a convex quadrilateral",
            hint="give them in order: top left, top right, bottom right, bottom left",
        )
    return found


def _parse_point(point: Any) -> tuple[float, float] | None:
    if not isinstance(point, list) or len(point) != 2:
        return None
    if any(isinstance(n, bool) or not isinstance(n, int | float) or not abs(n) <= 1e6 for n in point):
        return None
    return float(point[0]), float(point[1])
