"""Reads forms (`multipart/form-data`): their files go straight into the server's folder, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from studio.errors import UsageError
from studio.server.file_store import FileStore, StoredFile, Upload

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MOST_FIELD_BYTES = 2**20
_MOST_FIELDS_BYTES = 4 * 2**20  # of all fields, which are in memory
_PART_BYTES = 2**20  # so many are written at once, on a thread


@dataclass(frozen=True)
class FormFile:
    """A file of a form.

    Attributes:
        part: The name of its part, such as "image".
        name: Its name on the client's machine, without folders; "" for none.
        stored: The file.
    """

    part: str
    name: str
    stored: StoredFile


@dataclass
class Form:
    """What a form carries.

    Attributes:
        fields: Names and texts of the parts that are no files, in order.
        files: The parts that are files, in order.
    """

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[FormFile] = field(default_factory=list)


@dataclass
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    name: str = ""
    file_name: str | None = None
    text: bytearray = field(default_factory=bytearray)
    upload: Upload | None = None


def is_form(request: Request) -> bool:
    """Return whether a request says that it carries a form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data"


async def read_form(
    request: Request, files: FileStore, *, owner: str = "", most_files: int = 1, most_fields: int = 64
) -> Form:
    """Read a form, whose body is limited already (`limit_body`).

    Args:
        request: The request.
        files: Where its files go.
        owner: Whose they are.
        most_files: How many files it may have.
        most_fields: How many other parts it may have.

    Raises:
        UsageError: E809 for what is no form, or has too many or too long parts.
    """
    reader = _FormReader(files, owner, most_files, most_fields)
    try:
        await reader.read(request.headers.get("content-type", ""), request.stream())
        form = Form()
        for part in reader.parts:
            if part.upload is None:
                form.fields.append((part.name, part.text.decode("utf-8", "replace")))
            else:
                name = part.file_name or ""
                stored = await run_in_threadpool(part.upload.finish, name=name)
                form.files.append(FormFile(part.name, name, stored))
        return form
    finally:
        await run_in_threadpool(reader.close)


class _FormReader:
    """Takes parts as the parser finds them.

    Args:
        files: Where files go.
        owner: Whose they are.
        most_files: How many files there may be.
        most_fields: How many other parts there may be.
    """

    def __init__(self, files: FileStore, owner: str, most_files: int, most_fields: int) -> None:
        self.parts: list[_Part] = []
        self._files = files
        self._owner = owner
        self._room = {True: most_files, False: most_fields}
        self._header = (bytearray(), bytearray())
        self._pending: list[tuple[Upload, bytes]] = []
        self._pending_bytes = 0
        self._field_bytes = 0
        self._has_ended = False

    async def read(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        """Read all parts."""
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser, parse_options_header

        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise _refuse("the form has no boundary")
        try:
            parser = MultipartParser(boundary, self._create_callbacks())
            async for chunk in body:
                parser.write(chunk)
                if self._pending_bytes > _PART_BYTES:
                    await run_in_threadpool(self._write)
            parser.finalize()
        except FormParserError:
            raise _refuse("the body is not a form") from None
        if not self._has_ended:
            raise _refuse("the form is cut off")
        await run_in_threadpool(self._write)

    def close(self) -> None:
        """Drop the files that were not finished."""
        for part in self.parts:
            if part.upload is not None:
                part.upload.close()

    def _write(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        for upload, data in pending:
            upload.write(data)

    def _create_callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": lambda: self.parts.append(_Part()),
            "on_header_field": lambda data, start, end: self._add_header(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add_header(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_content,
            "on_part_data": lambda data, start, end: self._add_content(data[start:end]),
            "on_end": self._end,
        }

    def _end(self) -> None:
        self._has_ended = True

    def _add_header(self, which: int, text: bytes) -> None:
        self._header[which].extend(text)  # the parser limits its length

    def _end_header(self) -> None:
        name, value = self._header
        self.parts[-1].headers[name.decode("latin-1").lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _begin_content(self) -> None:
        from python_multipart.multipart import parse_options_header

        part = self.parts[-1]
        options = parse_options_header(part.headers.get("content-disposition"))[1]
        if b"name" not in options:
            raise _refuse("a part of the form has no name")
        part.name = options[b"name"].decode("utf-8", "replace")
        is_file = b"filename" in options
        self._room[is_file] -= 1
        if self._room[is_file] < 0:
            raise _refuse(f"the form has too many {'files' if is_file else 'fields'}")
        if is_file:
            part.file_name = options[b"filename"].decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
            part.upload = self._files.open_upload(self._owner)

    def _add_content(self, data: bytes) -> None:
        part = self.parts[-1]
        if part.upload is not None:
            self._pending.append((part.upload, data))
            self._pending_bytes += len(data)
            return
        part.text.extend(data)
        self._field_bytes += len(data)
        if len(part.text) > _MOST_FIELD_BYTES:
            raise _refuse(f"the field {part.name[:80]!r} of the form is too long")
        if self._field_bytes > _MOST_FIELDS_BYTES:
            raise _refuse("the fields of the form are too long together")


def _refuse(message: str) -> UsageError:
    return UsageError("E809", message, hint="send multipart/form-data, with the file as the part 'file'")
