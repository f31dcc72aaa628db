"""`/v1/audio/transcriptions`: text from a graph that takes audio; it may have outputs `marks`, `srt` and `vtt` too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.server.client_jobs import find_path, list_outputs
from studio.server.form_values import FormValues, parse_fields, receive_form
from studio.server.job import Job
from studio.server.openai_face.face import (
    OpenAIRoute,
    answer_stream,
    find_graph,
    queue_jobs,
    run_jobs,
    stream_jobs,
    take_values,
)
from studio.server.openai_face.image_answers import refuse
from studio.server.parts import Parts
from studio.server.problem import JsonResponse
from studio.server.submissions import JobRequest

_KNOWN = frozenset({
    "model", "language", "prompt", "response_format", "temperature", "timestamp_granularities", "stream", "include",
    "chunking_strategy", "languages", "keywords",
})  # fmt: skip
_FORMATS = {"json": "text", "text": "text", "srt": "srt", "vtt": "vtt", "verbose_json": "marks"}
"""The output that each format is made of."""


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @router.post("/audio/transcriptions", summary="Write down speech with a graph.", response_model=None)
    async def transcribe(request: Request) -> Response:
        form = await receive_form(parts, request)
        name, resolved = await run_in_threadpool(find_graph, parts, form.fields)
        style = form.fields.get("response_format") or "json"
        if style not in _FORMATS:
            raise refuse("response_format", f"take one of: {', '.join(_FORMATS)}")
        wanted = [JobRequest(name, _read_values(form, resolved), only=_find_outputs(resolved, style))]
        if form.fields.get("stream", "").lower() in ("true", "1") and style in ("json", "text"):
            jobs = await queue_jobs(parts, request, wanted)
            return answer_stream(stream_jobs(parts, jobs, lambda job: _describe_stream(parts, job)))
        [job] = await run_jobs(parts, request, wanted)
        return await run_in_threadpool(_describe, parts, form.fields, job, style)

    return router


def _read_values(form: FormValues, resolved: ResolvedGraph) -> dict[str, Any]:
    """Return the values of the graph's inputs.

    Raises:
        UsageError: E809 for a missing file, or a graph that takes no audio.
    """
    files = form.files.get("file", ())
    if len(files) != 1 or len(form.files) != 1:
        raise refuse("file", "send one file with audio as the part 'file'")
    takes = (name for name, end in resolved.inputs.items() if end.spec.name == "audio" and not end.spec.depth)
    place = next(takes, None)
    if place is None:
        raise UsageError("E809", "the graph takes no audio", where="/model", hint="GET /v1/models lists the models")
    return take_values(parse_fields(form.fields, resolved), resolved, _KNOWN) | {place: {"file": files[0].name}}


def _find_outputs(resolved: ResolvedGraph, style: str) -> list[str]:
    """Return the outputs that an answer is made of; what is said is the first one.

    Raises:
        UsageError: E809 if the graph has none.
    """
    texts = [name for name, (_, spec) in resolved.outputs.items() if spec.name == "text" and not spec.depth]
    said = "text" if "text" in texts else next(iter(texts), None)
    if said is None:
        message = "the graph makes no text"
        raise UsageError("E809", message, where="/model", hint="GET /v1/models lists the models")
    wanted = _FORMATS[style]
    if wanted == "text":
        return [said]
    if wanted not in resolved.outputs:
        raise refuse("response_format", f"the graph has no output {wanted!r}; take json or text")
    return [said, wanted]


def _describe(parts: Parts, fields: Mapping[str, str], job: Job, style: str) -> Response:
    assert job.only is not None
    text = _read_output(parts, job, job.only[0])
    if style == "json":
        return JsonResponse({"text": text})
    if style == "verbose_json":
        marks = json.loads(_read_output(parts, job, "marks"))
        return JsonResponse(_describe_marks(marks, text, fields.get("language", "")))
    return PlainTextResponse(text if style == "text" else _read_output(parts, job, _FORMATS[style]))


def _read_output(parts: Parts, job: Job, name: str) -> str:
    found = list_outputs([job], name)
    return find_path(parts, found[0]).read_text(encoding="utf-8") if found else ""


def _describe_stream(parts: Parts, job: Job) -> list[dict[str, Any]]:
    """Return the text as events; it comes in one piece."""
    assert job.only is not None
    text = _read_output(parts, job, job.only[0])
    return [{"type": "transcript.text.delta", "delta": text}, {"type": "transcript.text.done", "text": text}]


def _describe_marks(marks: Mapping[str, Any], text: str, language: str) -> dict[str, Any]:
    """Return marks, which `speech.to_text` makes, as OpenAI's clients read them; what nobody measured is 0."""
    sentences = marks.get("sentences") or []
    words = [word for sentence in sentences for word in sentence.get("words") or []]
    unknown = {"seek": 0, "tokens": [], "temperature": 0.0, "avg_logprob": 0.0}
    unknown |= {"compression_ratio": 0.0, "no_speech_prob": 0.0}
    return {
        "task": "transcribe",
        "language": language,
        "duration": marks.get("seconds", 0.0),
        "text": text,
        "segments": [
            {"id": number, "start": one["start"], "end": one["end"], "text": one["text"], **unknown}
            for number, one in enumerate(sentences)
        ],
        "words": [{"word": word["text"], "start": word["start"], "end": word["end"]} for word in words],
    }
