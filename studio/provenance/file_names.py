"""Names of output files as they are known before a run: finds those that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from studio.api import TypeSpec, ValueType
from studio.files import RECORDS_FOLDER, is_temporary_name

_PLAIN_EXTENSIONS = ("txt", "json")


class FileNameProblem(ValueError):
    """A name that no output file may have, with what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def list_file_names(
    template: str, types: Mapping[str, TypeSpec], value_types: Mapping[str, ValueType[Any]], **fields: str
) -> list[str]:
    """Return the names of the files of outputs; an output of any type has one for each extension that it may get.

    Args:
        template: The template of the names, which ends with an extension.
        types: Types of the outputs, by name.
        value_types: The value types that are registered, by name.
        fields: Values of further fields of the template.

    Raises:
        FileNameProblem: A name is reserved, or has an extension that values of its type cannot be written to.
    """
    return [name for output, spec in types.items() for name in _list_names(template, output, spec, value_types, fields)]


def _list_names(
    template: str, output: str, spec: TypeSpec, value_types: Mapping[str, ValueType[Any]], fields: Mapping[str, str]
) -> Iterator[str]:
    value_type = value_types.get(spec.name)
    allowed = value_type.extensions if value_type is not None else ()
    for extension in allowed[:1] or _list_extensions(value_types):
        name = template.format(**fields, output=output, ext=extension, index=0)
        _check_name(name)
        suffix = PurePath(name).suffix
        if allowed and suffix.lower().lstrip(".") not in allowed:
            message = f"unsupported {spec.name} file extension {suffix!r} of output {output!r}"
            raise FileNameProblem(message, f"use .{{ext}}, or one of: {', '.join(allowed)}")
        yield name


def _list_extensions(value_types: Mapping[str, ValueType[Any]]) -> tuple[str, ...]:
    media = {value_type.extensions[0] for value_type in value_types.values() if value_type.extensions}
    return (*_PLAIN_EXTENSIONS, *sorted(media - set(_PLAIN_EXTENSIONS)))


def _check_name(name: str) -> None:
    path = PurePath(name)
    if any(part.casefold() == RECORDS_FOLDER for part in path.parts):
        raise FileNameProblem(f"{RECORDS_FOLDER!r} in a file name is reserved for Studio's records", "rename it")
    if is_temporary_name(path.name):
        raise FileNameProblem(f"a file named like {path.name!r} is removed as unfinished", "rename it")
