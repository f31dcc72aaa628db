"""Answers files: whole or in ranges, with their digest as `ETag`, and so that no browser runs what is in them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from studio.errors import UsageError
from studio.server.file_store import StoredFile
from studio.server.media_types import find_extension
from studio.server.problem import create_problem

_HEADERS = {
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'",
    "x-content-type-options": "nosniff",
}
_MOST_RANGES = 16


def answer_file(request: Request, file: StoredFile, name: str = "") -> Response:
    """Return the answer to a request for a file.

    Args:
        request: The request.
        file: The file.
        name: The name to save it by; "" for one of its digest.
    """
    etag = f'"{file.name}"'
    headers = {**_HEADERS, "etag": etag}
    if _fits(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    if asked is not None and not _is_within(asked, file.bytes) and request.headers.get("if-range", etag) == etag:
        error = UsageError("E809", "invalid Range", hint=f"ask for bytes=FIRST-LAST of {file.bytes} bytes")
        return create_problem(error, status=416, headers={"content-range": f"bytes */{file.bytes}"})
    name = name or f"{file.digest[:16]}{find_extension(file.media_type)}"
    return FileResponse(
        file.path, headers=headers, media_type=file.media_type, filename=name, content_disposition_type="inline"
    )


def _fits(header: str, etag: str) -> bool:
    """Say whether If-None-Match names an entity."""
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or "*" in tags


def _is_within(header: str, size: int) -> bool:
    """Say whether a Range header asks for parts of a file of a size."""
    unit, equals, ranges = header.partition("=")
    parts = ranges.split(",")
    if unit.strip().lower() != "bytes" or not equals or len(parts) > _MOST_RANGES:
        return False
    return all(_is_range(part.strip(), size) for part in parts)


def _is_range(text: str, size: int) -> bool:
    first, dash, last = text.partition("-")
    numbers = [part for part in (first, last) if part]
    if not dash or not numbers or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in numbers):
        return False
    if not first:
        return int(last) > 0 and size > 0
    return int(first) < size and (not last or int(first) <= int(last))
