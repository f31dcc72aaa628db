"""`/v1/audio/speech`: speech from a graph with an input `text` or `input` and, if it likes, `voice` and `speed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.server.body import read_object
from studio.server.openai_face.face import (
    JobFailed,
    OpenAIRoute,
    find_graph,
    find_output,
    find_path,
    list_outputs,
    run_jobs,
    take_values,
)
from studio.server.parts import Parts
from studio.server.submissions import JobRequest

_KNOWN = frozenset({"model", "input", "voice", "instructions", "response_format", "speed", "stream_format"})
_FORMATS = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav"}


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @router.post("/audio/speech", summary="Say a text with a graph.", response_model=None)
    async def speak(request: Request) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        name, resolved = await run_in_threadpool(find_graph, parts, body)
        output = find_output(resolved, "audio")
        extension = body.get("response_format") or "mp3"
        if not isinstance(extension, str) or extension not in _FORMATS:
            hint = f"take one of: {', '.join(_FORMATS)}"
            raise UsageError("E809", "invalid response_format", where="/response_format", hint=hint)
        values = _read_values(body, resolved)
        jobs = await run_jobs(parts, request, [JobRequest(name, values, [output], {output: extension})])
        outputs = list_outputs(jobs, output)
        if not outputs:  # a list without entries
            raise JobFailed({"code": "E813", "message": "the graph made no audio", "hint": "send another input"})
        return FileResponse(await run_in_threadpool(find_path, parts, outputs[0]), media_type=_FORMATS[extension])

    return router


def _read_values(body: Mapping[str, Any], resolved: ResolvedGraph) -> dict[str, Any]:
    """Return the values of the graph's inputs; a voice that the graph does not choose is left to it.

    Raises:
        UsageError: E809 if the graph takes no text.
    """
    values = take_values(body, resolved, _KNOWN)
    if "input" not in resolved.inputs:
        if "text" not in resolved.inputs:
            raise UsageError("E809", "the graph has no input 'text'", where="/model", hint="take another model")
        if body.get("input") is not None:
            values["text"] = body["input"]
    if "speed" not in resolved.inputs and body.get("speed") not in (None, 1):
        raise UsageError("E809", "invalid speed", where="/speed", hint="this graph has one speed; leave it out")
    return values
