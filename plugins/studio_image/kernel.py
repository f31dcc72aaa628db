"""Kernels of convolutions, written as rows of numbers."""

from __future__ import annotations

from typing import Any

from studio.api import MediaError

MOST_SIDE = 31
_LARGEST = 1e6


def parse_kernel(kernel: Any) -> list[list[float]]:
    """Return the rows of a kernel: an odd number of equally long rows with an odd number of numbers, up to 31 x 31.

    Raises:
        MediaError: E507 for anything else.
    """
    rows = kernel if isinstance(kernel, list | tuple) else []
    if not rows or not all(isinstance(row, list | tuple) and len(row) == len(rows[0]) for row in rows):
        raise _refuse("a kernel is a list of equally long rows of numbers")
    if not (_is_side(len(rows)) and _is_side(len(rows[0]))):
        raise _refuse(f"a kernel of {len(rows[0])} x {len(rows)} has no middle, or is over {MOST_SIDE} x {MOST_SIDE}")
    for number in (each for row in rows for each in row):
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not abs(number) <= _LARGEST:
            raise _refuse(f"a kernel contains {str(number)[:40]!r}, which is not a number up to {_LARGEST:g}")
    return [[float(number) for number in row] for row in rows]


def _is_side(length: int) -> bool:
    return length % 2 == 1 and length <= MOST_SIDE


def _refuse(message: str) -> MediaError:
    return MediaError("E507", message, hint="write for example [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]")
