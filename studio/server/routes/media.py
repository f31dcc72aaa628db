"""`/api/v1/files/{digest}/media` and `/thumbnail`: what a page shows of a file."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from studio.server.parts import Parts
from studio.server.problem import JsonResponse

_HEADERS = {"cache-control": "private, max-age=31536000, immutable", "x-content-type-options": "nosniff"}


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/files", tags=["files"])

    @router.get("/{digest}/media", summary="Say how large or long a file is; a broken one is an error.")
    async def show_media(digest: str) -> Response:
        return JsonResponse(await parts.media.run(parts.media.describe, digest))

    @router.get("/{digest}/thumbnail", summary="Download a small image of an image or a video, as WebP.")
    async def show_thumbnail(digest: str) -> Response:
        path = await parts.media.run(parts.media.find_thumbnail, digest)
        return FileResponse(path, headers=_HEADERS, media_type="image/webp")

    return router
