"""What all addresses of this face share: models, errors in OpenAI's form, and waiting for a job."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import RunError, StudioError, UsageError
from studio.graph import ResolvedGraph
from studio.server.file_store import PREFIX
from studio.server.hidden_paths import hide_paths
from studio.server.job import ENDED_STATES, Job, JobOutput, JobState
from studio.server.parts import Parts
from studio.server.problem import JsonResponse, find_retry, find_status
from studio.server.routes.jobs import queue_job
from studio.server.submissions import JobRequest

_SECONDS_BETWEEN_LOOKS = 1.0
_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class ClientGone(Exception):
    """The client of a request has gone; its jobs are cancelled."""


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
    is_final = isinstance(error, JobFailed) and not error.may_succeed
    status = 422 if is_final else find_status(error)
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = f"{error.message} ({error.hint})" if error.hint else error.message
    where = error.where.rpartition("/")[2] or None
    body = {"error": {"message": hide_paths(message), "type": kind, "param": where, "code": error.code}}
    return JsonResponse(body, status, {"x-should-retry": "false"} if is_final else find_retry(error))


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
    """Return the values of a request that have the names of the graph's inputs.

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
    return {name: value for name, value in body.items() if name in resolved.inputs and value is not None}


async def run_jobs(parts: Parts, request: Request, wanted: Iterable[JobRequest]) -> list[Job]:
    """Queue jobs, wait for all of them, and return them as they ended.

    Raises:
        ClientGone: The client has gone; those of the jobs that nobody else waits for are cancelled.
        StudioError: A request is refused, so that none of its jobs is queued, or a job failed.
    """
    jobs: list[Job] = []
    with ExitStack() as watched:
        try:
            for number, one in enumerate(wanted):
                jobs.append((await run_in_threadpool(queue_job, parts, request, one, number))[0])
                watched.enter_context(parts.logs.watch(jobs[-1].id))
            return [await _wait(parts, request, job) for job in jobs]
        except (StudioError, ClientGone, asyncio.CancelledError):
            watched.close()
            await asyncio.shield(run_in_threadpool(_cancel_unwatched, parts, jobs))
            raise


async def _wait(parts: Parts, request: Request, job: Job) -> Job:
    log = parts.logs.find(job.id)
    while True:
        number = log.last
        now = await run_in_threadpool(parts.store.find, job.id)
        if now.state in ENDED_STATES:
            return _check_end(now)
        if await request.is_disconnected():
            raise ClientGone
        await log.wait(number, _SECONDS_BETWEEN_LOOKS)


def _cancel_unwatched(parts: Parts, jobs: Iterable[Job]) -> None:
    """Cancel the jobs of a request that ended early; with an idempotency key, others may wait for them too."""
    for job in jobs:
        if not parts.logs.find(job.id).watchers:
            with contextlib.suppress(UsageError):  # it has ended
                parts.cancel_job(job.id)


def _check_end(job: Job) -> Job:
    """Return a job that succeeded.

    Raises:
        JobFailed: It failed or was cancelled.
    """
    if job.state is JobState.SUCCEEDED:
        return job
    error = dict(job.error or {"code": "E813", "message": f"job {job.id} was cancelled", "hint": ""})
    raise JobFailed(error)


def list_outputs(jobs: Iterable[Job], name: str) -> list[JobOutput]:
    """Return the files of one output of several jobs."""
    return [output for job in jobs for output in job.outputs if output.output == name]


def find_path(parts: Parts, output: JobOutput) -> Path:
    """Return where the file of an output is."""
    return parts.files.find(PREFIX + output.digest).path


def encode_file(parts: Parts, output: JobOutput) -> str:
    """Return the file of an output in base64."""
    return base64.b64encode(find_path(parts, output).read_bytes()).decode()
