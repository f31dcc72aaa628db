"""`GraphList`: the graphs of folders that clients may run by name."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from studio.app import Studio
from studio.errors import GraphError, StudioError, UsageError
from studio.graph import Graph, ResolvedGraph, parse_graph
from studio.server.client_values import list_files
from studio.server.file_store import parse_file_name
from studio.suggestion import suggest

READY_FOLDER = Path(__file__).parent / "ready_graphs"
"""The included graphs: one for each address that other servers have too."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class ListedGraph:
    """A graph of the folder.

    Attributes:
        name: Its file's name without the extension.
        graph: The graph; None if the file contains none.
        resolved: The graph resolved; None if the file contains none.
        problem: Why it cannot run, or None.
    """

    name: str
    graph: Graph | None = field(default=None, repr=False)
    resolved: ResolvedGraph | None = field(default=None, repr=False)
    problem: StudioError | None = None


class GraphList:
    """The graphs of folders. A file that changes is read again. Every method may be called from any thread.

    Args:
        studio: What reads and resolves them.
        folders: The folders; of two graphs of one name, that of the earlier folder counts.
        roots: Folders that graphs may read besides their own.

    Raises:
        UsageError: E803 if a folder does not exist.
    """

    def __init__(self, studio: Studio, folders: Iterable[Path], roots: Iterable[Path] = ()) -> None:
        self.roots = tuple(roots)
        self._studio = studio
        self._folders = tuple(_check_folder(folder) for folder in folders)
        self._known: dict[Path, tuple[tuple[int, int], ListedGraph]] = {}
        self._guard = threading.Lock()

    def list_names(self) -> list[str]:
        """Return the names of the graphs."""
        return sorted(self._find_paths())

    def _find_paths(self) -> dict[str, Path]:
        """Return the files of the graphs by name."""
        paths = (path for folder in reversed(self._folders) for path in folder.glob("*.json"))
        return {path.stem: path for path in paths if _NAME.fullmatch(path.stem) and path.is_file()}

    def list_graphs(self) -> list[ListedGraph]:
        """Return the graphs, also those that cannot run."""
        return [self._load(name, path) for name, path in sorted(self._find_paths().items())]

    def find(self, name: str) -> ListedGraph:
        """Return a graph by its name.

        Raises:
            UsageError: E810 if there is none.
        """
        paths = self._find_paths()
        if name not in paths:
            hint = suggest(name, paths) or "GET /api/v1/graphs lists the graphs"
            raise UsageError("E810", f"unknown graph {name[:80]!r}", hint=hint)
        return self._load(name, paths[name])

    def find_base(self, name: str) -> Path | None:
        """Return the file of a graph, which need not exist any more, or None if there is no folder."""
        gone = self._folders[0] / f"{name}.json" if self._folders else None
        return self._find_paths().get(name, gone)

    def _load(self, name: str, path: Path) -> ListedGraph:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = (0, 0)
        with self._guard:
            known = self._known.get(path)
            if known is None or known[0] != stamp:
                known = self._known[path] = (stamp, self._read(name, path))
            return known[1]

    def _read(self, name: str, path: Path) -> ListedGraph:
        try:
            graph = self._studio.load(path)
            resolved = self._studio.resolve(graph, roots=self.roots)
        except StudioError as error:
            return ListedGraph(name, problem=error)
        problem = GraphError(resolved.errors) if resolved.errors else None
        return ListedGraph(name, graph, resolved, problem)


def _check_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError("E803", f"there is no graphs folder {str(folder)!r}", hint="name a folder with graph files")
    return folder.resolve()


def parse_job_graph(document: dict[str, object], path: Path | None, files: Path) -> Graph:
    """Return the graph of a job.

    Args:
        document: Its document.
        path: The file of a graph of the server; None for a document of a client's.
        files: The folder of uploaded files, which a client's document reads and nothing else.
    """
    if path is not None:
        return parse_graph(document, base=path.parent, path=path)
    named = list_files({"nodes": document.get("nodes"), "inputs": document.get("inputs")})
    digests = {name: digest for name in named if (digest := parse_file_name(name))}
    return parse_graph(document, base=files, file_digests=digests)
