"""Lists sorted, filtered, shuffled, picked from, and freed of duplicates."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, NamedTuple, TypeVar

from studio.api import Context, Field, StudioError, check_inputs, node

T = TypeVar("T")
A = TypeVar("A")


class Filtered(NamedTuple):
    """A list in two parts.

    Attributes:
        kept: Entries whose condition is true.
        rest: Entries whose condition is false.
    """

    kept: list[A]  # type: ignore[valid-type]  # bound by the function's inputs; a generic NamedTuple is no type
    rest: list[A]  # type: ignore[valid-type]


class Distinct(NamedTuple):
    """A list without duplicates.

    Attributes:
        values: The first of equal entries, in the order of the list.
        counts: How often each of them is in the list.
    """

    values: list[A]  # type: ignore[valid-type]
    counts: list[int]


def _check_sort(items: list[Any], by: str) -> None:
    from studio_logic.ordering import sort_items

    sort_items(items, by, False)


def _check_filter(conditions: list[bool], items: list[Any]) -> None:
    if len(items) != len(conditions):
        raise StudioError(
            "E323", f"{len(items)} items and {len(conditions)} conditions", hint="give one condition for each item"
        )


def _check_unique(items: list[Any], by: str, ignore_case: bool) -> None:
    from studio_logic.ordering import find_identity
    from studio_logic.pointer import find_value

    for index, item in enumerate(items):
        find_identity(find_value(item, by), ignore_case, index)


def _check_weights(weights: list[float] | None, items: list[Any]) -> None:
    if weights is not None and len(weights) != len(items):
        raise StudioError(
            "E323", f"{len(items)} items and {len(weights)} weights", hint="give one weight for each item"
        )


def _check_pick(count: int, items: list[Any], weights: list[float] | None, repeat: bool) -> None:
    some = len(items) if weights is None else sum(weight > 0 for weight in weights)
    if count > some and not (repeat and some):
        raise StudioError(
            "E323",
            f"cannot pick {count} of {some} entries" + ("" if weights is None else " with a weight over 0"),
            hint="pick fewer, or set repeat to true" if some else "give a list with entries",
        )


@node("logic.sort", check=check_inputs(_check_sort), origin="unchanged")
def sort_list(
    ctx: Context, items: list[T], *, by: Annotated[str, Field(max_length=1000)] = "", reverse: bool = False
) -> list[T]:
    """Sort a list: numbers by value, texts by their characters without case; equal entries keep their order.

    Args:
        items: List to sort: numbers, texts, or JSON values.
        by: JSON pointer (RFC 6901) to what JSON values are sorted by, such as "/price"; empty for the entries
            themselves.
        reverse: Put the largest first.
    """
    from studio_logic.ordering import sort_items

    return sort_items(items, by, reverse)


@node("logic.filter", check=check_inputs(_check_filter), origin="unchanged")
def filter_list(ctx: Context, items: list[A], conditions: list[bool]) -> Filtered:
    """Keep the entries of a list for which a condition is true.

    Args:
        items: List to filter.
        conditions: A condition for each entry, such as the results of `logic.compare` mapped over the same list.
    """
    _check_filter(conditions, items)
    pairs = list(zip(items, conditions, strict=True))
    return Filtered([item for item, kept in pairs if kept], [item for item, kept in pairs if not kept])


@node("logic.shuffle", origin="unchanged")
def shuffle_list(ctx: Context, items: list[T], *, seed: Annotated[int, Field(ge=0)] = 1) -> list[T]:
    """Put a list into a random order, the same one for the same seed.

    Args:
        items: List to shuffle.
        seed: Seed of the order.
    """
    from studio_logic.ordering import draw_order

    return [items[index] for index in draw_order(len(items), seed)]


@node("logic.unique", check=check_inputs(_check_unique), origin="unchanged")
def drop_duplicates(
    ctx: Context,
    items: list[A],
    *,
    by: Annotated[str, Field(max_length=1000)] = "",
    ignore_case: bool = False,
) -> Distinct:
    """Drop duplicates from a list: the first of equal entries stays; counts say how often each was there.

    Args:
        items: List to take duplicates from: numbers, texts, bools, or JSON values. 1 and 1.0 are equal.
        by: JSON pointer (RFC 6901) to what JSON values are compared by, such as "/name"; empty for the entries
            themselves.
        ignore_case: Take texts that differ only in the case of letters as equal (Unicode case folding).
    """
    from studio_logic.ordering import find_identity
    from studio_logic.pointer import find_value

    first: dict[str, A] = {}
    counts: dict[str, int] = {}
    for index, item in enumerate(items):
        identity = find_identity(find_value(item, by), ignore_case, index)
        first.setdefault(identity, item)
        counts[identity] = counts.get(identity, 0) + 1
    return Distinct(list(first.values()), list(counts.values()))


@node("logic.pick", check=check_inputs(_check_weights, _check_pick), origin="unchanged")
def pick_items(
    ctx: Context,
    items: list[T],
    *,
    count: Annotated[int, Field(ge=0, le=100_000)] = 1,
    weights: Annotated[list[float] | None, Field(ge=0, le=1_000_000, unit="factor")] = None,
    repeat: bool = False,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> list[T]:
    """Pick random entries of a list, the same ones for the same seed; a larger count adds to the entries of a smaller.

    Args:
        items: List to pick from.
        count: Number of entries to pick.
        weights: A weight for each entry: 2 is picked twice as often as 1, 0 never; null for equal weights.
        repeat: Pick an entry more than once if chance has it; otherwise each is picked at most once.
        seed: Seed of the choice.
    """
    from studio_logic.ordering import draw_weighted
    from studio_logic.text_size import check_text_size

    _check_weights(weights, items)
    _check_pick(count, items, weights, repeat)
    chosen = draw_weighted([1.0] * len(items) if weights is None else weights, count, seed, repeat)
    if repeat:
        check_text_size(*(([items[index]], times) for index, times in Counter(chosen).items()))
    return [items[index] for index in chosen]
