"""`SourceReader`: reads and digests the files of a plugin; those that have not changed are not read again."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from blake3 import blake3

SETTLED_NS = 2 * 10**9
"""A file or a folder that changed less than this ago may change again with the same status."""
_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([A-Za-z_][\w., \t]*))", re.MULTILINE)
_SKIPPED_FOLDERS = {"__pycache__", ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "node_modules", ".studio"}
_SKIPPED_FOLDERS |= {".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints", ".cache"}
_SKIPPED_FOLDERS |= {".idea", ".vscode"}
_SKIPPED_ENDINGS = (".pyc", ".pyo", "~", ".swp", ".swo", ".DS_Store", "Thumbs.db")
_CACHE_TAG = "CACHEDIR.TAG"

Status = tuple[int, int, int, int]
"""Size, time of the change, time of the change of the status, inode."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when it was read.

    Attributes:
        path: Where it is.
        status: Size, time of the change, time of the change of its status, inode.
        digest: blake3 of its content.
        imports: First parts of the names of modules that it imports, for Python code.
        settled: Whether an equal status means an equal content.
    """

    path: str
    status: Status
    digest: str
    imports: tuple[str, ...] = ()
    settled: bool = True

    @property
    def changed_ns(self) -> int:
        """When it last changed, as far as its status says."""
        return max(self.status[1], self.status[2])


class SourceReader:
    """Reads files.

    Args:
        known: Files that were read before, by path.

    Attributes:
        known: The same with those that were read since.
        fresh: Whether some were read since.
        begun_ns: When the present look began.
        places: Folders in which it searched for files, as they were before.
        missed: Whether it found a name whose file could not be read.
    """

    def __init__(self, known: Mapping[str, SourceFile] | None = None) -> None:
        self.known = dict(known or {})
        self.fresh = False
        self.begin()

    def begin(self) -> None:
        """Begin another look."""
        self.begun_ns = time.time_ns()
        self.places: dict[str, Status | None] = {}
        self.missed = False

    def visit(self, folder: str) -> None:
        """Note a folder before files are searched for in it."""
        if folder not in self.places:
            self.places[folder] = find_any_status(folder)

    def find_file(self, path: str) -> bool:
        """Say whether there is a file."""
        self.visit(os.path.dirname(path))
        return os.path.isfile(path)

    def find_folder(self, path: str) -> bool:
        """Say whether there is a folder."""
        self.visit(path)
        return os.path.isdir(path)

    def read(self, path: str) -> SourceFile | None:
        """Return a file with its digest, or None if there is none."""
        try:
            status = find_status(path)
            known = self.known.get(path)
            if known is not None and known.status == status and known.settled:
                return known
            data = _read(path)
            if find_status(path) != status:  # it changes at this moment
                status, data = find_status(path), _read(path)
        except OSError:
            self.missed = True
            return None
        settled = time.time_ns() - max(status[1], status[2]) > SETTLED_NS
        imports: tuple[str, ...] = ()
        if path.endswith(".py"):
            imports = _find_imports(data)
            _drop_stale_bytecode(path, max(status[1], status[2]))
        found = self.known[path] = SourceFile(path, status, blake3(data).hexdigest(), imports, settled)
        self.fresh = True
        return found

    def read_source(self, path: str) -> bytes:
        """Return the source of a module, or nothing if it cannot be read."""
        try:
            return _read(path)
        except OSError:
            return b""


def find_status(path: str) -> Status:
    """Return what a file's status says of whether its content changed."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def find_any_status(path: str) -> Status | None:
    """Return a file's or a folder's status, or None if there is none, or can be none of that name."""
    try:
        return find_status(path)
    except (OSError, UnicodeEncodeError):  # the encoding of file names may lack letters that texts in code have
        return None


def list_folder(folder: str, visit: Callable[[str], object] | None = None) -> Iterator[tuple[str, str]]:
    """Yield name and path of each file in a folder and its folders that may make a value: no caches, no repositories.

    A name is relative to the folder, with slashes.

    Args:
        folder: The folder.
        visit: Called with each folder before it is read.
    """
    seen: set[tuple[int, int]] = set()
    pending = [("", folder)]
    while pending:
        prefix, place = pending.pop()
        if visit is not None:
            visit(place)
        with contextlib.suppress(OSError), os.scandir(place) as found:
            entries = list(found)
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen or any(entry.name == _CACHE_TAG for entry in entries):
                continue
            seen.add((status.st_dev, status.st_ino))
            for entry in entries:
                if entry.is_dir():
                    if entry.name not in _SKIPPED_FOLDERS:
                        pending.append((f"{prefix}{entry.name}/", entry.path))
                elif not entry.name.endswith(_SKIPPED_ENDINGS):
                    yield prefix + entry.name, entry.path


def digest_sources(files: Mapping[str, str], state: str = "") -> str:
    """Return one digest for files, by their names and digests, and for what else the code depends on."""
    hasher = blake3(b"sources:%d:" % len(files) + state.encode())
    for name in sorted(files):
        encoded = name.encode("utf-8", "surrogateescape")
        hasher.update(b"%d:%s%s" % (len(encoded), encoded, files[name].encode()))
    return hasher.hexdigest()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _find_imports(code: bytes) -> tuple[str, ...]:
    names = set()
    for match in _IMPORT.finditer(code):
        listed = match[1] or match[2] or b""
        names |= {name.split(b".")[0].split()[0] for name in listed.split(b",") if name.strip(b". \t")}
    return tuple(sorted(name.decode() for name in names))


def _drop_stale_bytecode(path: str, changed_ns: int) -> None:
    """Remove the compiled form of a module if it is older than the module.

    Python compares only whole seconds and the size, so it would take it for that of the changed module.
    """
    with contextlib.suppress(OSError, NotImplementedError, ValueError):
        compiled = importlib.util.cache_from_source(path)
        if os.stat(compiled).st_mtime_ns <= changed_ns:
            os.unlink(compiled)
