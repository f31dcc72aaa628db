"""`/api/v1/jobs`: submit, list, show, cancel and retry jobs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.body import read_object
from studio.server.job import Job, JobState
from studio.server.job_rows import JobFilter
from studio.server.job_store import KEY_SEPARATOR
from studio.server.job_view import describe_job, describe_jobs
from studio.server.openapi import JOB_BODY, create_json_body
from studio.server.parts import Parts, find_owner, is_reader, name_owner
from studio.server.problem import JsonResponse
from studio.server.submissions import JobRequest, describe_request, parse_job_request

_LONGEST_KEY = 256
_MOST_PLACES = 1000  # of one move, which changes each job on its way
_MOVE_BODY = create_json_body(
    {
        "type": "object",
        "properties": {
            "by": {
                "type": "integer",
                "minimum": -_MOST_PLACES,
                "maximum": _MOST_PLACES,
                "description": "Places towards the end; -1 for one up.",
            }
        },
        "required": ["by"],
    }
)


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["jobs"])

    @router.post("/jobs", summary="Queue a job.", openapi_extra=JOB_BODY, status_code=201)
    async def submit(request: Request) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        return await run_in_threadpool(submit_job, parts, request, parse_job_request(body))

    @router.post("/graphs/{name}/jobs", include_in_schema=False)  # each graph has a path of its own there
    async def submit_named(name: str, request: Request) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        wanted = parse_job_request(body, graph=name)
        return await run_in_threadpool(submit_job, parts, request, wanted)

    @router.get("/jobs", summary="List jobs, the newest first.")
    def list_jobs(
        request: Request,
        state: Annotated[list[JobState] | None, Query(description="Only jobs in this state; may be repeated.")] = None,
        graph: Annotated[str | None, Query(description="Only jobs of this graph.")] = None,
        who: Annotated[str | None, Query(description="Only jobs of this token.")] = None,
        cursor: Annotated[int | None, Query(ge=0, le=2**62, description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 50,
        order: Annotated[
            Literal["newest", "next"], Query(description="`next`: as they run, with `offset` for further pages.")
        ] = "newest",
        offset: Annotated[int, Query(ge=0, le=2**31, description="How many of the first to leave out.")] = 0,
    ) -> Response:
        owner = find_owner(request)
        in_line = order == "next"
        wanted = JobFilter(state or (), graph, owner if owner is not None else who, cursor, limit, in_line, offset)
        jobs = parts.store.list_jobs(wanted)
        following = str(jobs[-1].number) if len(jobs) == limit and not in_line else None
        counts = parts.store.count_states(owner)
        rows = describe_jobs(parts, jobs, for_reader=is_reader(request))
        return JsonResponse({"jobs": rows, "next": following, "counts": counts})

    @router.get("/jobs/{job_id}", summary="Show a job.")
    def show_job(request: Request, job_id: str) -> Response:
        job = parts.find_job(request, job_id)
        return JsonResponse(describe_job(parts, job, for_reader=is_reader(request)))

    @router.post("/jobs/{job_id}/cancel", summary="Cancel a queued or running job.")
    def cancel(request: Request, job_id: str) -> Response:
        parts.find_job(request, job_id)
        return _answer(parts, parts.cancel_job(job_id))

    @router.post("/jobs/{job_id}/move", summary="Move a queued job in the queue.", openapi_extra=_MOVE_BODY)
    async def move(request: Request, job_id: str) -> Response:
        by = (await read_object(request, parts.studio.settings.max_graph_bytes)).get("by")
        if not isinstance(by, int) or isinstance(by, bool) or abs(by) > _MOST_PLACES:
            hint = f"give a whole number from -{_MOST_PLACES} to {_MOST_PLACES}: -1 for one place up"
            raise UsageError("E809", "invalid by", where="/by", hint=hint)
        await run_in_threadpool(parts.find_job, request, job_id)
        await run_in_threadpool(parts.queue.move, job_id, by, find_owner(request))
        return await run_in_threadpool(lambda: _answer(parts, parts.find_job(request, job_id)))

    @router.delete("/jobs", summary="Forget the jobs that have ended.")
    def forget(
        request: Request,
        state: Annotated[Literal["ended"], Query(description="Which jobs: `ended`.")],
    ) -> Response:
        return JsonResponse({"forgotten": parts.store.forget_ended(find_owner(request))})

    @router.post("/jobs/{job_id}/retry", summary="Queue a failed or cancelled job again.")
    def retry(request: Request, job_id: str) -> Response:
        parts.check_open()
        parts.find_job(request, job_id)
        parts.check_quota(request)
        job = parts.queue.retry(job_id, parts.find_limits(request).most_queued)
        parts.executor.notify()
        return _answer(parts, job)

    return router


def submit_job(parts: Parts, request: Request, wanted: JobRequest) -> Response:
    """Queue a job and answer it; a request with a known key is answered with its job.

    Raises:
        StudioError: The request is refused.
    """
    job, is_new = queue_job(parts, request, wanted)
    headers = {"location": f"/api/v1/jobs/{job.id}"} | ({} if is_new else {"idempotent-replayed": "true"})
    return JsonResponse(describe_job(parts, job), 201 if is_new else 200, headers)


def queue_job(parts: Parts, request: Request, wanted: JobRequest, number: int = 0) -> tuple[Job, bool]:
    """Queue a job and return it; the second value says whether it is new.

    Args:
        parts: The parts of the server.
        request: The request, whose token and key are the job's.
        wanted: What is asked for.
        number: The number of the job among those of the request.

    Raises:
        StudioError: The request is refused.
    """
    parts.check_open()
    key, owner = _find_key(request, number), name_owner(request)
    digest = describe_request(wanted)
    known = parts.store.find_by_key(owner, key, digest)  # first: its graph or its files may be gone meanwhile
    if known is not None:
        return known, False
    limits = parts.find_limits(request)
    limits.check_priority(wanted.priority)
    parts.check_quota(request)
    if wanted.webhook is not None:
        parts.webhook_guard.check_url(wanted.webhook.url)
    submission = parts.submissions.check(wanted, owner=owner, key=key, digest=digest)
    job, is_new = parts.queue.submit(submission, limits.most_queued)
    if is_new:
        parts.executor.notify()
    return job, is_new


def _find_key(request: Request, number: int) -> str | None:
    """Return the idempotency key of a job of a request.

    Raises:
        UsageError: E809 if it is empty or too long.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= _LONGEST_KEY:
        raise UsageError("E809", "invalid Idempotency-Key", hint=f"use 1 to {_LONGEST_KEY} characters")
    return f"{key}{KEY_SEPARATOR}{number}" if key is not None and number else key


def _answer(parts: Parts, job: Job) -> Response:
    return JsonResponse(describe_job(parts, job))
