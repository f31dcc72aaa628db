"""`/`: the page, and the files that it consists of. They need no token; what the page asks for does."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter, Request
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.page_assets import Asset, PageAssets

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


def create_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)
    read_assets = cache(PageAssets)

    @router.get("/")
    @router.head("/")
    def show_page(request: Request) -> Response:
        index = read_assets().find("index.html")
        assert index is not None
        return _answer(request, index, "no-cache")

    @router.get("/page/{version}/{name:path}")
    @router.head("/page/{version}/{name:path}")
    def show_asset(request: Request, version: str, name: str) -> Response:
        assets = read_assets()
        asset = assets.find(name)
        if asset is None:
            message = f"the page has no file {name[:80]!r}"
            raise UsageError("E819", message, hint="open / to see the page")
        is_current = version == assets.version
        return _answer(request, asset, "public, max-age=31536000, immutable" if is_current else "no-cache")

    return router


def _answer(request: Request, asset: Asset, caching: str) -> Response:
    headers = {**_HEADERS, "cache-control": caching, "etag": asset.etag}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if asset.compressed is not None and takes_gzip:
        headers["content-encoding"] = "gzip"
        return Response(asset.compressed, headers=headers, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)
