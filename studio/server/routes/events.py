"""Server-sent events of one job and of all jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse

from studio.server.event_stream import follow_all, follow_job
from studio.server.parts import Parts

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
LastEventId = Annotated[str | None, Header(description="The id of the last event that was seen.")]


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["events"])

    @router.get("/jobs/{job_id}/events", summary="Follow a job.", response_class=StreamingResponse)
    async def send_job(request: Request, job_id: str, last_event_id: LastEventId = None) -> Response:
        events = await follow_job(parts, request, job_id, last_event_id)
        if events is None:
            return Response(status_code=204)  # the client has seen all; a browser then stops to ask
        return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")

    @router.get("/events", summary="Follow all jobs.", response_class=StreamingResponse)
    async def send_all(request: Request, last_event_id: LastEventId = None) -> Response:
        events = follow_all(parts, request, last_event_id)
        return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")

    return router
