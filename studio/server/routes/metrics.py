"""`/metrics`: what the server counts, as Prometheus reads it."""

from __future__ import annotations

from importlib.util import find_spec

from fastapi import APIRouter
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.metrics import CONTENT_TYPE
from studio.server.parts import Parts


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["metrics"])

    @router.get("/metrics", summary="Show what the server counts, for Prometheus.")
    def show_metrics() -> Response:
        if find_spec("prometheus_client") is None:
            message, hint = "/metrics needs prometheus_client, which is not installed", "pip install 'studio[server]'"
            raise UsageError("E802", message, hint=hint)
        return Response(parts.metrics.write(parts), media_type=CONTENT_TYPE)

    return router
