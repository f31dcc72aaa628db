"""What generations and edits of images share: how many, how large, in which form, and their answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.graph.source import Constant
from studio.server.client_jobs import list_outputs
from studio.server.file_store import FILES_URL, PREFIX
from studio.server.job import Job
from studio.server.openai_face.face import answer_stream, encode_file, queue_jobs, run_jobs, stream_jobs
from studio.server.openai_face.partial_images import MOST_PARTS, PartialImages
from studio.server.parts import Parts
from studio.server.problem import JsonResponse
from studio.server.submissions import JobRequest

KNOWN = frozenset({
    "prompt", "n", "size", "quality", "style", "background", "moderation", "partial_images", "model", "user",
    "output_compression", "output_format", "response_format", "stream", "safety_identifier",
})  # fmt: skip
"""Names of OpenAI's API for images."""

_MOST_IMAGES = 10
_FORMATS = {"png": "png", "jpeg": "jpg", "webp": "webp"}
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


def create_requests(
    body: Mapping[str, Any], values: Mapping[str, Any], name: str, resolved: ResolvedGraph, output: str
) -> list[JobRequest]:
    """Return a job for each image; each has another seed, where the graph has one.

    Args:
        body: The request.
        values: Values of the graph's inputs.
        name: The graph's name.
        resolved: The graph.
        output: Its output that is the image.

    Raises:
        UsageError: E809 for a wrong size, count or format.
    """
    values = {**values, **read_size(body, resolved)}
    extension = _FORMATS.get(str(body.get("output_format") or "png"))
    if extension is None:
        raise refuse("output_format", f"take one of: {', '.join(_FORMATS)}")
    count = body.get("n") if body.get("n") is not None else 1
    if type(count) is not int or not 1 <= count <= _MOST_IMAGES:
        raise refuse("n", f"take 1 to {_MOST_IMAGES}")
    requests = []
    for number in range(count):
        own = {"seed": _find_seed(values, resolved) + number} if number and "seed" in resolved.inputs else {}
        requests.append(JobRequest(name, {**values, **own}, only=[output], formats={output: extension}))
    return requests


def read_size(body: Mapping[str, Any], resolved: ResolvedGraph) -> dict[str, int]:
    """Return the values of the inputs `width` and `height`.

    Raises:
        UsageError: E809 for a wrong size, or one that the graph does not take.
    """
    size = body.get("size")
    if size is None or size == "auto":
        return {}
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise refuse("size", "write it like 512x512, or auto")
    sizes = {"width": int(found[1]), "height": int(found[2])}
    own = {name: value for name, value in sizes.items() if name in resolved.inputs}
    if not own or (len(own) == 1 and sizes["width"] != sizes["height"]):
        raise refuse("size", "this graph makes images of another size; leave it out")
    return own


def read_partial_count(body: Mapping[str, Any]) -> int:
    """Return how many images that are not finished are asked for.

    Raises:
        UsageError: E809 for a wrong number.
    """
    count = body.get("partial_images")
    if count is None:
        return 0
    if type(count) is not int or not 0 <= count <= MOST_PARTS:
        raise refuse("partial_images", f"take 0 to {MOST_PARTS}")
    return count


def refuse(name: str, hint: str) -> UsageError:
    """Return the error of an invalid parameter."""
    return UsageError("E809", f"invalid {name}", where=f"/{name}", hint=hint)


async def answer_images(
    parts: Parts, request: Request, body: Mapping[str, Any], wanted: Sequence[JobRequest], output: str, kind: str
) -> Response:
    """Run jobs and return the answer with their images.

    Args:
        parts: The parts of the server.
        request: The request.
        body: What it asks for.
        wanted: A job for each image.
        output: The output that is the image.
        kind: "image_generation" or "image_edit", which begins the names of events.

    Raises:
        ClientGone: The client has gone.
        StudioError: A request is refused, or a job failed.
    """
    made = int(time.time())
    if body.get("stream"):
        part_images = PartialImages(read_partial_count(body), str(body.get("output_format") or "png"))
        jobs = await queue_jobs(parts, request, wanted)
        row = _describe_event(body, made)

        def describe(job: Job) -> list[dict[str, Any]]:
            files = list_outputs([job], output)
            usage = {"type": f"{kind}.completed", **row, "usage": _USAGE}
            return [{**usage, "b64_json": encode_file(parts, one)} for one in files]

        def describe_running(job_id: str) -> list[dict[str, Any]]:
            live = parts.logs.find_live(job_id) if part_images else None
            found = part_images.take(job_id, live) if live is not None else None
            if found is None:
                return []
            index, image = found
            return [{"type": f"{kind}.partial_image", **row, "partial_image_index": index, "b64_json": image}]

        return answer_stream(stream_jobs(parts, jobs, describe, describe_running))
    return await run_in_threadpool(
        _describe, parts, request, body, await run_jobs(parts, request, wanted), output, made
    )


def _describe(
    parts: Parts, request: Request, body: Mapping[str, Any], jobs: list[Job], output: str, made: int
) -> Response:
    files = list_outputs(jobs, output)
    if body.get("response_format") == "url":
        data = [{"url": f"{request.base_url}{FILES_URL[1:]}/{PREFIX}{one.digest}"} for one in files]
    else:
        data = [{"b64_json": encode_file(parts, one)} for one in files]
    return JsonResponse({"created": made, "data": data, "output_format": body.get("output_format") or "png"})


_USAGE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}


def _describe_event(body: Mapping[str, Any], made: int) -> dict[str, Any]:
    """Return what all events of a request have."""
    return {
        "created_at": made,
        "size": body.get("size") or "auto",
        "quality": "auto",
        "background": "auto",
        "output_format": body.get("output_format") or "png",
    }


def _find_seed(values: Mapping[str, Any], resolved: ResolvedGraph) -> int:
    """Return the seed of the first image."""
    default = resolved.inputs["seed"].default
    seed = values.get("seed", default.value if isinstance(default, Constant) else 0)
    return seed if type(seed) is int else 0
