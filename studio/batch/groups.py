"""`Group`: rows of input values that can be read again and again. Columns go together, and groups multiply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.type_spec import describe_value
from studio.errors import Finding, GraphError, UsageError

NAME_COLUMN = "name"
_LONGEST_LABEL = 40


class ItemsError(GraphError):
    """The items are invalid; `findings` contains every error in them."""


class Cell(str):
    """A value that was read as text; the input at its column decides what it means."""

    __slots__ = ()


@dataclass(frozen=True)
class Row:
    """One row of a group.

    Attributes:
        values: Its values, by column.
        label: Its part of the item's name; "" for none.
        source: File and line.
        base: Folder that its relative paths start at.
        problem: Why the row itself is invalid; "" if it is valid.
    """

    values: Mapping[str, Any]
    label: str = ""
    source: str = ""
    base: Path = field(default_factory=Path)
    problem: str = ""


Group = Callable[[], Iterable[Row]]
"""Opens the rows from the beginning, as often as it is called."""


def combine(groups: Sequence[Group]) -> Iterator[tuple[Row, ...]]:
    """Yield one row of each group, in every combination; the last group changes fastest."""
    if not groups:
        yield ()
        return
    for row in groups[0]():
        for rest in combine(groups[1:]):
            yield (row, *rest)


def name_rows(rows: Iterable[Row], column: str = NAME_COLUMN) -> Iterator[Row]:
    """Yield rows labelled by a column, or by their number where it is empty or missing."""
    for number, row in enumerate(rows, 1):
        label = row.values.get(column)
        text = str(label) if label not in (None, "") else f"{number:05d}"
        yield Row(row.values, text, row.source, row.base, row.problem)


def list_rows(rows: Iterable[Mapping[str, Any]], source: str = "items") -> Group:
    """Return rows from mappings in memory; a generator can be read once only."""
    return lambda: name_rows(_create_row(values, f"{source}[{number}]") for number, values in enumerate(rows))


def _create_row(values: Any, source: str) -> Row:
    if isinstance(values, Mapping):
        return Row(dict(values), source=source, base=Path.cwd())
    return Row({}, source=source, problem=f"expected a mapping of values, found {describe_value(values)}")


def zip_columns(columns: Mapping[str, Sequence[str]], source: str) -> Group:
    """Return rows in which the values of several columns go together; a column of one value stretches.

    Raises:
        UsageError: E749 if they are of unequal length.
    """
    longest = max(map(len, columns.values()), default=0)
    _check_lengths(columns, longest, source)
    labels = make_labels(
        [values[0] if len(values) == 1 else "_".join(values) for values in _transpose(columns, longest)]
    )

    def rows() -> Iterator[Row]:
        for label, values in zip(labels, _transpose(columns, longest), strict=True):
            cells = {name: Cell(value) for name, value in zip(columns, values, strict=True)}
            yield Row(cells, label, source, Path.cwd())

    return rows


def _check_lengths(columns: Mapping[str, Sequence[str]], longest: int, source: str) -> None:
    if any(len(values) not in (1, longest) for values in columns.values()):
        lengths = ", ".join(f"{name}: {len(values)}" for name, values in columns.items())
        hint = "use --product to multiply"
        raise UsageError("E749", f"columns of unequal length ({lengths})", where=source, hint=hint)


def _transpose(columns: Mapping[str, Sequence[str]], length: int) -> Iterator[tuple[str, ...]]:
    for number in range(length):
        yield tuple(values[number if len(values) > 1 else 0] for values in columns.values())


def repeat(count: int, column: str | None, first: int) -> Group:
    """Return rows that count a column up, or rows without a column."""
    if column is None:
        return lambda: (Row({}, f"{number:03d}", "--repeat", Path.cwd()) for number in range(1, count + 1))
    return lambda: (
        Row({column: number}, f"{number:04d}", "--repeat", Path.cwd()) for number in range(first, first + count)
    )


def make_labels(values: Sequence[str]) -> list[str]:
    """Return a short, unique name for each value."""
    short = [re.sub(r"[^\w.-]+", "-", value)[:_LONGEST_LABEL].strip("-.") for value in values]
    if all(short) and len({label.casefold() for label in short}) == len(short):
        return short
    return [f"{number:03d}" for number in range(1, len(values) + 1)]


def create_items_error(findings: Sequence[Finding], source: str = "") -> ItemsError:
    """Return the error that carries all findings about the items."""
    return ItemsError(findings, source=source)
