"""`/v1/videos`: videos from a graph, as jobs that a client asks after, downloads and deletes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.graph.source import Constant
from studio.runtime.memory import show_bytes
from studio.server.body import read_object
from studio.server.client_jobs import cancel_jobs, find_path, list_outputs
from studio.server.face_jobs import FaceJob, FaceJobs
from studio.server.form_values import FormValues, parse_fields, receive_form
from studio.server.job import ENDED_STATES, Job, JobState
from studio.server.job_view import describe_job
from studio.server.openai_face.face import OpenAIRoute, check_end, find_graph, find_output, take_values
from studio.server.openai_face.image_answers import read_size, refuse
from studio.server.parts import Parts, find_owner, name_owner
from studio.server.problem import JsonResponse
from studio.server.routes.jobs import queue_job
from studio.server.submissions import JobRequest

_KNOWN = frozenset({"model", "prompt", "seconds", "size", "input_reference", "user"})
_MOST_PROMPT_BYTES = 32 * 2**10
_STATES = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "in_progress",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/videos", tags=["openai"], route_class=OpenAIRoute)
    videos = FaceJobs(parts.file, "openai.video")

    def find(request: Request, video_id: str) -> tuple[FaceJob, Job]:
        known = videos.find(video_id, find_owner(request))
        if known is None:
            raise UsageError("E811", f"unknown video {video_id[:80]!r}", hint="GET /v1/videos lists the videos")
        return known, parts.find_job(request, known.job)

    @router.post("", summary="Make a video with a graph.", response_model=None)
    async def create(request: Request) -> Response:
        if request.headers.get("content-type", "").startswith("application/json"):
            body, form = await read_object(request, parts.studio.settings.max_graph_bytes), FormValues()
        else:
            form = await receive_form(parts, request)
            body = dict(form.fields)
        name, resolved = await run_in_threadpool(find_graph, parts, body)
        wanted = JobRequest(name, _read_values(body, form, resolved), *_find_form(resolved))
        job, _ = await run_in_threadpool(queue_job, parts, request, wanted)
        asked = _describe_request(body, resolved)
        await run_in_threadpool(videos.add, job.id, name_owner(request), job.id, asked)
        return JsonResponse(_describe(parts, job, asked))

    @router.get("", summary="List videos, the newest first.", response_model=None)
    def list_videos(
        request: Request,
        after: Annotated[str | None, Query(description="The last video of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
        order: Literal["asc", "desc"] = "desc",
    ) -> Response:
        last = find(request, after)[0].number if after is not None else None
        found = videos.list_jobs(find_owner(request), limit=limit + 1, after=last, oldest_first=order == "asc")
        rows = [_describe(parts, parts.store.find(one.job), one.asked) for one in found[:limit]]
        ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {"first_id": None, "last_id": None}
        return JsonResponse({"object": "list", "data": rows, **ends, "has_more": len(found) > limit})

    @router.get("/{video_id}", summary="Show a video.", response_model=None)
    def show(request: Request, video_id: str) -> Response:
        known, job = find(request, video_id)
        headers = {} if job.state in ENDED_STATES else {"openai-poll-after-ms": "1000"}
        return JsonResponse(_describe(parts, job, known.asked), headers=headers)

    @router.get("/{video_id}/content", summary="Download a video.", response_model=None)
    def download(request: Request, video_id: str, variant: str = "video") -> Response:
        _, job = find(request, video_id)
        if variant != "video":
            raise refuse("variant", "take video")
        if job.state not in ENDED_STATES:
            raise UsageError(
                "E813", f"video {video_id!r} is {_STATES[job.state]}", hint="ask again when it is completed"
            )
        assert job.only is not None
        files = list_outputs([check_end(job)], job.only[0])
        if not files:
            raise UsageError("E812", "the graph made no video", hint="send another request")
        return FileResponse(find_path(parts, files[0]), media_type="video/mp4", filename=files[0].name)

    @router.delete("/{video_id}", summary="Cancel or forget a video.", response_model=None)
    def delete(request: Request, video_id: str) -> Response:
        _, job = find(request, video_id)
        cancel_jobs(parts, [job])
        parts.store.expire(job.id)
        videos.remove(video_id, find_owner(request))
        return JsonResponse({"id": video_id, "object": "video.deleted", "deleted": True})

    return router


def _find_form(resolved: ResolvedGraph) -> tuple[list[str], dict[str, str]]:
    """Return which output is made, and in which format."""
    output = find_output(resolved, "video")
    return [output], {output: "mp4"}


def _read_values(body: Mapping[str, Any], form: FormValues, resolved: ResolvedGraph) -> dict[str, Any]:
    """Return the values of the graph's inputs.

    Raises:
        UsageError: E809 for a parameter or a file that the graph does not take, or an invalid prompt.
    """
    _check_prompt(body.get("prompt"))
    texts = {name: value for name, value in body.items() if isinstance(value, str)}
    values = take_values({**body, **parse_fields(texts, resolved)}, resolved, _KNOWN) | read_size(body, resolved)
    if "seconds" not in resolved.inputs and body.get("seconds") is not None:
        raise refuse("seconds", "this graph makes videos of another length; leave it out")
    for name, files in form.files.items():
        place = _find_reference(resolved) if name == "input_reference" else name
        if place not in resolved.inputs or len(files) > 1:
            raise refuse(name, "this graph takes no such file; leave it out")
        values[place] = {"file": files[0].name}
    return values


def _check_prompt(prompt: Any) -> None:
    """Refuse what is no text that can be kept with a job, also where the graph does not take it."""
    if prompt is not None and not isinstance(prompt, str):
        raise refuse("prompt", "give a text")
    if prompt and len(prompt.encode("utf-8", "surrogatepass")) > _MOST_PROMPT_BYTES:
        raise refuse("prompt", f"give at most {show_bytes(_MOST_PROMPT_BYTES)}")


def _find_reference(resolved: ResolvedGraph) -> str:
    """Return the input that takes the image that a video follows; "" if there is none."""
    if "input_reference" in resolved.inputs:
        return "input_reference"
    return next((name for name, end in resolved.inputs.items() if end.spec.name == "image"), "")


def _describe_request(body: Mapping[str, Any], resolved: ResolvedGraph) -> dict[str, Any]:
    """Return what of a request belongs to the video, with what the graph has where the client says nothing."""

    def find_default(name: str) -> Any:
        source = resolved.inputs[name].default if name in resolved.inputs else None
        return source.value if isinstance(source, Constant) else None

    width, height = find_default("width"), find_default("height")
    size = body.get("size") or (f"{width}x{height}" if width and height else "auto")
    seconds = body.get("seconds") or find_default("seconds")
    return {
        "model": body.get("model"),
        "prompt": body.get("prompt"),
        "size": size,
        "seconds": "" if seconds is None else f"{seconds}",
    }


def _describe(parts: Parts, job: Job, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a video as OpenAI's clients read it."""
    progress = describe_job(parts, job, with_nodes=False)["progress"]
    error = job.error
    if job.state is JobState.CANCELLED:
        error = {"code": "cancelled", "message": f"job {job.id} was cancelled"}
    return {
        "id": job.id,
        "object": "video",
        "status": _STATES[job.state],
        "progress": int(progress * 100),
        "created_at": int(job.made),
        "completed_at": int(job.ended) if job.ended and job.state is JobState.SUCCEEDED else None,
        "expires_at": int(job.expires) if job.expires else None,
        "error": {"code": error["code"], "message": error["message"]} if error is not None else None,
        "remixed_from_video_id": None,
        **asked,
    }
