"""`/v1/images/edits`: images from a graph that takes a prompt, an image or a list of them, and perhaps a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.api import TypeSpec
from studio.errors import UsageError
from studio.graph import ResolvedGraph
from studio.server.file_store import StoredFile
from studio.server.form_values import FormValues, parse_fields, receive_form
from studio.server.openai_face.edit_mask import keep_selection
from studio.server.openai_face.face import OpenAIRoute, find_graph, find_output, take_values
from studio.server.openai_face.image_answers import KNOWN, answer_images, create_requests, refuse
from studio.server.parts import Parts

_KNOWN = KNOWN | {"image", "mask", "input_fidelity"}
_NUMBERS = ("n", "output_compression", "partial_images")


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

    @router.post("/images/edits", summary="Change images with a graph.", response_model=None)
    async def edit(request: Request) -> Response:
        form = await receive_form(parts, request)
        name, resolved = await run_in_threadpool(find_graph, parts, form.fields)
        output = find_output(resolved, "image")
        body = _read_body(form, resolved)
        values = take_values({key: value for key, value in body.items() if key != "image"}, resolved, _KNOWN)
        values |= await run_in_threadpool(_take_files, parts, form, resolved)
        wanted = create_requests(body, values, name, resolved, output)
        return await answer_images(parts, request, body, wanted, output, "image_edit")

    return router


def _read_body(form: FormValues, resolved: ResolvedGraph) -> dict[str, Any]:
    """Return the fields of a form as JSON would have them."""
    body = parse_fields(form.fields, resolved)
    for name in _NUMBERS:
        text = form.fields.get(name, "")
        if name not in resolved.inputs and text.isascii() and text.isdigit():
            body[name] = int(text[:9])
    if "stream" in body:
        body["stream"] = form.fields["stream"].lower() in ("true", "1")
    return body


def _take_files(parts: Parts, form: FormValues, resolved: ResolvedGraph) -> dict[str, Any]:
    """Return the values of the inputs that take the files of a form.

    Raises:
        UsageError: E809 for a missing image, more than the graph takes, or a file that it has no input for.
    """
    unknown = next((name for name in form.files if name not in ("image", "mask") and name not in resolved.inputs), None)
    if unknown is not None:
        raise UsageError("E809", f"unknown parameter {unknown[:80]!r}", where=f"/{unknown[:80]}", hint="leave it out")
    values: dict[str, Any] = {}
    for name, files in form.files.items():
        if name == "image":
            place = _find_input(resolved)
            values[place] = _write_files(files, resolved.inputs[place].spec, name)
        elif name not in resolved.inputs:
            raise refuse(name, "this graph takes no mask; leave it out")
        elif name == "mask" and resolved.inputs[name].spec.name == "mask":
            values[name] = {"file": keep_selection(parts, files[0], form.owner).name}
        else:
            values[name] = _write_files(files, resolved.inputs[name].spec, name)
    return values


def _find_input(resolved: ResolvedGraph) -> str:
    """Return the input that takes the images to change.

    Raises:
        UsageError: E809 if there is none.
    """
    named = [name for name in ("image", "images") if name in resolved.inputs]
    for name in [*named, *resolved.inputs]:
        spec = resolved.inputs[name].spec
        if spec.name == "image" and spec.depth <= 1:
            return name
    raise UsageError("E809", "the graph takes no image", where="/model", hint="GET /v1/models lists the models")


def _write_files(files: Sequence[StoredFile], spec: TypeSpec, name: str) -> Any:
    """Return files as the value of an input.

    Raises:
        UsageError: E809 if there are too many.
    """
    if spec.depth:
        return [{"file": file.name} for file in files]
    if len(files) > 1:
        raise refuse(name, "this graph takes one image")
    return {"file": files[0].name}
