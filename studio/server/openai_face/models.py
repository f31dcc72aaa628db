"""`/v1/models`: each graph of the server that can run, and other names for them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.server.openai_face.face import answer_as_openai, find_graph
from studio.server.parts import Parts
from studio.server.problem import JsonResponse


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["openai"])

    @router.get("/models", summary="List the graphs as models.")
    def list_models() -> Response:
        names = [listed.name for listed in parts.graphs.list_graphs() if listed.problem is None]
        aliases = [alias for alias, name in parts.options.models.items() if name in names]
        return JsonResponse({"object": "list", "data": [_describe(name) for name in [*names, *aliases]]})

    @router.get("/models/{model}", summary="Show a graph as a model.")
    async def show_model(request: Request, model: str) -> Response:
        @answer_as_openai
        async def answer(request: Request) -> Response:
            await run_in_threadpool(find_graph, parts, {"model": model})
            return JsonResponse(_describe(model))

        return await answer(request)

    return router


def _describe(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "studio"}
