"""How many columns and rows a contact sheet has."""

from __future__ import annotations

import math
from collections.abc import Sequence


def choose_shape(
    count: int, columns: int | None, row_labels: Sequence[str], column_labels: Sequence[str]
) -> tuple[int, int]:
    """Return the columns and rows of a sheet: as asked, or as many as have labels, or about as many as each other."""
    across = columns or len(column_labels) or (math.ceil(count / len(row_labels)) if row_labels else 0)
    across = min(across or math.ceil(math.sqrt(count)), count)
    return across, math.ceil(count / across)
