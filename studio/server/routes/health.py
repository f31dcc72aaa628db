"""`/health/live` and `/health/ready`, which need no token, and wait for no thread of other requests."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studio.server.parts import Parts
from studio.server.problem import JsonResponse


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live", summary="Say whether the server answers and its executor lives.")
    async def live() -> Response:
        alive = parts.executor.is_alive or parts.is_draining
        return JsonResponse({"live": alive}, 200 if alive else 503)

    @router.get("/ready", summary="Say whether the server takes jobs.")
    async def ready() -> Response:
        is_ready = parts.executor.is_alive and not parts.is_draining
        headers = {} if is_ready else {"retry-after": "10"}
        return JsonResponse({"ready": is_ready, "draining": parts.is_draining}, 200 if is_ready else 503, headers)

    return router
