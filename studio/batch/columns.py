"""`Columns`: what an item's values must be, from the graph's inputs; checks rows and makes items of them."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import Model
from studio.api.type_spec import PLAIN_TYPES, ValueProblem, check_value
from studio.batch.groups import NAME_COLUMN, Cell, Row
from studio.batch.item import Item
from studio.errors import Finding, StudioError
from studio.graph import ResolvedGraph
from studio.graph.document import is_file

_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Columns:
    """The columns that a graph's items may have.

    Args:
        resolved: The graph.
        classes: The classes of registered value types, by name.
        given: Values that all items share; a row that gives the same input wins.
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

    def check_given(self, findings: list[Finding]) -> None:
        """Check the values that all items share."""
        row = Row({}, source="--set", base=Path.cwd())
        for name, value in self._given.items():
            self._read_cell(name, value, row, {}, findings)

    def read(self, rows: Sequence[Row], index: int, findings: list[Finding]) -> Item | None:
        """Return the item that rows of several groups make together, or add to the findings what is wrong."""
        before = len(findings)
        values = dict(self._given)
        for row in rows:
            if row.problem:
                findings.append(Finding("E741", row.source, row.problem, hint="correct the row"))
                continue
            for name, value in row.values.items():
                self._read_cell(name, value, row, values, findings)
        source = next((row.source for row in rows), "--set")
        if len(findings) == before:
            for name, end in self._inputs.items():
                if end.required and name not in values:
                    findings.append(
                        Finding("E741", source, f"input {name!r} has no value", str(end.spec), "nothing", _hint(name))
                    )
        if len(findings) > before:
            return None
        name = "_".join(row.label for row in rows if row.label) or f"{index + 1:05d}"
        return Item(index, name, values, source)

    def _read_cell(self, name: str, value: Any, row: Row, values: dict[str, Any], findings: list[Finding]) -> None:
        end = self._inputs.get(name)
        if end is None:
            if name != self._name_column and not name.startswith("_") and name not in self._unknown:
                self._unknown.add(name)  # told once, not for each row
                findings.append(self._refuse_column(name, row))
            return
        if (value == "" and isinstance(value, Cell)) or value is None:
            if not end.required:
                return  # an empty cell leaves the input to its default
            if end.spec.name == "text" and value is not None:
                values[name] = ""
                return
        try:
            values[name] = self.parse(name, value, row.base)
        except (ValueProblem, StudioError) as problem:
            told = str(problem) if isinstance(problem, ValueProblem) else problem.message
            hint = getattr(problem, "hint", "") or "correct the cell"
            findings.append(Finding("E741", row.source, f"column {name!r}: {told}", str(end.spec), _show(value), hint))

    def parse(self, name: str, value: Any, base: Path) -> Any:
        """Return a value as plain JSON, checked; files as {"file": absolute path}.

        Raises:
            ValueProblem: It does not fit the input.
        """
        spec = self._inputs[name].spec
        if not spec.depth and (spec.name == "file" or spec.name in self._classes):
            return _parse_file(value, base, str(spec))
        if isinstance(value, Cell):
            value = _parse_cell(str(value), spec.name, spec.depth, spec.choices)
        if spec.name == "model" and not spec.depth:
            Model.from_json(value)
            return value
        if spec.name == "path" and isinstance(value, str):
            return value
        if spec.name not in PLAIN_TYPES and spec.name != "any":
            raise ValueProblem(str(spec), "a list of files: a table gives one file at most")
        return check_value(spec, value, self._classes)

    def _refuse_column(self, name: str, row: Row) -> Finding:
        near = difflib.get_close_matches(name, self._inputs, 1)
        hint = f"did you mean {near[0]!r}?" if near else "rename it with a _ in front to keep it as a note"
        known = ", ".join(self._inputs) or "none"
        return Finding("E744", row.source, f"the graph has no input {name!r}", f"its inputs: {known}", name, hint)


def _parse_file(value: Any, base: Path, expected: str) -> dict[str, str]:
    written = value["file"] if is_file(value) else value
    if isinstance(written, Path):
        written = str(written)
    if not isinstance(written, str) or not written or "\0" in written:
        raise ValueProblem(expected, _show(value))
    path = Path(os.path.normpath(base / Path(written).expanduser()))
    if not os.path.isfile(path):
        what = "a folder" if os.path.isdir(path) else "no such file"
        raise ValueProblem(expected, f"{written!r}: {what}")
    return {"file": str(path)}


def _parse_cell(text: str, kind: str, depth: int, choices: Sequence[Any]) -> Any:
    if not depth:
        if kind in ("text", "path") or (kind == "choice" and text in choices):
            return text
        if kind == "bool" and text.strip().lower() in _BOOLS:
            return _BOOLS[text.strip().lower()]
        if kind == "model" and not text.lstrip().startswith("{"):
            return text
    try:
        return json.loads(text, parse_constant=lambda word: word)
    except (ValueError, RecursionError):
        return text


def _show(value: Any) -> str:
    text = repr(str(value) if isinstance(value, Cell) else value)
    return text if len(text) <= 80 else text[:77] + "..."


def _hint(name: str) -> str:
    return f"give it a column {name!r}, or all items one value with --set {name}=..."


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
        status = os.stat(path)
        parts.append(f"{path} {status.st_size} {status.st_mtime_ns}")
    return blake3("\0".join(parts).encode(errors="backslashreplace")).hexdigest(16)


def find_paths(item: Item) -> Iterator[str]:
    """Yield the files that an item reads."""
    for value in item.values.values():
        if is_file(value):
            yield value["file"]
