"""`/api/v1/files`: upload and download files by their digests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.body import limit_body
from studio.server.file_answer import answer_file
from studio.server.file_store import FILES_URL, StoredFile, check_digest, parse_file_name
from studio.server.form import is_form, read_form
from studio.server.parts import Parts, name_owner
from studio.server.problem import JsonResponse

_PART_BYTES = 2**20
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
        return answer_file(request, parts.files.find(digest), name)

    return router


def _parse(name: str) -> str:
    digest = parse_file_name(name)
    if digest is None:
        hint = "a file is named blake3: and 64 hexadecimal digits in lower case"
        raise UsageError("E812", f"invalid file name {name[:80]!r}", hint=hint)
    return digest


async def _receive(parts: Parts, request: Request, name: str, expected: str | None) -> Response:
    """Keep the file that a request carries: its body, or the only file of its form."""
    parts.check_open()
    await run_in_threadpool(parts.check_quota, request, _find_length(request))
    limited, owner = limit_body(request, parts.options.most_file_bytes), name_owner(request)
    if is_form(request):
        form = await read_form(limited, parts.files, owner=owner)
        if not form.files:
            raise UsageError("E809", "the form contains no file", hint="send the file as the part 'file'")
        file, name = form.files[0].stored, form.files[0].name or name
        check_digest(file.digest, expected)
    else:
        file = await _read_body(parts, limited, name, expected, owner)
    return JsonResponse(describe_file(file, name), 201, {"location": f"{FILES_URL}/{file.name}"})


async def _read_body(parts: Parts, request: Request, name: str, expected: str | None, owner: str) -> StoredFile:
    """Keep the body of a request; it is hashed and written on threads, some of it at a time."""
    upload = await run_in_threadpool(parts.files.open_upload, owner)
    try:
        pending = bytearray()
        async for part in request.stream():
            pending += part
            if len(pending) >= _PART_BYTES:
                await run_in_threadpool(upload.write, bytes(pending))
                pending.clear()
        await run_in_threadpool(upload.write, bytes(pending))
        return await run_in_threadpool(upload.finish, name=name, expected=expected)
    finally:
        await run_in_threadpool(upload.close)


def _find_length(request: Request) -> int:
    """Return how long a request says that its body is."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0


def describe_file(file: StoredFile, name: str = "") -> dict[str, Any]:
    """Return a file as clients see it."""
    row = {"digest": file.name, "url": f"{FILES_URL}/{file.name}", "bytes": file.bytes}
    return {**row, "media_type": file.media_type, "name": name}
