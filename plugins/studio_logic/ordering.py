"""The order of lists: by value, and random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from studio.api import StudioError
from studio_logic.pointer import find_value
from studio_logic.seeds import spread_seeds

T = TypeVar("T")

HINT = 'sort numbers, or texts; for JSON values name what to sort by, such as "/price"'


def sort_items(items: Sequence[T], by: str, reverse: bool) -> list[T]:
    """Sort numbers by value and texts without case; equal entries keep their order, also in reverse.

    Raises:
        StudioError: E323 for numbers and texts in one list and for entries without an order; E324 for an entry without
            what `by` names.
    """
    keys = [_make_key(find_value(item, by), index) for index, item in enumerate(items)]
    kinds = {isinstance(key, str) for key in keys}
    if len(kinds) > 1:
        raise StudioError("E323", "numbers and texts in one list have no order", hint=HINT)
    order = sorted(range(len(items)), key=lambda index: keys[index], reverse=reverse)
    return [items[index] for index in order]


def draw_order(count: int, seed: int) -> list[int]:
    """Return the numbers from 0 to below a count in a random order that depends on the seed alone."""
    draws = spread_seeds(seed, count)
    return sorted(range(count), key=draws.__getitem__)


def _make_key(value: Any, index: int) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return value
    raise StudioError("E323", f"entry {index} of the list is neither a number nor a text", hint=HINT)
