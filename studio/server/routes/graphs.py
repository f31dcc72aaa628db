"""`/api/v1/graphs`: the graphs that have names."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studio.server.graph_view import describe_graph, describe_listed
from studio.server.parts import Parts
from studio.server.problem import JsonResponse


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/graphs", tags=["graphs"])

    @router.get("", summary="List the graphs.")
    def list_graphs() -> Response:
        return JsonResponse({"graphs": [describe_listed(listed) for listed in parts.graphs.list_graphs()]})

    @router.get("/{name}", summary="Show a graph with its inputs, nodes and outputs.")
    def show_graph(name: str) -> Response:
        return JsonResponse(describe_graph(parts.graphs.find(name)))

    return router
