"""`/v1/images/generations`: images from a graph with an input `prompt`; `seed`, `width`, `height` are used if there."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.graph.source import Constant
from studio.server.body import read_object
from studio.server.file_store import PREFIX
from studio.server.job import Job, JobOutput
from studio.server.job_view import FILES_URL
from studio.server.openai_face.face import (
    OpenAIRoute,
    encode_file,
    find_graph,
    find_output,
    list_outputs,
    run_jobs,
    take_values,
)
from studio.server.parts import Parts
from studio.server.problem import JsonResponse
from studio.server.submissions import JobRequest
from studio.surrogates import dump_json

_MOST_IMAGES = 10
_OF_IMAGES = {"prompt", "n", "size", "quality", "style", "background", "moderation", "partial_images"}
_OF_ANSWERS = {"model", "user", "output_compression", "output_format", "response_format", "stream"}
_KNOWN = _OF_IMAGES | _OF_ANSWERS
_FORMATS = {"png": "png", "jpeg": "jpg", "webp": "webp"}
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @router.post("/images/generations", summary="Make images with a graph.", response_model=None)
    async def generate(request: Request) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        name, resolved = await run_in_threadpool(find_graph, parts, body)
        output = find_output(resolved, "image")
        jobs = await run_jobs(parts, request, _create_requests(body, name, resolved, output))
        return await run_in_threadpool(_describe, parts, request, body, jobs, output)

    return router


def _create_requests(body: Mapping[str, Any], name: str, resolved: ResolvedGraph, output: str) -> list[JobRequest]:
    """Return a job for each image; each has another seed, where the graph has one."""
    values = take_values(body, resolved, _KNOWN) | _read_size(body, resolved)
    extension = _FORMATS.get(str(body.get("output_format") or "png"))
    if extension is None:
        raise _refuse("output_format", f"take one of: {', '.join(_FORMATS)}")
    count = body.get("n") if body.get("n") is not None else 1
    if type(count) is not int or not 1 <= count <= _MOST_IMAGES:
        raise _refuse("n", f"take 1 to {_MOST_IMAGES}")
    requests = []
    for number in range(count):
        own = {"seed": _find_seed(values, resolved) + number} if number and "seed" in resolved.inputs else {}
        requests.append(JobRequest(name, {**values, **own}, only=[output], formats={output: extension}))
    return requests


def _read_size(body: Mapping[str, Any], resolved: ResolvedGraph) -> dict[str, int]:
    """Return the values of the inputs `width` and `height`."""
    size = body.get("size")
    if size is None or size == "auto":
        return {}
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise _refuse("size", "write it like 512x512, or auto")
    sizes = {"width": int(found[1]), "height": int(found[2])}
    own = {name: value for name, value in sizes.items() if name in resolved.inputs}
    if not own or (len(own) == 1 and sizes["width"] != sizes["height"]):
        raise _refuse("size", "this graph makes images of another size; leave it out")
    return own


def _find_seed(values: Mapping[str, Any], resolved: ResolvedGraph) -> int:
    """Return the seed of the first image."""
    default = resolved.inputs["seed"].default
    seed = values.get("seed", default.value if isinstance(default, Constant) else 0)
    return seed if type(seed) is int else 0


def _refuse(name: str, hint: str) -> UsageError:
    return UsageError("E809", f"invalid {name}", where=f"/{name}", hint=hint)


def _describe(parts: Parts, request: Request, body: Mapping[str, Any], jobs: list[Job], output: str) -> Response:
    made, files = int(time.time()), list_outputs(jobs, output)
    if body.get("stream"):
        return _describe_stream(parts, body, files, made)
    if body.get("response_format") == "url":
        data = [{"url": f"{request.base_url}{FILES_URL[1:]}/{PREFIX}{one.digest}"} for one in files]
    else:
        data = [{"b64_json": encode_file(parts, one)} for one in files]
    return JsonResponse({"created": made, "data": data, "output_format": body.get("output_format") or "png"})


def _describe_stream(parts: Parts, body: Mapping[str, Any], files: list[JobOutput], made: int) -> Response:
    """Return the images as events; there are no partial images yet."""
    kind = "image_generation.completed"
    row = {
        "type": kind,
        "created_at": made,
        "size": body.get("size") or "auto",
        "quality": "auto",
        "background": "auto",
        "output_format": body.get("output_format") or "png",
        "usage": {
            "input_tokens": 0,
            "output_tokens": 0,
            "total_tokens": 0,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        },
    }
    events = [f"event: {kind}\ndata: {dump_json({**row, 'b64_json': encode_file(parts, one)})}\n\n" for one in files]
    return Response("".join(events), media_type="text/event-stream", headers={"cache-control": "no-store"})
