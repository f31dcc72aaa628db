"""`/api/v1/files`: upload and download files by their digests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, Response

from studio.errors import UsageError
from studio.server.body import limit_body
from studio.server.file_store import StoredFile, Upload, parse_file_name
from studio.server.job_view import FILES_URL
from studio.server.media_types import find_extension
from studio.server.parts import Parts
from studio.server.problem import JsonResponse

_PART_BYTES = 2**20
_HEADERS = {
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'",
    "x-content-type-options": "nosniff",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}
FileName = Annotated[str, Query(max_length=255, description="Its name, whose extension may tell the type.")]


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/files", tags=["files"])

    @router.post("", summary="Upload a file.", openapi_extra=_BODY, status_code=201)
    async def upload(request: Request, name: FileName = "") -> Response:
        return await _receive(parts, request, name, None)

    @router.put("/{digest}", summary="Upload the file of a digest.", openapi_extra=_BODY, status_code=201)
    async def upload_digest(request: Request, digest: str, name: FileName = "") -> Response:
        return await _receive(parts, request, name, _parse(digest))

    @router.get("/{digest}", summary="Download a file, or a range of it.")
    @router.head("/{digest}", summary="Say whether there is a file of a digest.")
    def download(request: Request, digest: str, name: FileName = "") -> Response:
        file = parts.files.find(digest)
        etag = f'"{file.name}"'
        headers = {**_HEADERS, "etag": etag}
        if _fits(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        name = name or f"{file.digest[:16]}{find_extension(file.media_type)}"
        return FileResponse(
            file.path, headers=headers, media_type=file.media_type, filename=name, content_disposition_type="inline"
        )

    return router


def _parse(name: str) -> str:
    digest = parse_file_name(name)
    if digest is None:
        hint = "a file is named blake3: and 64 hexadecimal digits in lower case"
        raise UsageError("E812", f"invalid file name {name[:80]!r}", hint=hint)
    return digest


async def _receive(parts: Parts, request: Request, name: str, expected: str | None) -> Response:
    """Keep the file that a request carries: its body, or its only part that is a file."""
    parts.check_open()
    limited = limit_body(request, parts.options.most_file_bytes)
    upload = parts.files.open_upload()
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data":
            name = await _read_form(limited, upload) or name
        else:
            async for part in limited.stream():
                upload.write(part)
        file = await run_in_threadpool(upload.finish, name=name, expected=expected)
    finally:
        upload.close()
    return JsonResponse(describe_file(file, name), 201, {"location": f"{FILES_URL}/{file.name}"})


async def _read_form(request: Request, upload: Upload) -> str:
    """Write the file of a form, and return its name.

    Raises:
        UsageError: E809 if the form has none.
    """
    async with request.form(max_files=1, max_fields=8) as form:
        found = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not found:
            raise UsageError("E809", "the form contains no file", hint="send the file as the part 'file'")
        while part := await found[0].read(_PART_BYTES):
            upload.write(part)
        return found[0].filename or ""


def describe_file(file: StoredFile, name: str = "") -> dict[str, Any]:
    """Return a file as clients see it."""
    row = {"digest": file.name, "url": f"{FILES_URL}/{file.name}", "bytes": file.bytes}
    return {**row, "media_type": file.media_type, "name": name}


def _fits(header: str, etag: str) -> bool:
    """Say whether If-None-Match names an entity."""
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or "*" in tags
