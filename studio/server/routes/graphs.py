"""`/api/v1/graphs`: the graphs that have names."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.server.body import read_object
from studio.server.forecast import create_forecast
from studio.server.graph_media import describe_card, describe_form
from studio.server.openapi import FORECAST_BODY
from studio.server.parts import Parts, find_owner
from studio.server.problem import JsonResponse
from studio.server.submissions import JobRequest, parse_job_request


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/graphs", tags=["graphs"])

    @router.get("", summary="List the graphs.")
    async def list_graphs(request: Request) -> Response:
        return await parts.media.run(_answer_list, parts, find_owner(request))

    @router.get("/{name}", summary="Show a graph with its inputs, nodes and outputs.")
    async def show_graph(request: Request, name: str) -> Response:
        return await parts.media.run(_answer_graph, parts, name, find_owner(request))

    @router.post(
        "/{name}/forecast",
        summary="Say how long a job would take, and which nodes the cache has; nothing runs.",
        openapi_extra=FORECAST_BODY,
    )
    async def forecast(request: Request, name: str) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        return await run_in_threadpool(
            _answer_forecast, parts, parse_job_request(body, graph=name), find_owner(request)
        )

    return router


def _answer_list(parts: Parts, owner: str | None) -> Response:
    return JsonResponse({"graphs": [describe_card(parts, one, owner) for one in parts.graphs.list_graphs()]})


def _answer_graph(parts: Parts, name: str, owner: str | None) -> Response:
    return JsonResponse(describe_form(parts, parts.graphs.find(name), owner))


def _answer_forecast(parts: Parts, wanted: JobRequest, owner: str | None) -> Response:
    known = parts.history.find(str(wanted.graph), owner).node_seconds
    return JsonResponse(create_forecast(parts.studio, parts.submissions, wanted, known))
