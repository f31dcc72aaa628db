"""Writing a run's outputs to files that appear whole, and carry the graph that made them."""

from __future__ import annotations

import errno
import json
import os
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path, PurePath
from typing import Any, TypeAlias

from studio.api import File, OutputPath, TypeSpec, ValueType
from studio.api.content_origin import find_source_type
from studio.cache.digest import hash_file
from studio.errors import MediaError, NodeError, RunError, StudioError, UsageError
from studio.execution.content import Media, join_media
from studio.files import RECORDS_FOLDER, is_disk_full, replace_file, resolve_path, sync_folder
from studio.provenance.carried_text import CarriedText
from studio.provenance.credentials.formats import is_beside, name_sidecar
from studio.provenance.file_names import FileNameProblem, list_file_names
from studio.provenance.marking import NO_MARK, Mark
from studio.provenance.record import FileRecord
from studio.provenance.saved_files import SavedFile, list_files
from studio.value_callback import call_value_type, fail_callback

SignFile: TypeAlias = Callable[[Media, str, Mark, Path, Path], None]
"""Signs a file before it has its name: what it is made of, what it carries, its mark, where it is and will be."""
MarkMedium: TypeAlias = Callable[[Any, Media, str], tuple[Any, Mark]]
"""Marks a medium: the medium, what it is made of, and what its number follows from."""
KeepMarked: TypeAlias = Callable[[FileRecord, str], None]
"""Keeps what is known of a marked file: its record, and what it carries."""
MeasureSignature: TypeAlias = Callable[[Path, Path, str], int]
"""Returns how many bytes signing adds to a file at most: where it is and will be, and what it carries."""

DEFAULT_TEMPLATE = "{output}.{ext}"
TEMPLATE_FIELDS = {"output", "ext", "index", "graph", "run"}
_WIDTH = re.compile(r"0?\d{1,2}d?")


class OutputFolder:
    """The folder that a run writes into, and nowhere else.

    Args:
        folder: The folder.
        template: How its files are named.
        entry: Of an output that is a list of media, write this one only.
        names: Templates of outputs that have one of their own, by output.
        is_apart: Whether its files go to others, so that they do not carry the way to the graph's folder.
    """

    def __init__(
        self,
        folder: Path,
        template: str = DEFAULT_TEMPLATE,
        *,
        entry: int | None = None,
        names: Mapping[str, str] | None = None,
        is_apart: bool = False,
    ) -> None:
        self.folder = Path(os.path.abspath(folder))  # a node may change the current folder
        self.template = template
        self.entry = entry
        self.is_apart = is_apart
        self._names = dict(names or {})
        self._taken: set[Path] = set()
        self._saved: dict[str, SavedFile] = {}
        self._signed: set[Path] = set()
        self._owners: Mapping[str, str] = {}
        self._collect: Callable[[], CarriedText] | None = None
        self._measure: MeasureSignature | None = None
        self._unsynced: set[Path] = set()
        for one in (template, *self._names.values()):
            check_template(one)

    def find_template(self, output: str) -> str:
        """Return the template of the names of an output's files."""
        return self._names.get(output, self.template)

    def check(self, outputs: Mapping[str, TypeSpec], value_types: Mapping[str, ValueType[Any]]) -> None:
        """Check before a run that its outputs can be written, and will not overwrite each other.

        Args:
            outputs: Types of the outputs, by name.
            value_types: The value types that are registered, by name.

        Raises:
            UsageError: E003 if the template gives two outputs one name, or one that cannot be written.
        """
        names = [name for name in outputs if name not in self._names]
        try:
            for name, spec in outputs.items():
                list_file_names(self._complete_template(name), {name: spec}, value_types, graph="g", run="r")
        except FileNameProblem as problem:
            raise UsageError("E003", str(problem), hint=problem.hint) from None
        if len(names) > 1 and "output" not in _find_fields(self.template):
            raise UsageError(
                "E003",
                f"{self.template!r} gives all outputs one name: {', '.join(names)}",
                hint="put {output} into it, or make one output with --only",
            )

    def begin(self) -> None:
        """Make the folder for a new run, which may write over the files of earlier ones.

        Raises:
            RunError: E312 if that cannot be.
        """
        self._taken.clear()
        self._saved.clear()
        self._signed.clear()
        self.create()

    def expect(
        self,
        owners: Mapping[str, str],
        collect: Callable[[], CarriedText],
        measure: MeasureSignature | None = None,
    ) -> None:
        """Prepare for the files that nodes of a run save.

        Args:
            owners: Names of the files, each with the output that it belongs to.
            collect: Returns what each file of the run carries.
            measure: Returns how many bytes signing adds to a file at most; None if files are not signed.
        """
        self._owners = owners
        self._collect = lru_cache(maxsize=1)(collect)
        self._measure = measure

    def reserve(self, name: str) -> OutputPath:
        """Return the place of a file that a node saves, with what the file is to carry.

        Raises:
            RunError: As `resolve`.
        """
        place = self.resolve(name)
        known = next((one for one in self._owners if name == one or name.endswith(f"/{one}")), None)
        if known is None or self._collect is None:
            return place
        output = self._owners[known]
        self._saved[name] = SavedFile(output, known, place.path, list_files(place.path))
        text = self._collect().format(output, 0, known)
        measure, path = self._measure, place.path
        if measure is None:
            return OutputPath(path, name, text)
        return OutputPath(path, name, text, measure_signature=lambda written: measure(written, path, text))

    def list_saved(self, sign: Callable[[str, Path, str], None] | None = None) -> list[FileRecord]:
        """Return the files that nodes of the run saved.

        Args:
            sign: Signs such a file of an output, which carries a text; None to leave them as they are.

        Raises:
            RunError: E314 if the credentials of two files would have the same name, and as `sign`.
        """
        if sign is not None and self._collect is not None:
            carried = self._collect()
            for saved in self._saved.values():
                for index, path in enumerate(saved.list_paths()):
                    if path not in self._signed:
                        self._take_sidecar(path)
                        sign(saved.output, path, carried.format(saved.output, index, saved.name))
                        self._signed.add(path)
        return [record for saved in self._saved.values() for record in saved.list_written()]

    def is_saved(self, output: str, value: Any) -> bool:
        """Say whether the value of an output is the name of a file that a node saved for it, or a list of such names.

        The output is then that file.
        """
        names = value if isinstance(value, list) else [value]
        found = [self._saved.get(name) if isinstance(name, str) else None for name in names]
        return bool(found) and all(saved is not None and saved.output == output for saved in found)

    def create(self) -> None:
        """Make the folder.

        Raises:
            RunError: E312 if that cannot be.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refuse_folder(self.folder, error) from None

    def resolve(self, name: str) -> OutputPath:
        """Return the place of a file of the run; a link of that name is replaced by the file.

        Raises:
            RunError: E313 if it would leave the folder, E314 if this run wrote a file of that name already.
        """
        self.create()
        root = resolve_path(self.folder)
        path = resolve_path(root / name)
        if not path.is_relative_to(root) or path == root or RECORDS_FOLDER in path.relative_to(root).parts:
            raise RunError("E313", f"{name!r} leaves the output folder", where=str(root), hint="write a path inside it")
        if os.path.islink(root / name):
            path = resolve_path((root / name).parent) / PurePath(name).name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refuse_folder(path.parent, error) from None
        if path in self._taken:
            raise RunError(
                "E314",
                f"two outputs or save nodes of this run write to {name!r}",
                where=str(path),
                hint="rename one, or let --filename-template tell them apart, as in {output}_{index:03d}",
            )
        self._taken.add(path)
        self._unsynced.update(folder for folder in path.parents if folder.is_relative_to(root))
        return OutputPath(path, name)

    def _take_sidecar(self, path: Path) -> None:
        """Take the name of the content credentials of a file that has them beside it.

        Raises:
            RunError: As `resolve`.
        """
        if is_beside(path):
            self.resolve(PurePath(os.path.relpath(name_sidecar(path), resolve_path(self.folder))).as_posix())

    def write(
        self,
        output: str,
        value: Any,
        spec: TypeSpec,
        value_types: Mapping[type, ValueType[Any]],
        carried: CarriedText,
        fields: Mapping[str, str],
        content: Sequence[Media] = (),
        *,
        is_deep: bool = False,
        sign: SignFile | None = None,
        mark: MarkMedium | None = None,
        keep: KeepMarked | None = None,
    ) -> list[FileRecord]:
        """Write an output to one file, or a list of media to one file each.

        Args:
            output: Name of the output.
            value: Its value.
            spec: Its type.
            value_types: The value types that are registered, by class.
            carried: What each file carries.
            fields: Values of the template's fields `graph` and `run`.
            content: What each file is made of.
            is_deep: Whether the value comes from samples of more than 8 bits.
            sign: Signs each file, or None.
            mark: Marks each medium, or None.
            keep: Keeps what is known of each marked file, or None.

        Raises:
            RunError: E312 if the disk says no, E775 if a file cannot be signed.
        """
        written = []
        entries = list(iterate_media(value, value_types))
        for index, entry in enumerate(entries):
            if self.entry not in (None, index):
                continue
            value_type = value_types.get(type(entry))
            named = {**fields, "output": output, "ext": _find_extension(entry, value_type)}
            several = isinstance(value, list) and entries != [value] and self.entry is None
            name = self.fill(named, index if several else None)
            place = self.resolve(name)
            media = content[index] if len(content) == len(entries) else join_media(content)
            made = NO_MARK
            if mark is not None and value_type is not None:
                entry, made = mark(entry, media, carried.identify(output, index))
            text = carried.format(output, index, content=media, mark=made.number) if value_type is not None else ""
            record = FileRecord(output, place.path, index, source_type=find_source_type(media.whole), mark=made.number)
            signs = partial(sign, media, text, made) if sign is not None and value_type is not None else None
            if signs is not None:
                self._take_sidecar(place.path)
            record = _write_file(record, entry, value_type, text, signs, is_deep=is_deep)
            if keep is not None and made.number:
                keep(record, text)
            losses = filter(None, (record.loss, made.doubt))
            written.append(replace(record, loss="; ".join(losses)))
        return written

    def adopt(self, records: Iterable[FileRecord]) -> None:
        """Take files that are there already for those of this run.

        Raises:
            RunError: As `resolve`.
        """
        root = resolve_path(self.folder)
        for record in records:
            self.resolve(record.path.relative_to(root).as_posix())

    def sync(self) -> None:
        """Wait until the names of the files and of their folders are on the disk, so that a record of them stays true.

        Raises:
            RunError: E312 if the disk refuses.
        """
        while self._unsynced:
            folder = self._unsynced.pop()
            try:
                sync_folder(folder)
            except OSError as error:
                raise _refuse_folder(folder, error) from None

    def _complete_template(self, output: str) -> str:
        template = self.find_template(output)
        return template if PurePath(template).suffix else f"{template}.{{ext}}"

    def fill(self, fields: Mapping[str, str], index: int | None) -> str:
        """Return the name of a file of an output.

        Args:
            fields: Values of the template's fields but `index`.
            index: Its place in an output that is a list of media, or None.
        """
        template = self._complete_template(fields["output"])
        if index is not None and "index" not in _find_fields(template):
            stem, suffix = os.path.splitext(template)
            template = f"{stem}_{{index:03d}}{suffix}"
        return template.format(**fields, index=index or 0)


def check_template(template: str) -> None:
    """Check a path template: known fields, plain, and a path inside the folder.

    Raises:
        UsageError: E003 if it is invalid.
    """
    known = ", ".join("{" + name + "}" for name in sorted(TEMPLATE_FIELDS)) + " and the inputs of the graph"
    try:
        for _, name, width, conversion in string.Formatter().parse(template):
            _check_field(name, width, conversion)
        path = PurePath(template.format(output="x", ext="png", index=0, graph="g", run="r"))
    except (ValueError, IndexError, KeyError) as error:
        raise UsageError(
            "E003", f"invalid file name template {template!r}: {error}", hint=f"fields are {known}"
        ) from None
    if path.is_absolute() or ".." in path.parts:
        raise UsageError("E003", f"{template!r} leaves the output folder", hint="choose the folder with -o DIR")
    if not path.name:
        raise UsageError("E003", f"{template!r} names no file", hint=f"write something like {DEFAULT_TEMPLATE}")


def _check_field(name: str | None, width: str | None, conversion: str | None) -> None:
    """Raise ValueError for a field that a template may not have."""
    if name is not None and name not in TEMPLATE_FIELDS:
        raise ValueError(f"unknown field {{{name}}}")
    if conversion or (width and not (name == "index" and _WIDTH.fullmatch(width))):
        raise ValueError("only {index} takes a width, as in {index:03d}")


def _find_fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _refuse_folder(folder: Path, error: OSError) -> RunError:
    blocking = next((p for p in (folder, *folder.parents) if os.path.exists(p) and not p.is_dir()), None)
    reason = f"{str(blocking)!r} is a file" if blocking else (error.strerror or str(error)).lower()
    return RunError(
        "E312", f"cannot make the output folder: {reason}", where=str(folder), hint="name another with -o DIR"
    )


def iterate_media(value: Any, value_types: Mapping[type, ValueType[Any]]) -> Iterator[Any]:
    """Yield what gets a file of its own: each medium, or all plain values as one."""
    if isinstance(value, list) and any(
        type(entry) in value_types or (isinstance(entry, list) and entry and _holds_media(entry, value_types))
        for entry in value
    ):
        for entry in value:
            yield from iterate_media(entry, value_types)
    else:
        yield value


def _holds_media(value: list[Any], value_types: Mapping[type, ValueType[Any]]) -> bool:
    return any(
        type(entry) in value_types or (isinstance(entry, list) and _holds_media(entry, value_types)) for entry in value
    )


def _find_extension(value: Any, value_type: ValueType[Any] | None) -> str:
    if value_type is not None and value_type.extensions:
        return value_type.extensions[0]
    return "txt" if isinstance(value, str) else "json"


def _write_file(
    record: FileRecord,
    value: Any,
    value_type: ValueType[Any] | None,
    provenance: str,
    sign: Callable[[Path, Path], None] | None = None,
    *,
    is_deep: bool,
) -> FileRecord:
    """Write a value to the path of a record, and return the record with what was written."""
    output, path = record.output, record.path
    loss = ""
    try:
        with replace_file(path, sync="content") as temporary:
            if value_type is not None:
                loss = _write_value(value_type, value, path, temporary, provenance, is_deep=is_deep)
            elif isinstance(value, str):
                temporary.write_text(value, encoding="utf-8", errors="backslashreplace")
            else:
                text = json.dumps(_to_json(value), ensure_ascii=False, indent=2) + "\n"
                temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
            if sign is not None:
                sign(temporary, path)
            digest, size = hash_file(temporary).hex(), temporary.stat().st_size
    except NodeError:  # of a node that makes a video as it is written
        raise
    except (MediaError, RunError) as error:
        message = f"output {output!r}: {error.message}"
        raise type(error)(error.code, message, where=str(path), hint=error.hint) from None
    except OSError as error:
        full = is_disk_full(error)
        raise RunError(
            "E312",
            f"cannot write output {output!r}: {error.strerror or error}",
            where=str(path),
            hint="free space and run again: everything is cached" if full else _find_hint(error, path),
        ) from None
    return replace(record, digest=digest, size=size, loss=loss)


def _write_value(
    value_type: ValueType[Any], value: Any, path: Path, temporary: Path, provenance: str, *, is_deep: bool
) -> str:
    """Write a medium to a temporary name, and return what the file of the right name does not keep of it."""
    losses = [call_value_type(value_type, "find_loss", value, path, returns=str)]
    passes = (StudioError, OSError)
    if is_deep:
        losses.append(
            call_value_type(value_type, "write_deep_file", value, temporary, provenance, passes=passes, returns=str)
        )
    else:
        call_value_type(value_type, "write_file", value, temporary, provenance, passes=passes)
    if not temporary.is_file():
        raise fail_callback(value_type, "write_file", "wrote no file")
    return "; ".join(filter(None, losses))


def _find_hint(error: OSError, path: Path) -> str:
    """Return what to do about a file that cannot be written."""
    if error.errno == errno.ENAMETOOLONG:
        return "choose a shorter name with --filename-template, or rename the output"
    if path.is_dir():
        return f"a folder has the name {path.name!r}: move it, or choose another name with --filename-template"
    return "name another folder with -o DIR"


def _to_json(value: Any) -> Any:
    """Return a value as plain JSON: files by their names, models by what a graph writes."""
    if isinstance(value, File | OutputPath):
        return value.name
    if isinstance(value, list):
        return [_to_json(entry) for entry in value]
    return value.to_json() if hasattr(value, "to_json") else value
