"""The order of lists, by value and random, and entries chosen from them."""

from __future__ import annotations

import bisect
import itertools
import json
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


def draw_weighted(weights: Sequence[float], count: int, seed: int, repeat: bool) -> list[int]:
    """Return positions chosen at random, each more often the larger its weight; a larger count adds to a smaller one.

    Without repeats it is the method of Efraimidis and Spirakis (2006): equal weights give `draw_order`.

    Args:
        weights: Weights of the positions, at least 0; one of them is not 0 unless the count is 0.
        count: How many to choose; without repeats at most the number of weights that are not 0.
        seed: Seed of the choice.
        repeat: Whether a position may be chosen more than once.
    """
    if repeat:
        return draw_repeated(list(itertools.accumulate(weights)), count, seed)
    shares = _spread_shares(seed, len(weights))
    keys = [-math.log1p(-share) / weight if weight else math.inf for share, weight in zip(shares, weights, strict=True)]
    return sorted(range(len(weights)), key=keys.__getitem__)[:count]


def draw_repeated(ends: Sequence[float], count: int, seed: int) -> list[int]:
    """Return positions chosen at random with repeats, as `draw_weighted` does, from the sums of weights up to each."""
    return [bisect.bisect_right(ends, share * ends[-1]) for share in _spread_shares(seed, count)]


def _spread_shares(seed: int, count: int) -> list[float]:
    return [draw / 2**32 for draw in spread_seeds(seed, count)]


def find_identity(value: Any, ignore_case: bool, index: int) -> str:
    """Return a text that is the same for equal JSON values: 1 and 1.0 are equal, 1 and true are not.

    Raises:
        StudioError: E323 for a value that is not JSON, such as an image.
    """
    if isinstance(value, str) and ignore_case:
        value = value.casefold()
    try:
        return json.dumps(_normalize(value), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise StudioError(
            "E323",
            f"entry {index} of the list is not a number, a text, a bool or JSON",
            hint="lists of media cannot be compared; drop duplicates from what they are made of",
        ) from None


def _normalize(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _normalize(entry) for name, entry in value.items()}
    return [_normalize(entry) for entry in value] if isinstance(value, list) else value


def _make_key(value: Any, index: int) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return value
    raise StudioError("E323", f"entry {index} of the list is neither a number nor a text", hint=HINT)
