"""Exported models: a folder with a model of the catalog and a list of its digests, for a machine without a network."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model
from studio.errors import ModelError
from studio.runtime.catalog.archives import hash_file
from studio.runtime.catalog.entry import Entry, Source
from studio.runtime.library import Library

LIST = "catalog.json"
"""The file of an exported model that says which entry it is, and lists its files with their SHA-256."""

_FORMAT = 1


def export_model(library: Library, name: str, folder: Path) -> dict[str, str]:
    """Copy a fetched model into a new folder, with its license, its card and its digests; return the digests.

    Raises:
        ModelError: E602 if it was not fetched, E605 if it changed since, E607 if it cannot be written, E609 if the
            folder exists.
    """
    known = library.find_added(name) or {}
    if not known.get("entry"):
        raise ModelError("E602", f"'local:{name}' was not fetched", hint=f"fetch it: studio models get {name}")
    if folder.exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise ModelError("E609", f"{str(folder)!r} exists already", hint="name a new folder")
    library.find_path(Model(f"local:{name}"))
    files = {str(file): str(digest) for file, digest in known["files"].items()}
    source = Path(known["folder"])
    temporary = folder.with_name(f".{folder.name}-partial")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        shutil.copytree(source, temporary)
        _check_files(name, temporary, files)
        text = {"studio_catalog": _FORMAT, "entry": known["entry"], "files": files}
        (temporary / LIST).write_text(json.dumps(text, indent=1), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        os.replace(temporary, folder)
    except (OSError, shutil.Error) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ModelError(
            "E607", f"cannot export {name!r}: {reason}", where=str(folder), hint="check rights and free space"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return files


def _check_files(name: str, folder: Path, files: Mapping[str, str]) -> None:
    for file, digest in files.items():
        if hash_file(folder / file) != digest:
            hint = f"fetch it again: studio models remove local:{name} && studio models get {name}"
            raise ModelError("E605", f"{file!r} of 'local:{name}' has changed since it was fetched", hint=hint)


def take_export(entry: Entry, source: Source, given: Path, target: Path) -> dict[str, str] | None:
    """Copy an exported model of an entry into a new folder; return its digests, or None if the folder is none.

    Args:
        entry: The entry.
        source: One of its sources; the digests of its results are compared.
        given: The exported folder.
        target: The new folder.

    Raises:
        ModelError: E605 if a file does not have the digest in the list, or in the catalog.
    """
    path = given / LIST
    if not path.is_file():
        return None
    files = _read_list(entry, path)
    pinned = {name: digest for one in entry.sources for name, digest in one.file_digests.items()}
    for name, digest in files.items():
        found = hash_file(given / name) if (given / name).is_file() else "none"
        if found != digest or digest != pinned.get(name, digest):
            raise ModelError(
                "E605",
                f"{name!r} has the SHA-256 {found}, and {'the catalog' if found == digest else LIST} says "
                f"{pinned.get(name, digest) if found == digest else digest}",
                where=str(given),
                hint="export it again on the other machine",
            )
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(given / name, target / name)
    return files


def _read_list(entry: Entry, path: Path) -> dict[str, str]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): str(digest) for name, digest in found["files"].items()}
        if found["studio_catalog"] != _FORMAT or not files:
            raise ValueError("of another version")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError("E605", f"{str(path)!r} is invalid: {error}", hint="export the model again") from None
    for name in files:
        if name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name:
            raise ModelError("E605", f"{str(path)!r} names {name!r}, which leads out of it", hint="do not use it")
    if found.get("entry") != entry.name:
        raise ModelError(
            "E605",
            f"{str(path.parent)!r} contains {found.get('entry')!r}, and not {entry.name!r}",
            hint=f"studio models get {found.get('entry')} --from {path.parent}",
        )
    return files
