"""`/api/v1/device`: what jobs run on."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studio.cores import count_cores
from studio.server.parts import Parts
from studio.server.problem import JsonResponse

_NAMES = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["health"])

    @router.get("/device", summary="Say what jobs run on.")
    def show_device() -> Response:
        device = parts.studio.device
        row = {"name": _NAMES.get(device.kind, device.kind), "device": device.name, "dtype": device.dtype}
        return JsonResponse({**row, "cores": count_cores()})

    return router
