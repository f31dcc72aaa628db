"""Tables that slow tests leave at the end of a session: what was compared with what, and how far apart they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

Recorder = Callable[[str, object], None]
_KEY = "row of a table"


def add_row(record: Recorder, title: str, row: Mapping[str, object]) -> None:
    """Add a row to a table of the session; `record` is pytest's fixture `record_property`."""
    record(_KEY, [title, list(row), [str(cell) for cell in row.values()]])


def format_tables(properties: Iterable[tuple[str, object]]) -> list[str]:
    """Return the lines of all tables in Markdown, from the properties of all tests."""
    tables: dict[str, list[list[str]]] = {}
    for key, value in properties:
        if key == _KEY and isinstance(value, list):
            title, header, cells = value
            tables.setdefault(title, [header, ["---"] * len(header)]).append(cells)
    lines = []
    for title, rows in tables.items():
        lines += ["", title, "", *(f"| {' | '.join(row)} |" for row in rows)]
    return lines
