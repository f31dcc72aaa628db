"""Writing a run's outputs to files that appear whole, and carry the graph that made them."""

from __future__ import annotations

import json
import os
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import OutputPath, TypeSpec, ValueType
from studio.cache.digest import hash_file
from studio.errors import RunError, StudioError, UsageError

DEFAULT_TEMPLATE = "{output}.{ext}"
_FIELDS = {"output", "ext", "index", "graph", "run"}


@dataclass(frozen=True)
class WrittenFile:
    """A file that a run wrote."""

    output: str
    path: Path
    digest: str
    size: int


class OutputFolder:
    """The folder that a run writes into, and nowhere else."""

    def __init__(self, folder: Path, template: str = DEFAULT_TEMPLATE) -> None:
        self.folder = folder
        self.template = template
        check_template(template)

    def create(self) -> None:
        """Make the folder.

        Raises:
            RunError: E312 if that cannot be.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError("E312", f"cannot make the output folder: {error.strerror}", where=str(self.folder),
                           hint="name another with -o DIR") from None

    def resolve(self, name: str) -> OutputPath:
        """Return the place of a file that a node writes.

        Raises:
            RunError: E313 if it would leave the folder.
        """
        self.create()
        root = self.folder.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root) or path == root or ".studio" in path.relative_to(root).parts:
            raise RunError("E313", f"{name!r} leaves the output folder", where=str(root), hint="write a path inside it")
        path.parent.mkdir(parents=True, exist_ok=True)
        return OutputPath(path, name)

    def write(
        self,
        output: str,
        value: Any,
        spec: TypeSpec,
        value_types: Mapping[type, ValueType[Any]],
        provenance: Mapping[str, Any],
        fields: Mapping[str, str],
    ) -> list[WrittenFile]:
        """Write an output to one file, or a list of media to one file each.

        Raises:
            RunError: E312 if the disk says no.
        """
        written = []
        entries = list(_iterate_media(value, value_types))
        for index, entry in enumerate(entries):
            value_type = value_types.get(type(entry))
            extension = value_type.extensions[0] if value_type and value_type.extensions else ("txt" if isinstance(entry, str) else "json")
            named = {**fields, "output": output, "ext": extension}
            name = self._fill(named, index if len(entries) > 1 or isinstance(value, list) else None)
            place = self.resolve(name)
            carried = json.dumps({**provenance, "output": output, "index": index}, ensure_ascii=False, sort_keys=True)
            written.append(_write(output, place.path, entry, value_type, carried))
        return written

    def _fill(self, fields: Mapping[str, str], index: int | None) -> str:
        template = self.template
        if index is not None and "{index" not in template:
            stem, dot, ending = template.rpartition(".{ext}")
            template = f"{stem or template}_{{index:03d}}{dot}{ending}" if dot else template + "_{index:03d}"
        return template.format(**fields, index=index or 0)


def check_template(template: str) -> None:
    """Check a path template.

    Raises:
        UsageError: E003 if it is none.
    """
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
        if not set(fields) <= _FIELDS:
            raise ValueError(f"unknown field in {template!r}")
        template.format(output="x", ext="png", index=0, graph="g", run="r")
    except (ValueError, IndexError, KeyError) as error:
        raise UsageError("E003", f"{template!r} is not a name template: {error}",
                         hint=f"fields are {', '.join('{' + f + '}' for f in sorted(_FIELDS))}") from None


def _iterate_media(value: Any, value_types: Mapping[type, ValueType[Any]]) -> Iterator[Any]:
    """Yield what gets a file of its own: each medium, or all plain values as one."""
    if isinstance(value, list) and any(type(entry) in value_types or isinstance(entry, list) and entry and _holds_media(entry, value_types) for entry in value):
        for entry in value:
            yield from _iterate_media(entry, value_types)
    else:
        yield value


def _holds_media(value: list[Any], value_types: Mapping[type, ValueType[Any]]) -> bool:
    return any(type(entry) in value_types or (isinstance(entry, list) and _holds_media(entry, value_types)) for entry in value)


def _write(output: str, path: Path, value: Any, value_type: ValueType[Any] | None, provenance: str) -> WrittenFile:
    # the name keeps its extension, which chooses the format
    temporary = path.with_name(f".{secrets.token_hex(6)}-partial{path.suffix}")
    try:
        if value_type is not None:
            value_type.write_file(value, temporary, provenance)
        elif isinstance(value, str):
            temporary.write_text(value, encoding="utf-8")
        else:
            temporary.write_text(json.dumps(_to_json(value), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        digest, size = hash_file(temporary).hex(), temporary.stat().st_size
        os.replace(temporary, path)
    except StudioError:
        temporary.unlink(missing_ok=True)
        raise
    except OSError as error:
        temporary.unlink(missing_ok=True)
        full = error.errno in (28, 122)
        raise RunError("E312", f"cannot write output {output!r}: {error.strerror or error}", where=str(path),
                       hint="free space and run again: everything is cached" if full else "name another folder with -o DIR") from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return WrittenFile(output, path, digest, size)


def _to_json(value: Any) -> Any:
    return value.to_json() if hasattr(value, "to_json") else value
