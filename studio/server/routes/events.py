"""Server-sent events of one job and of all jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from studio.server.event_log import EventLog, parse_event_id, write_event
from studio.server.job import ENDED_STATES
from studio.server.job_rows import JobFilter
from studio.server.job_view import describe_job, describe_jobs
from studio.server.parts import Parts, find_owner, is_reader

_SECONDS_BETWEEN_BEATS = 15.0
_SECONDS_TO_GATHER = 0.01  # in which events are gathered, to be sent as one part
_BEAT = b": alive\n"  # no empty line after it: some clients take that for an event
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
LastEventId = Annotated[str | None, Header(description="The id of the last event that was seen.")]


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["events"])

    @router.get("/jobs/{job_id}/events", summary="Follow a job.", response_class=StreamingResponse)
    async def follow_job(request: Request, job_id: str, last_event_id: LastEventId = None) -> Response:
        job, for_reader = await run_in_threadpool(parts.find_job, request, job_id), is_reader(request)
        number = parse_event_id(last_event_id)
        ended = parts.logs.find_ended(job_id)
        has_ended = job.state in ENDED_STATES
        is_whole = ended is not None and ended.is_closed
        all_seen = 0 if ended is None else ended.last if is_whole else None
        if has_ended and number is not None and number == all_seen:
            return Response(status_code=204)  # the client has seen all; a browser then stops to ask
        if has_ended and not is_whole:
            text = write_event("snapshot", await run_in_threadpool(describe_job, parts, job, for_reader=for_reader), 0)
            return Response(text, headers=_HEADERS, media_type="text/event-stream")
        log = parts.logs.find(job_id)

        def describe(last: int) -> bytes:
            return write_event("snapshot", describe_job(parts, parts.store.find(job_id), for_reader=for_reader), last)

        return _stream(log, number, describe, None)

    @router.get("/events", summary="Follow all jobs.", response_class=StreamingResponse)
    async def follow_all(request: Request, last_event_id: LastEventId = None) -> Response:
        owner, for_reader = find_owner(request), is_reader(request)

        def describe(last: int) -> bytes:
            jobs = parts.store.list_jobs(JobFilter(owner=owner))
            return write_event("snapshot", {"jobs": describe_jobs(parts, jobs, for_reader=for_reader)}, last)

        return _stream(parts.logs.all_jobs, parse_event_id(last_event_id), describe, owner)

    return router


def _stream(log: EventLog, number: int | None, describe: Callable[[int], bytes], owner: str | None) -> Response:
    """Return the response that follows a log.

    Args:
        log: The log.
        number: The last event that the client has seen; None for none.
        describe: Returns the event that says all up to the event of a number.
        owner: Whose events are sent; None for all.
    """
    return StreamingResponse(_follow(log, number, describe, owner), headers=_HEADERS, media_type="text/event-stream")


async def _follow(
    log: EventLog, number: int | None, describe: Callable[[int], bytes], owner: str | None
) -> AsyncIterator[bytes]:
    log.watchers += 1
    try:
        while True:
            is_closed = log.is_closed  # asked first: what is added before it is closed is read then
            entries = log.read_after(number) if number is not None else None
            if entries is None:
                number = log.last  # before the state is read: what comes between is told twice, and never left out
                yield await run_in_threadpool(describe, number)
            elif entries:
                number = entries[-1].number
                yield b"".join(entry.text for entry in entries if owner in (None, entry.owner))
            elif is_closed:
                return
            else:
                assert number is not None
                if await log.wait(number, _SECONDS_BETWEEN_BEATS):
                    await log.settle(_SECONDS_TO_GATHER)
                else:
                    yield _BEAT
    finally:
        log.watchers -= 1
