"""`/v1/models`: each graph that can run, and other names for them; `results` is for clients of Replicate."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from studio.server.openai_face.face import OpenAIRoute, find_graph
from studio.server.parts import Parts
from studio.server.problem import JsonResponse
from studio.server.replicate_face.view import describe_model


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @router.get("/models", summary="List the graphs as models.")
    def list_models(request: Request) -> Response:
        found = parts.graphs.list_graphs()
        names = [listed.name for listed in found if listed.problem is None]
        aliases = [alias for alias, name in parts.options.models.items() if name in names]
        shown = [describe_model(listed, str(request.base_url)) for listed in found if listed.problem is None]
        rows = [_describe(name) for name in [*names, *aliases]]
        return JsonResponse({"object": "list", "data": rows, "results": shown, "next": None, "previous": None})

    @router.get("/models/{model}", summary="Show a graph as a model.")
    def show_model(model: str) -> Response:
        find_graph(parts, {"model": model})
        return JsonResponse(_describe(model))

    return router


def _describe(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "studio"}
