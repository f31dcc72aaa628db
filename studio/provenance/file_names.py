"""Names of output files as they are known before a run: finds those that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from studio.api import TypeSpec, ValueType
from studio.api.type_spec import PLAIN_TYPES
from studio.errors import Finding
from studio.files import RECORDS_FOLDER, is_temporary_name
from studio.graph.json_pointer import escape
from studio.graph.resolved import ResolvedGraph

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
        FileNameProblem: A name is reserved, or has an extension that values of its type cannot be written to, or its
            type has no files.
    """
    return [name for output, spec in types.items() for name in _list_names(template, output, spec, value_types, fields)]


def has_files(value_type: ValueType[Any]) -> bool:
    """Say whether values of a type can be written to files."""
    return bool(value_type.extensions) and type(value_type).write_file is not ValueType.write_file


def find_unwritable_outputs(resolved: ResolvedGraph, value_types: Mapping[str, ValueType[Any]]) -> Iterator[Finding]:
    """Yield a warning for each output of a graph whose values cannot be written to files."""
    for name, (_, spec) in resolved.outputs.items():
        value_type = value_types.get(spec.name)
        if value_type is not None and not has_files(value_type):
            message = f"output {name!r}: values of type {spec.name!r} cannot be written to files"
            hint = "put a node between that converts it; in Python, or as a graph in a graph, it works"
            yield Finding("W108", f"/outputs/{escape(name)}", message, hint=hint, severity="warning")


def _list_names(
    template: str, output: str, spec: TypeSpec, value_types: Mapping[str, ValueType[Any]], fields: Mapping[str, str]
) -> Iterator[str]:
    value_type = value_types.get(spec.name)
    if value_type is not None and not has_files(value_type):
        message = f"output {output!r}: values of type {spec.name!r} cannot be written to files"
        raise FileNameProblem(message, "leave it out with --only, or put a node between that converts it")
    allowed = value_type.extensions if value_type is not None else ()
    is_plain = spec.name in PLAIN_TYPES
    media = _find_media_extensions(value_types) if is_plain else ()
    for extension in allowed[:1] or (_PLAIN_EXTENSIONS if is_plain else _list_extensions(value_types)):
        name = template.format(**fields, output=output, ext=extension, index=0)
        _check_name(name)
        suffix = PurePath(name).suffix
        if allowed and suffix.lower().lstrip(".") not in allowed:
            message = f"unsupported {spec.name} file extension {suffix!r} of output {output!r}"
            raise FileNameProblem(message, f"use .{{ext}}, or one of: {', '.join(allowed)}")
        if suffix.lower().lstrip(".") in media:
            message = f"unsupported {spec.name} file extension {suffix!r} of output {output!r}: it contains no media"
            raise FileNameProblem(message, "use .{ext}, .txt or .json")
        yield name


def _find_media_extensions(value_types: Mapping[str, ValueType[Any]]) -> set[str]:
    """Return the extensions of Studio's own media, which no file of text may have."""
    own = (one for one in value_types.values() if type(one).__module__.startswith("studio.api."))
    return {extension for value_type in own for extension in value_type.extensions}


def _list_extensions(value_types: Mapping[str, ValueType[Any]]) -> tuple[str, ...]:
    media = {value_type.extensions[0] for value_type in value_types.values() if value_type.extensions}
    return (*_PLAIN_EXTENSIONS, *sorted(media - set(_PLAIN_EXTENSIONS)))


def _check_name(name: str) -> None:
    path = PurePath(name)
    if any(part.casefold() == RECORDS_FOLDER for part in path.parts):
        raise FileNameProblem(f"{RECORDS_FOLDER!r} in a file name is reserved for Studio's records", "rename it")
    if is_temporary_name(path.name):
        raise FileNameProblem(f"a file named like {path.name!r} is removed as unfinished", "rename it")
