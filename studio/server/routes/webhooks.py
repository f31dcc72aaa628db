"""`/api/v1/webhooks`: the secret that a receiver checks messages with."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from studio.server.parts import Parts, name_owner
from studio.server.problem import JsonResponse


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/webhooks", tags=["webhooks"])

    @router.get("/secret", summary="Show the secret that messages of this token are signed with.")
    def show_secret(request: Request) -> Response:
        return JsonResponse({"key": parts.webhooks.find_secret(name_owner(request))})

    return router
