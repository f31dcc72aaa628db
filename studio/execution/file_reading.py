"""`FileReader`: digests the files that a plan reads, and makes the node types that read them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.api import File, Input, MediaLimits, NodeType, Output, TypeSpec, ValueType
from studio.api.origin import Provider
from studio.errors import MediaError, RunError, StudioError
from studio.files import resolve_path
from studio.graph.source import Collected, Constant, FileSource, Source
from studio.value_callback import call_value_type

_PASSES = (StudioError, OSError, MemoryError)


class FileReader:
    """How a plan reads files.

    Args:
        digest_file: Returns a file with its digest; OSError if it cannot be read.
        store_streams: Returns a value in a form that has a digest.
        value_types: The registered value types, by name.
        limits: Bounds of what is decoded.
        providers: What provides each value type, by its name: code that reads a file counts like a node type's.

    Attributes:
        limits: Bounds of what is decoded.
    """

    def __init__(
        self,
        digest_file: Callable[[Path], File],
        store_streams: Callable[[Any], Any],
        value_types: Mapping[str, ValueType[Any]],
        limits: MediaLimits,
        providers: Mapping[str, Provider] | None = None,
        captured_dir: Path | None = None,
    ) -> None:
        self._captured_dir = captured_dir
        self._providers = providers or {}
        self._digest_file = digest_file
        self._store_streams = store_streams
        self._value_types = value_types
        self.limits = limits
        self._node_types: dict[str, NodeType] = {}

    def prepare_source(self, source: Source, digests: Mapping[str, str] | None) -> Source:
        """Return a source whose files are found and digested, and whose values have a form with a digest.

        Args:
            source: Any source.
            digests: Digests that the graph's own files must have, by how they are written; None for any.

        Raises:
            RunError: E129 if a file cannot be read, E311 if it has changed.
        """
        if isinstance(source, Collected):
            return Collected(tuple(self.prepare_source(entry, digests) for entry in source.entries))
        if isinstance(source, FileSource):
            return replace(source, file=self.find_file(source, digests))
        return Constant(self._store_streams(source.value)) if isinstance(source, Constant) else source

    def find_file(self, source: FileSource, digests: Mapping[str, str] | None) -> File:
        """Return a file with its digest.

        Args:
            source: The file.
            digests: Digests that the graph's own files must have, by how they are written; None for any.

        Raises:
            RunError: E129 if it cannot be read, E311 if it has changed.
        """
        digests = None if source.by_caller else digests
        wanted = (digests or {}).get(source.written)
        if digests is not None and wanted is None:
            raise RunError(
                "E311",
                f"the file that names {source.written!r} does not say what was in it",
                hint="give it with --set NAME=@PATH",
            )
        if wanted is not None and not _is_file(source.path):
            return File(source.path, wanted, 0)  # the cache may still know what was in it
        try:
            file = self._digest_file(source.path)
        except OSError as error:
            raise RunError(
                "E129", f"{str(source.path)!r} cannot be read: {error.strerror}", hint="check its rights"
            ) from None
        if digests is not None and wanted != file.digest:
            raise RunError(
                "E311",
                f"{str(source.path)!r} has changed since the file that names it was made",
                hint="put the old one back, or use this one with --set NAME=@PATH",
            )
        return replace(file, origin="captured") if self._is_captured(file.path) else file

    def _is_captured(self, path: Path) -> bool:
        """Return whether the user says of the folder of a file that cameras and recorders made what is in it."""
        folder = self._captured_dir
        return folder is not None and resolve_path(path).is_relative_to(resolve_path(folder))

    def make_node_type(self, name: str) -> NodeType:
        """Return the node type that reads a value type from a file."""
        if name not in self._node_types:
            value_type: ValueType[Any] = self._value_types[name]
            limits = self.limits
            provider = self._providers.get(name, Provider("studio", ""))

            def read(ctx: Any, file: File) -> Any:
                if not _is_file(file.path):
                    raise RunError(
                        "E311",
                        f"{str(file.path)!r} is not there, and the cache does not contain it",
                        hint="put it back, or name another with --set NAME=@PATH",
                    )
                value = _read_value(value_type, file.path, limits)
                doubts = call_value_type(value_type, "find_doubts", file.path, limits, passes=_PASSES, returns=Iterable)
                for doubt in doubts:
                    ctx.log(doubt)
                return value

            self._node_types[name] = NodeType(
                id=f"studio.read_{name}",
                version="1.0",
                code=1 + value_type.reading_code,
                function=read,
                lane="io",
                device_free=True,
                inputs={"file": Input("file", TypeSpec("file"), True)},
                outputs={name: Output(name, TypeSpec(name))},
                content_origin="captured",
                summary=f"Read {name} from a file.",
                distribution=provider.distribution,
                distribution_version=provider.version,
                origin=provider.origin,
            )
        return self._node_types[name]


class UnreadFiles(FileReader):
    """Reads no file: for a plan that is looked at and never run.

    Args:
        value_types: The registered value types, by name.
        limits: Bounds of what is decoded.
    """

    def __init__(self, value_types: Mapping[str, ValueType[Any]], limits: MediaLimits) -> None:
        super().__init__(lambda path: File(path, "", 0), lambda value: value, value_types, limits)

    def find_file(self, source: FileSource, digests: Mapping[str, str] | None) -> File:
        """Return a file without a digest."""
        return File(source.path, "", 0)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # unlike Path.is_file, also for a name that no file can have


def _read_value(value_type: ValueType[Any], path: Path, limits: MediaLimits) -> Any:
    """Return what a file contains; that it is invalid is said of the file, and not of what reads it.

    Raises:
        StudioError: What the value type says of a file, E511 where it fails on one, E315 for a value of another class.
    """
    try:
        value = call_value_type(value_type, "read_file", path, limits, passes=_PASSES, returns=value_type.python)
        call_value_type(value_type, "check", value)
    except RunError as error:
        if error.code != "E315" or error.__cause__ is None:
            raise
        hint = f"give a valid file; if it is one, {error.hint}"
        raise MediaError("E511", f"no valid {value_type.name}: {error.message}", where=str(path), hint=hint) from error
    except MediaError as error:
        if not error.where:
            raise MediaError(error.code, error.message, where=str(path), hint=error.hint) from None
        raise
    return value
