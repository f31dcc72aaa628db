"""`Columns`: what an item's values must be, from the graph's inputs; checks rows and makes items of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import Input
from studio.api.type_spec import ValueProblem
from studio.batch.groups import NAME_COLUMN, Cell, Row
from studio.batch.item import Item
from studio.errors import Finding
from studio.graph import ResolvedGraph
from studio.graph.bind import Binder
from studio.graph.document import is_file
from studio.graph.findings import Findings
from studio.graph.given import bind_given, check_required, find_input, name_table_files, write_source
from studio.graph.json_pointer import escape
from studio.graph.paths import Paths
from studio.graph.text_values import DuplicateKeyProblem, read_text
from studio.surrogates import escape_surrogates

_GIVEN = "--set"
_COLUMN_HINT = "give it a column {name!r}, or all items one value with --set {name}=..."
_NOTE_HINT = "rename it with a _ in front to keep it as a note"


class Columns:
    """The columns that a graph's items may have.

    Args:
        resolved: The graph.
        classes: The classes of registered value types, by name.
        given: Values that all items share, as plain JSON; a row that gives the same input wins.
        name_column: The column that names items; it feeds an input of that name too, if there is one.
    """

    def __init__(
        self,
        resolved: ResolvedGraph,
        classes: Mapping[str, type],
        given: Mapping[str, Any],
        name_column: str = NAME_COLUMN,
    ) -> None:
        self._inputs = resolved.inputs
        self._classes = classes
        self._name_column = name_column
        self._given = given
        self._unknown: set[str] = set()
        self._twice: set[str] = set()

    def check_given(self, findings: list[Finding]) -> None:
        """Check the values that all items share."""
        self._read_row(Row(self._given, source=_GIVEN, base=Path.cwd()), {}, Findings(findings))

    def read(self, rows: Sequence[Row], index: int, findings: list[Finding]) -> Item | None:
        """Return the item that rows of several groups make together, or add to the findings what is wrong."""
        before, collected = len(findings), Findings(findings)
        values = dict(self._given)
        givers: dict[str, Row] = {}
        for row in rows:
            if row.problem:
                findings.append(Finding("E741", row.source, row.problem, hint="correct the row"))
            else:
                self._read_row(row, values, collected, givers)
        source = next((row.source for row in rows), _GIVEN)
        if len(findings) == before:
            check_required(self._inputs, values, f"{source}#/", collected, _COLUMN_HINT)
        if len(findings) > before:
            return None
        return Item(index, name_item(rows, index), values, escape_surrogates(source))

    def _read_row(
        self, row: Row, values: dict[str, Any], findings: Findings, givers: dict[str, Row] | None = None
    ) -> None:
        """Add what a row gives to the values; findings name the row and the column.

        Args:
            row: The row.
            values: The item's values so far.
            findings: What is wrong.
            givers: Which row of the item gave an input its value, to find those that are given twice.
        """
        binder = Binder(self._classes, Paths(row.base, by_caller=True), findings)
        for column, value in row.values.items():
            name = str(column)
            where = f"{row.source}#/{escape(name)}"
            end = self._find_input(name, where, findings)
            if end is None or _is_left_out(value, end):
                continue
            if givers is not None and self._is_given_twice(name, row, where, givers, findings):
                continue
            try:
                given = read_text(str(value), end.spec) if isinstance(value, Cell) else value
            except DuplicateKeyProblem as problem:
                findings.report("E114", where, str(problem), expected=str(end.spec), hint="keep one of the two")
                continue
            source = bind_given(binder, name_table_files(given, end.spec), end.spec, where, findings)
            if source is None:
                continue
            try:
                values[name] = write_source(source)
            except ValueProblem as problem:
                hint = "a table takes plain values and names of files"
                findings.report("E114", where, str(problem), expected=str(end.spec), found=problem.found, hint=hint)

    def _is_given_twice(self, name: str, row: Row, where: str, givers: dict[str, Row], findings: Findings) -> bool:
        """Say whether another row of the item gives the input a value; that is reported once, not for each item."""
        first = givers.setdefault(name, row)
        if first is row:
            return False
        if name not in self._twice:
            self._twice.add(name)
            message = f"input {name!r} is given twice, by {first.source} and by {row.source}"
            findings.report("E749", where, message, hint=f"give {name!r} in one place")
        return True

    def _find_input(self, name: str, where: str, findings: Findings) -> Input | None:
        """Return the input of a column; an unknown one is reported once, and not for each row."""
        if name not in self._inputs:
            if name == self._name_column or name.startswith("_") or name in self._unknown:
                return None
            self._unknown.add(name)
        return find_input(self._inputs, name, where, findings, hint=_NOTE_HINT)


def _is_left_out(value: Any, end: Input) -> bool:
    """Say whether a cell leaves an input to its default: an empty one does, unless it is a text that is required."""
    is_empty = value is None or (isinstance(value, Cell) and value == "")
    return is_empty and not (end.required and end.spec.name == "text" and value is not None)


def name_item(rows: Sequence[Row], index: int) -> str:
    """Return the name of the item that rows of several groups make together."""
    name = "_".join(row.label for row in rows if row.label) or f"{index + 1:05d}"
    return escape_surrogates(name, "%")


def fingerprint_item(item: Item, batch_key: str, name: str, weights: Sequence[str] = ()) -> str:
    """Return what an item's files depend on: the graph, the values, the files that it reads, and their names.

    Args:
        item: The item; files count by path, size and time of change.
        batch_key: Digest of what all items share.
        name: The filled template of its files.
        weights: Digests of the weights that its values name.
    """
    parts = [batch_key, name, json.dumps(item.values, sort_keys=True, ensure_ascii=False), *weights]
    for path in find_paths(item):
        if os.path.exists(path):
            status = os.stat(path)
            parts.append(f"{path} {status.st_size} {status.st_mtime_ns}")
    return blake3("\0".join(parts).encode(errors="backslashreplace")).hexdigest(16)


def find_paths(item: Item) -> Iterator[str]:
    """Yield the files that an item reads."""
    pending = list(item.values.values())
    while pending:
        value = pending.pop(0)
        if is_file(value):
            yield value["file"]
        elif isinstance(value, list):
            pending = [*value, *pending]
