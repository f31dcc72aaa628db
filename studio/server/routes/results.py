"""`/api/v1/results`: the files that jobs made, the newest first."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.parts import Parts, find_owner
from studio.server.problem import JsonResponse
from studio.server.result_rows import Result, ResultFilter, parse_result_id
from studio.server.result_view import describe_result, describe_results

_MOST_WORDS = 16
_WORDS = "All of them are in its values, of which 4096 characters are searched, or its names; 64 letters of each count."


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/results", tags=["results"])

    @router.get("", summary="List what jobs made, the newest first.")
    async def list_results(
        request: Request,
        type: Annotated[
            list[Literal["image", "audio", "video", "text"]] | None, Query(description="Only these; may be repeated.")
        ] = None,
        words: Annotated[str, Query(max_length=400, description=_WORDS)] = "",
        graph: Annotated[str | None, Query(description="Only of this graph.")] = None,
        job: Annotated[str | None, Query(description="Only of this job.")] = None,
        cursor: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 60,
    ) -> Response:
        given = tuple(words.split()[:_MOST_WORDS])
        wanted = ResultFilter(tuple(type or ()), given, graph, job, find_owner(request), cursor, limit)
        return await parts.media.run(_answer_list, parts, wanted)

    @router.get("/{result_id}", summary="Show one file that a job made, and what made it.")
    async def show_result(request: Request, result_id: str) -> Response:
        return await parts.media.run(_answer_result, parts, request, result_id)

    return router


def _answer_list(parts: Parts, wanted: ResultFilter) -> Response:
    results = parts.store.list_results(wanted)
    following = results[-1].id if len(results) == wanted.limit else None
    return JsonResponse({"results": describe_results(parts, results), "next": following})


def _answer_result(parts: Parts, request: Request, result_id: str) -> Response:
    named = parse_result_id(result_id)
    job = parts.find_job(request, named[0]) if named is not None else None
    if named is None or job is None or named[1] >= len(job.outputs):
        hint = "GET /api/v1/results lists the results"
        raise UsageError("E811", f"unknown result {result_id[:80]!r}", hint=hint)
    return JsonResponse(describe_result(parts, Result(job, named[1])))
