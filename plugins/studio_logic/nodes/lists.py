"""Lists made, joined, multiplied and taken from."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, NamedTuple, TypeVar

from studio.api import Context, Field, Migration, StudioError, check_inputs, node
from studio_logic.text_size import check_text_size

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

MOST_ENTRIES = 1_000_000


class Numbers(NamedTuple):
    """Numbers in a row.

    Attributes:
        values: List of the numbers.
    """

    values: list[int]


class Length(NamedTuple):
    """How long a list is.

    Attributes:
        length: Number of entries.
    """

    length: int


class Seeds(NamedTuple):
    """Seeds, all different.

    Attributes:
        seeds: List of the seeds.
    """

    seeds: list[int]


class Product(NamedTuple):
    """Every pair of entries of two lists, as two lists of one length: the second list varies fastest.

    Attributes:
        first: The entry of the first list in each pair.
        second: The entry of the second list in each pair.
    """

    first: list[A]  # type: ignore[valid-type]  # bound by the function's inputs; a generic NamedTuple is no type
    second: list[B]  # type: ignore[valid-type]


class ProductOfThree(NamedTuple):
    """Every triple of entries of three lists, as three lists of one length: the last list varies fastest.

    Attributes:
        first: The entry of the first list in each triple.
        second: The entry of the second list in each triple.
        third: The entry of the third list in each triple.
    """

    first: list[A]  # type: ignore[valid-type]
    second: list[B]  # type: ignore[valid-type]
    third: list[C]  # type: ignore[valid-type]


def _check_count(count: int) -> None:
    if count > MOST_ENTRIES:
        raise StudioError(
            "E323",
            f"a list of {count} entries is over the limit of {MOST_ENTRIES}",
            hint="use shorter lists or a larger step",
        )


@node("logic.product", origin="unchanged")
def multiply_lists(ctx: Context, first: list[A], second: list[B]) -> Product:
    """Pair every entry of a list with every entry of another; a node mapped over both gets each pair.

    Args:
        first: First list to pair.
        second: Second list to pair.
    """
    _check_count(len(first) * len(second))
    check_text_size((first, len(second)), (second, len(first)))
    pairs = list(itertools.product(first, second))
    return Product([a for a, _ in pairs], [b for _, b in pairs])


@node("logic.product_of_three", origin="unchanged")
def multiply_three_lists(ctx: Context, first: list[A], second: list[B], third: list[C]) -> ProductOfThree:
    """Combine every entry of three lists with every other; a node mapped over them gets each triple.

    Args:
        first: First list to combine.
        second: Second list to combine.
        third: Third list to combine.
    """
    _check_count(len(first) * len(second) * len(third))
    check_text_size(
        (first, len(second) * len(third)), (second, len(first) * len(third)), (third, len(first) * len(second))
    )
    triples = list(itertools.product(first, second, third))
    return ProductOfThree([t[0] for t in triples], [t[1] for t in triples], [t[2] for t in triples])


@node("logic.collect", origin="unchanged")
def collect_list(ctx: Context, items: list[T]) -> list[T]:
    """Make a list of the values of several nodes; its input is a list of edges.

    Args:
        items: Entries of the list.
    """
    return list(items)


@node("logic.concatenate", origin="unchanged")
def concatenate_lists(ctx: Context, first: list[T], second: list[T], *, third: list[T] | None = None) -> list[T]:
    """Join two or three lists.

    Args:
        first: List whose entries come first.
        second: List whose entries come second.
        third: List whose entries come last; null for none.
    """
    return [*first, *second, *(third or [])]


@node("logic.repeat", origin="unchanged")
def repeat_value(ctx: Context, value: T, count: Annotated[int, Field(ge=0, le=MOST_ENTRIES)]) -> list[T]:
    """Make a list with the same value several times.

    Args:
        value: Value to repeat.
        count: Number of copies.
    """
    check_text_size(([value], count))
    return [value] * count


def _check_range(step: int, stop: int, start: int) -> None:
    if step == 0:
        raise StudioError("E323", "a range with step 0 never ends", hint="use a step of at least 1, or at most -1")
    _check_count(max(0, -((start - stop) // step)))


@node(
    "logic.range",
    check=check_inputs(_check_range),
    version="2.0",
    migrations={1: Migration(outputs={"ints": "values"})},
)
def create_range(ctx: Context, stop: int, *, start: int = 0, step: int = 1) -> Numbers:
    """Make a list of numbers from start, by step, up to but not including stop.

    Args:
        stop: Number to stop before.
        start: First number of the list.
        step: Difference between two numbers; a negative one counts down, 0 is an error.
    """
    _check_range(step, stop, start)
    return Numbers(list(range(start, stop, step)))


@node("logic.length", version="2.0", migrations={1: Migration(outputs={"int": "length"})})
def count_items(ctx: Context, items: list[Any]) -> Length:
    """Count the entries of a list.

    Args:
        items: List to count.
    """
    return Length(len(items))


def _check_index(index: int, items: list[Any], wrap: bool) -> None:
    if not items or not (wrap or -len(items) <= index < len(items)):
        raise StudioError(
            "E323",
            f"no entry {index} in a list of {len(items)}",
            hint="indices run from 0 to the length less 1; set wrap to begin anew",
        )


@node("logic.item", check=check_inputs(_check_index), origin="unchanged")
def take_item(ctx: Context, items: list[T], *, index: int = 0, wrap: bool = False) -> T:
    """Return one entry of a list.

    Args:
        items: List to take the entry from.
        index: Position of the entry, from 0; -1 is the last.
        wrap: Continue at the start after the end of the list, instead of failing.
    """
    _check_index(index, items, wrap)
    return items[index % len(items)]


@node("logic.slice", origin="unchanged")
def slice_list(
    ctx: Context,
    items: list[T],
    *,
    start: int = 0,
    stop: int | None = None,
    step: Annotated[int, Field(ge=1, le=MOST_ENTRIES)] = 1,
    reverse: bool = False,
) -> list[T]:
    """Return a part of a list.

    Args:
        items: List to take the part from.
        start: Position of the first entry, from 0; a negative one counts from the end.
        stop: Position to stop before; null for the end of the list.
        step: Step between positions: 2 takes every second entry.
        reverse: Reverse the order of the result.
    """
    part = items[start:stop:step]
    return part[::-1] if reverse else part


@node("logic.chunk", origin="unchanged")
def cut_list(
    ctx: Context,
    items: list[T],
    size: Annotated[int, Field(ge=1, le=MOST_ENTRIES)],
    *,
    keep_rest: bool = True,
) -> list[list[T]]:
    """Cut a list into lists of equal size; a node that takes a list, such as image.grid, runs for each of them.

    Args:
        items: List to cut.
        size: Number of entries in each list.
        keep_rest: Keep a shorter last list, if the entries do not fill it.
    """
    parts = [items[at : at + size] for at in range(0, len(items), size)]
    return parts if keep_rest else [part for part in parts if len(part) == size]


@node("logic.seed_list", version="2.0", migrations={1: Migration(outputs={"ints": "seeds"})})
def spread_seeds(
    ctx: Context, *, seed: Annotated[int, Field(ge=0)] = 1, count: Annotated[int, Field(ge=0, le=100_000)] = 4
) -> Seeds:
    """Make distinct seeds from one seed (SplitMix64, Steele et al. 2014); more seeds do not change the first ones.

    Args:
        seed: Seed that the other seeds are made from.
        count: Number of seeds, each from 0 to 2**32 - 1.
    """
    from studio_logic.seeds import spread_seeds as spread

    return Seeds(spread(seed, count))
