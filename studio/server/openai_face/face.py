"""What all addresses of this face share: models, errors in OpenAI's form, and waiting for a job."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack, aclosing
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from studio.errors import RunError, StudioError, UsageError
from studio.graph import ResolvedGraph
from studio.server.client_jobs import ClientGone, cancel_unwatched, find_path, wait_for_end, watch_job
from studio.server.hidden_paths import hide_paths
from studio.server.job import Job, JobOutput, JobState
from studio.server.parts import Parts
from studio.server.problem import JsonResponse, find_retry, find_status
from studio.server.routes.jobs import queue_job
from studio.server.submissions import JobRequest
from studio.surrogates import dump_json

_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
_MISSING_WEIGHTS = "E602"
"""Of a failed job that succeeds later, after somebody fetched them; no client waits for that."""


class JobFailed(RunError):
    """A job failed or was cancelled.

    Args:
        error: Its error.
    """

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["code"], error["message"], where=error.get("where", ""), hint=error["hint"])
        self.may_succeed = bool(error.get("retry"))


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def answer_request(request: Request) -> Response:
            try:
                return await answer(request)
            except ClientGone:
                return Response(status_code=499)
            except StudioError as error:
                return create_error(error)

        return answer_request


def create_error(error: StudioError) -> Response:
    """Return an error as OpenAI's clients read it."""
    headers = {"x-should-retry": "false"} if _is_final(error) else find_retry(error)
    return JsonResponse(describe_error(error), _find_status(error), headers)


def describe_error(error: StudioError) -> dict[str, Any]:
    """Return an error in OpenAI's form."""
    status = _find_status(error)
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = f"{error.message} ({error.hint})" if error.hint else error.message
    where = error.where.rpartition("/")[2] or None
    return {"error": {"message": hide_paths(message), "type": kind, "param": where, "code": error.code}}


def _is_final(error: StudioError) -> bool:
    return isinstance(error, JobFailed) and (not error.may_succeed or error.code == _MISSING_WEIGHTS)


def _find_status(error: StudioError) -> int:
    return 422 if _is_final(error) else find_status(error)


def find_graph(parts: Parts, body: Mapping[str, Any]) -> tuple[str, ResolvedGraph]:
    """Return the graph of a model with its name.

    Raises:
        UsageError: E809 if no model is named, E810 if it is unknown.
        StudioError: What is wrong with the graph.
    """
    model = body.get("model")
    if not isinstance(model, str):
        raise UsageError("E809", "missing model", where="/model", hint="GET /v1/models lists the models")
    listed = parts.graphs.find(parts.options.models.get(model, model))
    if listed.problem is not None:
        raise listed.problem
    assert listed.resolved is not None
    return listed.name, listed.resolved


def find_output(resolved: ResolvedGraph, kind: str) -> str:
    """Return the first output of a graph of a type.

    Raises:
        UsageError: E809 if it has none.
    """
    for name, (_, spec) in resolved.outputs.items():
        if spec.name == kind and spec.depth <= 1:
            return name
    message = f"the graph makes no {kind}"
    raise UsageError("E809", message, where="/model", hint="GET /v1/models lists the models")


def take_values(body: Mapping[str, Any], resolved: ResolvedGraph, known: Iterable[str]) -> dict[str, Any]:
    """Return the values of a request that have the names of the graph's inputs; `model` is the graph itself.

    Args:
        body: The request.
        resolved: The graph.
        known: Names that OpenAI's API has itself; those that the graph does not have are left out.

    Raises:
        UsageError: E809 for a name that neither has.
    """
    ours = set(known)
    for name in body:
        if name not in ours and name not in resolved.inputs:
            hint = f"inputs of the graph: {', '.join(resolved.inputs)}"
            raise UsageError("E809", f"unknown parameter {name[:80]!r}", where=f"/{name[:80]}", hint=hint)
    taken = resolved.inputs.keys() - {"model"}
    return {name: value for name, value in body.items() if name in taken and value is not None}


async def run_jobs(parts: Parts, request: Request, wanted: Iterable[JobRequest]) -> list[Job]:
    """Queue jobs, wait for all of them, and return them as they ended.

    Raises:
        ClientGone: The client has gone; those of the jobs that nobody else waits for are cancelled.
        StudioError: A request is refused, so that none of its jobs is queued, or a job failed.
    """
    with ExitStack() as watched:
        jobs: list[Job] = []
        try:
            for job in await _queue_all(parts, request, wanted, jobs):
                watched.enter_context(parts.logs.watch(job.id))
            return [check_end(await wait_for_end(parts, job.id, is_gone=request.is_disconnected)) for job in jobs]
        except (StudioError, ClientGone, asyncio.CancelledError):
            watched.close()
            await asyncio.shield(run_in_threadpool(cancel_unwatched, parts, jobs))
            raise


async def queue_jobs(parts: Parts, request: Request, wanted: Iterable[JobRequest]) -> list[Job]:
    """Queue the jobs of a request.

    Raises:
        StudioError: A request is refused, so that none of its jobs is queued.
    """
    jobs: list[Job] = []
    try:
        return await _queue_all(parts, request, wanted, jobs)
    except StudioError:
        await run_in_threadpool(cancel_unwatched, parts, jobs)
        raise


async def _queue_all(parts: Parts, request: Request, wanted: Iterable[JobRequest], jobs: list[Job]) -> list[Job]:
    for number, one in enumerate(wanted):
        jobs.append((await run_in_threadpool(queue_job, parts, request, one, number))[0])
    return jobs


async def stream_jobs(
    parts: Parts,
    jobs: Sequence[Job],
    describe: Callable[[Job], Iterable[Mapping[str, Any]]],
    describe_running: Callable[[str], Iterable[Mapping[str, Any]]] = lambda job_id: (),
) -> AsyncIterator[bytes]:
    """Yield server-sent events of jobs, each when it has ended; cancel what is left when the client goes.

    Args:
        parts: The parts of the server.
        jobs: The jobs.
        describe: Returns the events of a job that succeeded.
        describe_running: Returns new events of a job that runs, by its id.
    """
    try:
        with ExitStack() as watched:
            for job in jobs:
                watched.enter_context(parts.logs.watch(job.id))
            for job in jobs:
                try:
                    async with aclosing(watch_job(parts, job.id)) as changes:
                        async for now in changes:
                            job_now = now
                            for event in await run_in_threadpool(describe_running, job.id):
                                yield _write_event(event)
                    ended = check_end(job_now)
                    events = await run_in_threadpool(describe, ended)
                except StudioError as error:
                    yield _write_event({"type": "error", **describe_error(error)})
                    return
                for event in events:
                    yield _write_event(event)
    finally:  # on a thread: it waits for transactions
        await asyncio.shield(run_in_threadpool(cancel_unwatched, parts, jobs))


def answer_stream(events: AsyncIterator[bytes]) -> Response:
    """Return the response that sends events as they come."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


def _write_event(row: Mapping[str, Any]) -> bytes:
    return f"event: {row['type']}\ndata: {dump_json(row, separators=(',', ':'))}\n\n".encode()


def check_end(job: Job) -> Job:
    """Return a job that succeeded.

    Raises:
        JobFailed: It failed or was cancelled.
    """
    if job.state is JobState.SUCCEEDED:
        return job
    error = dict(job.error or {"code": "E813", "message": f"job {job.id} was cancelled", "hint": ""})
    raise JobFailed(error)


def encode_file(parts: Parts, output: JobOutput) -> str:
    """Return the file of an output in base64."""
    return base64.b64encode(find_path(parts, output).read_bytes()).decode()
