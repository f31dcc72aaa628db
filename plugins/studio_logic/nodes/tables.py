"""Tables: lists of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from studio.api import Context, Field, JsonValue, StudioError, node


class Records(NamedTuple):
    """Records in a list.

    Attributes:
        records: List of JSON mappings from the names to the entries.
    """

    records: list[JsonValue]


_LISTS = ("a", "b", "c", "d")


def _check_zip(inputs: Mapping[str, Any], _: object) -> Iterator[tuple[str, StudioError]]:
    from studio_logic.records import find_zip_faults

    if {"names", *_LISTS} <= inputs.keys():
        lists = {name: inputs[name] for name in _LISTS if inputs[name] is not None}
        yield from find_zip_faults(inputs["names"], lists)


@node("logic.zip", check=_check_zip)
def zip_lists(
    ctx: Context,
    names: Annotated[list[str], Field(min_length=1, max_length=4)],
    a: list[JsonValue],
    *,
    b: list[JsonValue] | None = None,
    c: list[JsonValue] | None = None,
    d: list[JsonValue] | None = None,
) -> Records:
    """Turn lists into records: ["name", "age"] with ["Ada", "Alan"] and [36, 41] gives two JSON mappings.

    A node with a JSON input runs for each record; logic.extract_text and logic.get_json read one of its values.

    Args:
        names: Name of each list, in order, all different.
        a: List of texts, numbers or JSON; a list with one entry is repeated.
        b: List for the second name; null for none.
        c: List for the third name; null for none.
        d: List for the fourth name; null for none.
    """
    from studio_logic.records import zip_records

    given = zip(_LISTS, (a, b, c, d), strict=True)
    return Records(zip_records(names, {name: one for name, one in given if one is not None}))
