"""`/v1/images/generations`: images from a graph with an input `prompt`; `seed`, `width`, `height` are used if there."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.server.body import read_object
from studio.server.openai_face.face import OpenAIRoute, find_graph, find_output, take_values
from studio.server.openai_face.image_answers import KNOWN, answer_images, create_requests
from studio.server.parts import Parts


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @router.post("/images/generations", summary="Make images with a graph.", response_model=None)
    async def generate(request: Request) -> Response:
        body = await read_object(request, parts.studio.settings.max_graph_bytes)
        name, resolved = await run_in_threadpool(find_graph, parts, body)
        output = find_output(resolved, "image")
        wanted = create_requests(body, take_values(body, resolved, KNOWN), name, resolved, output)
        return await answer_images(parts, request, body, wanted, output, "image_generation")

    return router
