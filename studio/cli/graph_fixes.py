"""Graph files that `studio validate --fix` mends: read, checked, and written whole or not at all."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.app import Studio
from studio.cli.options import load_graph_argument
from studio.errors import GraphError, UsageError
from studio.files import replace_file, resolve_path
from studio.graph import Graph, parse_graph
from studio.graph.fixes import FixableFinding, find_fixes, fix_text
from studio.graph.parse import parse_json, read_graph_file


@dataclass(frozen=True)
class CheckedGraph:
    """What is wrong with a graph file.

    Attributes:
        path: The file.
        findings: What is wrong, or still wrong.
        fixed: What was mended.
        diff: The lines that differ for it, as `diff -u` shows them.
        written: Whether the file was written.
    """

    path: Path
    findings: Sequence[FixableFinding]
    fixed: Sequence[FixableFinding] = ()
    diff: str = ""
    written: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether the file has no errors; it may have warnings."""
        found = self.findings if self.written else [*self.findings, *self.fixed]
        return all(row.finding.severity != "error" for row in found)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        rows = [found.to_json() for found in self.findings]
        return {"graph": str(self.path), "valid": self.is_valid, "findings": rows}


def check_graph(studio: Studio, path: Path, roots: Sequence[Path]) -> CheckedGraph:
    """Return what is wrong with a graph file, or with the graph that a media file carries."""
    try:
        graph, _ = load_graph_argument(studio, path)
    except GraphError as error:
        return CheckedGraph(path, find_fixes(error.findings, _read_document(path)))
    return CheckedGraph(path, _find_graph_fixes(studio, graph, roots))


def fix_graph(studio: Studio, path: Path, roots: Sequence[Path], *, dry_run: bool) -> CheckedGraph:
    """Mend a graph file as far as possible.

    Args:
        studio: What is installed.
        path: The file.
        roots: Further folders that the graph may read.
        dry_run: Whether to leave the file as it is.

    Raises:
        UsageError: E013 if the file cannot be written, or changed meanwhile; E023 if it is a media file.
    """
    if studio.read_record(path) is not None:
        hint = "name the graph file that it was made from"
        raise UsageError("E023", f"{str(path)!r} carries its graph; --fix changes graph files only", hint=hint)
    try:
        data = read_graph_file(path, max_bytes=studio.settings.max_graph_bytes)
        parse_json(data, str(path))
    except GraphError as error:
        return CheckedGraph(path, find_fixes(error.findings, None))
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    old = data.decode("utf-8-sig")
    made = fix_text(old, lambda text: _check_text(studio, text, path, roots))
    written = made.text != old and not dry_run
    if written:
        write_graph_file(path, mark + made.text.encode("utf-8"), expected=data)
    return CheckedGraph(path, made.left, made.fixed, _find_diff(old, made.text, path), written)


def _check_text(studio: Studio, text: str, path: Path, roots: Sequence[Path]) -> list[FixableFinding]:
    document = parse_json(text, str(path))
    try:
        graph = parse_graph(document, base=resolve_path(path).parent, path=resolve_path(path))
    except GraphError as error:
        return find_fixes(error.findings, document)
    return _find_graph_fixes(studio, graph, roots)


def _find_graph_fixes(studio: Studio, graph: Graph, roots: Sequence[Path]) -> list[FixableFinding]:
    return find_fixes(studio.validate(graph, roots=roots), graph.json, studio.resolve(graph, roots=roots))


def _read_document(path: Path) -> Any:
    """Return the JSON document of a file; None if it has none."""
    try:
        return parse_json(path.read_bytes(), str(path))
    except (OSError, ValueError, GraphError):
        return None


def write_graph_file(path: Path, data: bytes, *, expected: bytes | None) -> None:
    """Write a graph file whole or not at all.

    Args:
        path: The file.
        data: Its new content.
        expected: What it holds if nothing changed it meanwhile; None if it need not exist.

    Raises:
        UsageError: E013 if the file cannot be written, or changed meanwhile.
    """
    try:
        with replace_file(resolve_path(path)) as temporary:
            temporary.write_bytes(data)
            if path.exists():
                temporary.chmod(path.stat().st_mode & 0o7777)
            if expected is not None and path.read_bytes() != expected:
                raise UsageError("E013", f"{str(path)!r} changed meanwhile", hint="run the command again")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError("E013", f"{str(path)!r} cannot be written: {reason}", hint="check the folder") from None


def _find_diff(old: str, new: str, path: Path) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), f"{path} (fixed)", lineterm="")
    return "\n".join(lines)
