"""Lists sorted, filtered and shuffled."""

from __future__ import annotations

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


def _check_sort(items: list[Any], by: str) -> None:
    from studio_logic.ordering import sort_items

    sort_items(items, by, False)


def _check_filter(conditions: list[bool], items: list[Any]) -> None:
    if len(items) != len(conditions):
        raise StudioError(
            "E323", f"{len(items)} items and {len(conditions)} conditions", hint="give one condition for each item"
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
