"""`/v1/predictions`: make, follow, list and cancel predictions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from studio.errors import UsageError
from studio.server.body import read_object
from studio.server.client_jobs import wait_for_end
from studio.server.face_jobs import FaceJob, FaceJobs
from studio.server.job import ENDED_STATES, Job, JobState, Webhook
from studio.server.parts import Parts, find_owner, name_owner
from studio.server.problem import JsonResponse
from studio.server.replicate_face.inputs import read_values
from studio.server.replicate_face.view import PredictionView, describe_prediction
from studio.server.routes.jobs import queue_job
from studio.server.submissions import JobRequest
from studio.surrogates import dump_json

_FACE = "replicate"
_KEYS = ("version", "input", "webhook", "webhook_completed", "webhook_events_filter", "stream")
_EVENTS = {"start": "started", "completed": "ended", "output": None, "logs": None}
_WAIT = re.compile(r"(?:^|[,;\s])wait(?:=([0-9]{1,3}))?(?:$|[,;\s])")
_LONGEST_WAIT = 60.0
_PAGE = 100
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["replicate"])
    known = FaceJobs(parts.file, _FACE)
    parts.webhook_forms[_FACE] = lambda event, job: _describe_for_webhook(parts, known, job)

    def find(request: Request, prediction: str) -> tuple[FaceJob, Job]:
        found = known.find(prediction, find_owner(request))
        if found is None:
            hint = "GET /v1/predictions lists the predictions"
            raise UsageError("E811", f"unknown prediction {prediction[:80]!r}", hint=hint)
        return found, parts.find_job(request, found.job)

    async def predict(request: Request, model: str | None) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        name = _find_name(body, model)
        job, asked = await run_in_threadpool(_queue, parts, known, request, body, name)
        seconds = _find_wait(request.headers.get("prefer", ""))
        if seconds and job.state not in ENDED_STATES:
            job = await _wait_for(parts, job, seconds)
            if job.state is JobState.RUNNING:  # a client that waited takes "processing" for the end
                return _answer(request, parts, job, asked, status="starting")
        return _answer(request, parts, job, asked)

    @router.post("/predictions", summary="Make a prediction with a graph.", response_model=None, status_code=201)
    async def create(request: Request) -> Response:
        return await predict(request, None)

    @router.post(
        "/models/{owner}/{name}/predictions",
        summary="Make a prediction of a model.",
        response_model=None,
        status_code=201,
    )
    @router.post("/deployments/{owner}/{name}/predictions", include_in_schema=False, response_model=None)
    async def create_of_model(request: Request, owner: str, name: str) -> Response:
        return await predict(request, name)

    @router.get("/predictions", summary="List predictions, the newest first.", response_model=None)
    def list_predictions(request: Request, cursor: Annotated[int | None, Query(ge=0, le=2**62)] = None) -> Response:
        found = known.list_jobs(find_owner(request), limit=_PAGE + 1, after=cursor)
        base = str(request.base_url)
        view = PredictionView(parts, base)
        rows = [view.describe(parts.store.find(one.job), one.asked) for one in found[:_PAGE]]
        following = f"{base}v1/predictions?cursor={found[_PAGE - 1].number}" if len(found) > _PAGE else None
        return JsonResponse({"previous": None, "next": following, "results": rows})

    @router.get("/predictions/{prediction}", summary="Show a prediction.", response_model=None)
    def show(request: Request, prediction: str) -> Response:
        found, job = find(request, prediction)
        return JsonResponse(describe_prediction(parts, job, found.asked, str(request.base_url)))

    @router.post("/predictions/{prediction}/cancel", summary="Cancel a prediction.", response_model=None)
    def cancel(request: Request, prediction: str) -> Response:
        found, job = find(request, prediction)
        if job.state not in ENDED_STATES:
            job = parts.cancel_job(job.id)
        return JsonResponse(describe_prediction(parts, job, found.asked, str(request.base_url)))

    @router.get("/predictions/{prediction}/stream", summary="Follow a prediction.", response_class=StreamingResponse)
    async def follow(request: Request, prediction: str) -> Response:
        found, job = await run_in_threadpool(find, request, prediction)
        events = _follow(parts, job, found.asked, str(request.base_url))
        return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")

    return router


def _find_name(body: Mapping[str, Any], model: str | None) -> str:
    """Return the graph of a request: of a version `OWNER/NAME:VERSION`, or of one of these.

    Raises:
        UsageError: E809 for an unknown key, a missing version or an input that is no object.
    """
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise UsageError("E809", f"unknown key {unknown[:80]!r}", where=f"/{unknown[:80]}", hint=f"keys: {_KEYS}")
    if not isinstance(body.get("input", {}), dict):
        raise UsageError("E809", "invalid input", where="/input", hint="give an object")
    if model is not None:
        return model
    version = body.get("version")
    if not isinstance(version, str):
        raise UsageError("E809", "missing version", where="/version", hint="GET /api/v1/graphs lists the graphs")
    return version.rpartition("/")[2].rpartition(":")[2]


def _queue(
    parts: Parts, known: FaceJobs, request: Request, body: Mapping[str, Any], name: str
) -> tuple[Job, dict[str, Any]]:
    listed = parts.graphs.find(parts.options.models.get(name, name))
    if listed.problem is not None:
        raise listed.problem
    assert listed.resolved is not None
    owner = name_owner(request)
    parts.check_quota(request)
    values = read_values(parts, body.get("input", {}), listed.resolved, owner)
    wanted = JobRequest(listed.name, values, webhook=_find_webhook(body))
    job, _ = queue_job(parts, request, wanted)
    asked = {"input": _shorten(body.get("input", {}))}
    if wanted.webhook is not None:  # whose receiver asks for nothing that would say how it writes this address
        asked["base"] = str(request.base_url)
    known.add(job.id, owner, job.id, asked)
    return job, asked


def _find_webhook(body: Mapping[str, Any]) -> Webhook | None:
    """Return where changes of the job are told.

    Raises:
        UsageError: E809 for what is no address, or unknown events.
    """
    url = body.get("webhook") or body.get("webhook_completed")
    if url is None:
        return None
    named = body.get("webhook_events_filter") or (list(_EVENTS) if body.get("webhook") else ["completed"])
    if not isinstance(named, list) or not all(isinstance(one, str) and one in _EVENTS for one in named):
        hint = f"take some of: {', '.join(_EVENTS)}"
        raise UsageError("E809", "invalid webhook_events_filter", where="/webhook_events_filter", hint=hint)
    if not isinstance(url, str):
        raise UsageError("E809", "invalid webhook", where="/webhook", hint="give an address")
    events = tuple(sorted({event for one in named if (event := _EVENTS[one])}))
    return Webhook(url, events, _FACE) if events else None


def _shorten(value: Any) -> Any:
    """Return an input without the bytes of data URLs."""
    if isinstance(value, dict):
        return {key: _shorten(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shorten(one) for one in value]
    return f"{value[:64]}..." if isinstance(value, str) and value.startswith("data:") and len(value) > 64 else value


def _find_wait(header: str) -> float:
    """Return how long a client wants to wait."""
    found = _WAIT.search(header)
    return min(float(found[1] or _LONGEST_WAIT), _LONGEST_WAIT) if found is not None else 0.0


async def _wait_for(parts: Parts, job: Job, seconds: float) -> Job:
    try:
        return await asyncio.wait_for(wait_for_end(parts, job.id), seconds)
    except TimeoutError:
        return await run_in_threadpool(parts.store.find, job.id)


def _answer(request: Request, parts: Parts, job: Job, asked: Mapping[str, Any], **more: str) -> Response:
    return JsonResponse({**describe_prediction(parts, job, asked, str(request.base_url)), **more}, 201)


def _describe_for_webhook(parts: Parts, known: FaceJobs, job: Job) -> dict[str, Any]:
    found = known.find(job.id, None)
    asked = found.asked if found is not None else {}
    return describe_prediction(parts, job, asked, str(asked.get("base", "/")))


async def _follow(parts: Parts, job: Job, asked: Mapping[str, Any], base: str) -> AsyncIterator[bytes]:
    ended = await wait_for_end(parts, job.id)
    row = await run_in_threadpool(describe_prediction, parts, ended, asked, base)
    output = row["output"]
    pieces = output if isinstance(output, list) else [] if output is None else [output]
    for number, piece in enumerate(pieces):
        yield _write_event("output", piece if isinstance(piece, str) else dump_json(piece), number)
    if row["error"] is not None:
        yield _write_event("error", dump_json({"detail": row["error"]}), len(pieces))
    reason = "" if row["status"] == "succeeded" else row["status"].replace("failed", "error")
    yield _write_event("done", dump_json({"reason": reason} if reason else {}), len(pieces) + 1)


def _write_event(kind: str, data: str, number: int) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {kind}\nid: {number}\n{lines}\n".encode()
