"""Files of outputs that an earlier run wrote and that nobody has changed since: they are not written again.

A file is taken for current only if its bytes have the digest that was noted when it was written: no time of change and
no manifest is trusted. The notes lie in the cache folder, where only this user's runs write, and never beside the
files, which may come from elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import TypeSpec, ValueType
from studio.api.content_origin import find_source_type
from studio.api.origin import Provider
from studio.cache.digest import hash_file
from studio.errors import StudioError
from studio.execution.content import Media, join_media
from studio.files import load_remakeable, resolve_path, write_remakeable
from studio.provenance.carried_text import CarriedText, describe_content
from studio.provenance.credentials.formats import is_beside, name_sidecar
from studio.provenance.output_folder import OutputFolder, iterate_media
from studio.provenance.record import FileRecord

_FORMAT = 1
_OWN_MODULES = "studio.api."
_MOST_ENTRIES = 64  # in each of the 256 files of notes
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class WrittenFile:
    """What is noted of a file when it is written.

    Attributes:
        digest: BLAKE3 of its bytes, in hex.
        size: Its size in bytes.
        loss: What it does not keep of the value, or "".
        mark: The number of the mark in it, or "".
    """

    digest: str
    size: int
    loss: str = ""
    mark: str = ""


class WrittenFiles:
    """Notes of written files, by what made them. A note that is damaged or missing means that a file is written again.

    Args:
        folder: Where the notes are, or None for none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def find(self, key: str) -> list[WrittenFile]:
        """Return what was noted under a key: a row for each file, or none."""
        try:
            return [_parse_row(row) for row in self._load(key).get(key, ())]
        except (ValueError, TypeError):
            return []

    def keep(self, key: str, files: Sequence[WrittenFile]) -> None:
        """Note what was written; where that is impossible, the files are written again next time."""
        if self._folder is None:
            return
        entries = self._load(key)
        entries.pop(key, None)
        kept = dict([*entries.items(), (key, [_list_row(file) for file in files])][-_MOST_ENTRIES:])
        with contextlib.suppress(OSError, ValueError):
            data = json.dumps({"format": _FORMAT, "files": kept}).encode()
            write_remakeable(self._name_file(self._folder, key), data)

    def _load(self, key: str) -> dict[str, Any]:
        if self._folder is None:
            return {}
        found = load_remakeable(self._name_file(self._folder, key), _FORMAT, lambda row: dict(row["files"]))
        return found or {}

    @staticmethod
    def _name_file(folder: Path, key: str) -> Path:
        return folder / f"{key[:2]}.json"


def _list_row(file: WrittenFile) -> list[Any]:
    return [file.digest, file.size, file.loss, *([file.mark] if file.mark else [])]


def _parse_row(row: Any) -> WrittenFile:
    digest, size, loss, *marks = row
    if not (isinstance(digest, str) and _DIGEST.fullmatch(digest) and type(size) is int):
        raise ValueError(row)
    if not (len(marks) <= 1 and all(isinstance(text, str) for text in (loss, *marks))):
        raise ValueError(row)
    return WrittenFile(digest, size, loss, *marks)


class CurrentFiles:
    """The outputs of one run whose files are current.

    Only media of Studio's own types count: what writes a plugin's type may depend on more than the value.

    Args:
        written: What is known of files that were written.
        value_types: The value types that are registered, by name.
        providers: What provides each of them, by its name.
        folder: The folder that the run writes into.
        fields: Values of the template's fields `graph` and `run`.
        collect: Returns what each file of the run carries.
        signer: Names what signs files; "" if they are not signed.
        marking: Names what marks them; "" if they are not marked.
    """

    def __init__(
        self,
        written: WrittenFiles,
        value_types: Mapping[str, ValueType[Any]],
        providers: Mapping[str, Provider],
        folder: OutputFolder,
        fields: Mapping[str, str],
        collect: Callable[[], CarriedText],
        signer: str = "",
        marking: str = "",
    ) -> None:
        self._written = written
        self._value_types = value_types
        self._providers = providers
        self._folder = folder
        self._fields = fields
        self._signer = signer
        self._marking = marking
        self.collect = collect
        self._found: dict[tuple[str, str], list[FileRecord]] = {}

    def find(self, output: str, digest: str, spec: TypeSpec, content: Sequence[Media]) -> list[FileRecord]:
        """Return the files of an output if all of them are current, or none.

        Args:
            output: The output.
            digest: The digest of its value.
            spec: Its type.
            content: What each of its files is made of.
        """
        known = self._found.get((output, digest))
        if known is None:
            key = self._find_key(output, digest, spec, content)
            files = self._written.find(key) if key is not None else []
            known = self._found[output, digest] = self._check(output, spec, files, content) if files else []
        return known

    def has(self, output: str, digest: str, spec: TypeSpec, content: Sequence[Media]) -> bool:
        """Return whether all files of an output are current; arguments as for `find`."""
        return bool(self.find(output, digest, spec, content))

    def keep(
        self,
        output: str,
        digest: str,
        spec: TypeSpec,
        content: Sequence[Media],
        value: Any,
        records: Sequence[FileRecord],
    ) -> None:
        """Note what was written for an output; arguments as for `find`, with the value and its files."""
        key = self._find_key(output, digest, spec, content)
        if key is None or not records:
            return
        value_type = self._value_types[spec.name]
        media = iterate_media(value, {value_type.python: value_type})
        if isinstance(value, list) == (spec.depth > 0) and all(type(entry) is value_type.python for entry in media):
            self._written.keep(key, [WrittenFile(one.digest, one.size, one.loss, one.mark) for one in records])

    def _find_key(self, output: str, digest: str, spec: TypeSpec, content: Sequence[Media]) -> str | None:
        """Return what names the files of an output: all that their bytes depend on; None if something is unknown."""
        value_type, provider = self._value_types.get(spec.name), self._providers.get(spec.name)
        if value_type is None or provider is None or not type(value_type).__module__.startswith(_OWN_MODULES):
            return None
        if not _DIGEST.fullmatch(digest) or self._folder.entry is not None:
            return None
        if provider.origin is not None and (provider.origin.sources is None or provider.origin.find_changed()):
            return None
        try:
            carried = self.collect().format(output, 0)
        except StudioError:  # the run reports it when it writes
            return None
        parts = [_FORMAT, digest, spec.to_record(), str(provider), self._folder.find_template(output), carried]
        parts += [self._signer] if self._signer else []
        parts += [["mark", self._marking]] if self._marking else []
        parts += [[list(describe_content(media).items()) for media in content]]
        return blake3(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _check(
        self, output: str, spec: TypeSpec, files: Sequence[WrittenFile], content: Sequence[Media]
    ) -> list[FileRecord]:
        extension = self._value_types[spec.name].extensions[0]
        found: list[FileRecord] = []
        for index, file in enumerate(files):
            name = self._folder.fill(
                {**self._fields, "output": output, "ext": extension}, index if spec.depth else None
            )
            path = resolve_path(self._folder.folder) / name
            if not _is_current(path, file) or (self._signer and is_beside(path) and not name_sidecar(path).is_file()):
                return []
            media = content[index] if len(content) == len(files) else join_media(content)
            term = find_source_type(media.whole)
            known = FileRecord(output, path, index, file.digest, file.size, file.loss, source_type=term, mark=file.mark)
            found.append(known)
        return found


def _is_current(path: Path, file: WrittenFile) -> bool:
    """Return whether a file has the content that was written; one that a link leads to does not count."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size or resolve_path(path) != path:
            return False
        return hash_file(path).hex() == file.digest
    except (OSError, ValueError):
        return False
