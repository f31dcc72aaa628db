"""Checks the files of an output folder against what was recorded when they were written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Literal

from studio.cache.digest import hash_file

Standing = Literal["sound", "changed", "missing", "extra", "leftover", "unreadable"]


@dataclass(frozen=True)
class RecordedFile:
    """A file as it was when it was written.

    Attributes:
        name: Its path seen from the output folder, with slashes.
        digest: The digest of its bytes.
        size: Its size in bytes.
        output: The output that it is.
        record: Who says so: a manifest, or a row of a ledger.
        graph: The graph document that made it, where that is recorded.
        base: The folder that the graph's relative paths are seen from.
        inputs: The values of the graph's inputs.
        index: Its place in an output that is a list of media.
        roots: Further folders that the graph may read.
    """

    name: str
    digest: str
    size: int
    output: str
    record: str
    graph: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    index: int = 0
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedFile:
    """How a file stands: as recorded, changed, gone, or recorded nowhere; a manifest may be unreadable."""

    name: str
    standing: Standing
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"name": self.name, "standing": self.standing, "detail": self.detail}


def read_recorded(folder: Path) -> tuple[dict[str, RecordedFile], list[CheckedFile]]:
    """Return the files that the manifests in a folder record, the newest record of each, and what cannot be read."""
    recorded: dict[str, RecordedFile] = {}
    problems: list[CheckedFile] = []
    for path in sorted(_find_manifests(folder), key=_find_age):
        name = f".studio/{path.name}"
        try:
            for file in parse_manifest(json.loads(path.read_bytes()), folder, name):
                recorded[file.name] = file
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            problems.append(CheckedFile(name, "unreadable", f"{type(error).__name__}: {error}"))
    return recorded, problems


def parse_manifest(manifest: Mapping[str, Any], folder: Path, record: str) -> Iterator[RecordedFile]:
    """Yield the files that a manifest records, as seen from the folder, which may have been moved since."""
    written = str(manifest.get("folder", ""))
    graph, inputs = manifest["graph"], dict(manifest["inputs"])
    for output, made in manifest["outputs"].items():
        for index, file in enumerate(made["files"]):
            name = _find_name(str(file["path"]), written, folder)
            base, document = str(Path(str(graph["path"])).parent), dict(graph["document"])
            digest, size = str(file["blake3"]), int(file["bytes"])
            yield RecordedFile(name, digest, size, output, record, document, base, inputs, index)


def check_files(
    folder: Path, recorded: Mapping[str, RecordedFile], ignored: Iterable[str] = ()
) -> Iterator[CheckedFile]:
    """Yield how each file of a folder stands, the recorded ones first.

    Args:
        folder: The output folder.
        recorded: What was recorded, by name.
        ignored: Names of files and folders in it that are nobody's output.
    """
    root = folder.resolve()
    for name, file in sorted(recorded.items()):
        yield _check_file(root, name, file)
    for name in _find_names(root, set(ignored)):
        if name not in recorded:
            partial = PurePath(name).name.startswith(".") and "-partial" in name
            detail = "a process was killed while it wrote this" if partial else "recorded nowhere"
            yield CheckedFile(name, "leftover" if partial else "extra", detail)


def _find_manifests(folder: Path) -> list[Path]:
    """Return the manifests of a folder without those that a killed process left half written."""
    return [path for path in (folder / ".studio").glob("*.json") if not path.name.startswith(".")]


def _find_age(path: Path) -> tuple[str, int]:
    """Return what orders manifests by time: the second in their name, and within it the time of the file."""
    return path.name[:15], path.stat().st_mtime_ns


def _check_file(root: Path, name: str, file: RecordedFile) -> CheckedFile:
    path = root / name
    if PurePath(name).is_absolute() or not path.resolve().is_relative_to(root):
        return CheckedFile(name, "unreadable", f"{file.record} records it outside of the folder")
    try:
        size = path.stat().st_size
        if not path.is_file():
            return CheckedFile(name, "changed", "no plain file")
        if size != file.size:
            return CheckedFile(name, "changed", f"{size} bytes, {file.size} were written")
        same = hash_file(path).hex() == file.digest
    except FileNotFoundError:
        return CheckedFile(name, "missing", f"recorded in {file.record}")
    except OSError as error:
        return CheckedFile(name, "changed", f"cannot be read: {error.strerror}")
    return CheckedFile(name, "sound") if same else CheckedFile(name, "changed", "other bytes than were written")


def _find_name(path: str, written: str, folder: Path) -> str:
    """Return a recorded path as seen from the folder."""
    for root in (written, str(folder.resolve())):
        if root and path.startswith(root.rstrip(os.sep) + os.sep):
            return PurePath(os.path.relpath(path, root)).as_posix()
    return PurePath(path).name if os.path.isabs(path) else PurePath(path).as_posix()


def _find_names(root: Path, ignored: set[str]) -> Iterator[str]:
    """Yield the files below a folder, without those of output folders inside it."""
    for base, folders, files in os.walk(root):
        here = Path(base)
        if here != root and ".studio" in folders:
            folders.clear()
            continue
        at_top = here == root
        folders[:] = sorted(f for f in folders if f != ".studio" and not (at_top and f in ignored))
        for file in sorted(files):
            if not (at_top and file in ignored):
                yield (here / file).relative_to(root).as_posix()
