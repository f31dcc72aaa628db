"""Forms of clients of other APIs: their fields as values of a graph, and their files, which are kept as uploads are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.graph.text_values import DuplicateKeyProblem, is_read_from_file, read_text
from studio.server.body import limit_body
from studio.server.file_store import StoredFile
from studio.server.form import is_form, read_form
from studio.server.parts import Parts, name_owner

_MOST_FILES = 17  # sixteen images and a mask


@dataclass(frozen=True)
class FormValues:
    """What a form contains; a part that is written `image[]` is `image`.

    Attributes:
        fields: The text of each field; of a name that comes twice the last.
        files: The files of each name, in order, as they are kept.
        owner: Whose they are.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Sequence[StoredFile]] = field(default_factory=dict)
    owner: str = ""


async def receive_form(parts: Parts, request: Request) -> FormValues:
    """Return the form that a request carries; its files are kept.

    Raises:
        UsageError: E808 if it is too large, E809 if it is no form, E824 if the token's files take all that they may.
        RunError: E800 if a file cannot be kept.
    """
    parts.check_open()
    if not is_form(request):
        raise UsageError("E809", "the body is not a form", hint="send multipart/form-data")
    await run_in_threadpool(parts.check_quota, request)
    limited, owner = limit_body(request, parts.options.most_file_bytes), name_owner(request)
    form = await read_form(limited, parts.files, owner=owner, most_files=_MOST_FILES)
    files: dict[str, list[StoredFile]] = {}
    for file in form.files:
        files.setdefault(file.part.partition("[")[0], []).append(file.stored)
    return FormValues({name.partition("[")[0]: text for name, text in form.fields}, files, owner)


def keep_bytes(parts: Parts, content: bytes, name: str, owner: str) -> StoredFile:
    """Keep bytes as a file of a token.

    Raises:
        UsageError: E824 if the token's files take all that they may.
    """
    upload = parts.files.open_upload(owner)
    try:
        upload.write(content)
        return upload.finish(name=name)
    finally:
        upload.close()


def parse_fields(fields: Mapping[str, str], resolved: ResolvedGraph) -> dict[str, Any]:
    """Return the fields of a form with those that are inputs of a graph as their types are written.

    Raises:
        UsageError: E809 for JSON in which an object has a key twice.
    """
    values: dict[str, Any] = dict(fields)
    for name in values.keys() & resolved.inputs.keys():
        spec = resolved.inputs[name].spec
        if is_read_from_file(spec):
            continue  # a text is no file; the binder says so
        try:
            values[name] = read_text(fields[name], spec)
        except DuplicateKeyProblem as problem:
            raise UsageError("E809", f"invalid {name}: {problem}", where=f"/{name}", hint="correct the JSON") from None
    return values
