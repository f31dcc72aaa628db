"""Records: JSON mappings from names to values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studio.api import StudioError
from studio_logic.text_size import check_text_size


def zip_records(names: Sequence[str], lists: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Return a record for each position of lists; a list with one entry is repeated.

    Args:
        names: Name of each list in the records.
        lists: Lists by the names of their inputs.

    Raises:
        StudioError: E323 for names that do not fit, for unequal lengths, and for too much text.
    """
    for _, error in find_zip_faults(names, lists):
        raise error
    length = _find_length(lists)
    check_text_size(*((one, length) for one in lists.values() if len(one) == 1))
    columns = [list(one) * length if len(one) == 1 else one for one in lists.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def find_zip_faults(names: Sequence[str], lists: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, StudioError]]:
    """Yield input and error of each fault of lists that are to become records."""
    if len(names) != len(lists):
        message = f"{len(names)} names for {len(lists)} lists"
        yield "names", StudioError("E323", message, hint=f"give one name for each list: {', '.join(lists)}")
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        yield "names", StudioError("E323", f"duplicate name {twice[:60]!r}", hint="give each list its own name")
    length = _find_length(lists)
    for name, one in lists.items():
        if len(one) not in (1, length):
            message = f"list {name!r} has {len(one)} entries, others {length}"
            yield name, StudioError("E323", message, hint="give lists of equal length, or with one entry")
            return


def _find_length(lists: Mapping[str, Sequence[Any]]) -> int:
    return next((len(one) for one in lists.values() if len(one) != 1), 1)
