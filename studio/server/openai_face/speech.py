"""`/v1/audio/speech`: speech from a graph with an input `text` or `input` and, if it likes, `voice` and `speed`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.server.body import read_object
from studio.server.client_jobs import find_path, list_outputs
from studio.server.job import Job
from studio.server.openai_face.face import (
    JobFailed,
    OpenAIRoute,
    answer_stream,
    find_graph,
    find_output,
    queue_jobs,
    run_jobs,
    stream_jobs,
    take_values,
)
from studio.server.parts import Parts
from studio.server.submissions import JobRequest

_KNOWN = frozenset({"model", "input", "voice", "instructions", "response_format", "speed", "stream_format"})
_FORMATS = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}
_RAW, _RAW_RATE = "pcm", 24_000  # 16 bits, little-endian, mono
_PART_BYTES = 32 * 1024


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
        style = body.get("stream_format") or "audio"
        if style not in ("audio", "sse"):
            raise UsageError("E809", "invalid stream_format", where="/stream_format", hint="take audio or sse")
        written = "wav" if extension == _RAW else extension
        wanted = [JobRequest(name, _read_values(body, resolved), [output], {output: written})]
        if style == "sse":
            jobs = await queue_jobs(parts, request, wanted)
            return answer_stream(stream_jobs(parts, jobs, lambda job: _describe_parts(parts, job, output, extension)))
        [job] = await run_jobs(parts, request, wanted)
        if extension == _RAW:
            return Response(await run_in_threadpool(_read, parts, job, output, extension), media_type=_FORMATS[_RAW])
        return FileResponse(await run_in_threadpool(_find, parts, job, output), media_type=_FORMATS[extension])

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


def _find(parts: Parts, job: Job, output: str) -> Path:
    """Return the file of what was said.

    Raises:
        JobFailed: The graph made a list without entries.
    """
    outputs = list_outputs([job], output)
    if not outputs:
        raise JobFailed({"code": "E813", "message": "the graph made no audio", "hint": "send another input"})
    return find_path(parts, outputs[0])


def _read(parts: Parts, job: Job, output: str, extension: str) -> bytes:
    """Return the bytes of what was said."""
    path = _find(parts, job, output)
    if extension != _RAW:
        return path.read_bytes()
    import numpy as np
    import soxr

    audio = parts.studio.registry.value_types["audio"].read_file(path, parts.studio.settings.media)
    mono = soxr.resample(audio.samples.mean(axis=1), audio.rate, _RAW_RATE)
    return bytes((np.clip(mono, -1, 1) * 32767).round().astype("<i2"))


def _describe_parts(parts: Parts, job: Job, output: str, extension: str) -> list[dict[str, Any]]:
    """Return what was said as events, a part in each."""
    content = _read(parts, job, output, extension)
    events: list[dict[str, Any]] = [
        {"type": "speech.audio.delta", "audio": base64.b64encode(content[start : start + _PART_BYTES]).decode()}
        for start in range(0, len(content), _PART_BYTES)
    ]
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return [*events, {"type": "speech.audio.done", "usage": usage}]
