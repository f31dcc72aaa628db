"""`/v1/models/OWNER/NAME`, `/v1/files` and `/v1/webhooks/default/secret`: what a client of Replicate asks besides."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.file_store import FILES_URL, StoredFile
from studio.server.form_values import receive_form
from studio.server.graph_list import ListedGraph
from studio.server.parts import Parts, name_owner
from studio.server.problem import JsonResponse
from studio.server.replicate_face.view import OWNER, describe_model, describe_version, write_time


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["replicate"])

    def find(name: str) -> ListedGraph:
        listed = parts.graphs.find(parts.options.models.get(name, name))
        if listed.problem is not None:
            raise listed.problem
        return listed

    @router.get("/models/{owner}/{name}", summary="Show a graph as a model of Replicate's.", response_model=None)
    def show_model(request: Request, owner: str, name: str) -> Response:
        return JsonResponse(describe_model(find(name), str(request.base_url)))

    @router.get("/models/{owner}/{name}/versions", summary="List the version of a graph.", response_model=None)
    def list_versions(owner: str, name: str) -> Response:
        return JsonResponse({"previous": None, "next": None, "results": [describe_version(find(name))]})

    @router.get("/models/{owner}/{name}/versions/{version}", summary="Show a graph's version.", response_model=None)
    def show_version(owner: str, name: str, version: str) -> Response:
        return JsonResponse(describe_version(find(version)))

    @router.get("/account", summary="Show the token's name.", response_model=None)
    def show_account(request: Request) -> Response:
        name = name_owner(request) or OWNER
        return JsonResponse({"type": "user", "username": name, "name": name, "github_url": None})

    @router.get("/webhooks/default/secret", summary="Show the secret of webhooks.", response_model=None)
    def show_secret(request: Request) -> Response:
        return JsonResponse({"key": parts.webhooks.find_secret(name_owner(request))})

    @router.post("/files", summary="Upload a file.", response_model=None, status_code=201)
    async def upload(request: Request) -> Response:
        form = await receive_form(parts, request)
        found = [file for files in form.files.values() for file in files]
        if len(found) != 1:
            raise UsageError("E809", "the form contains not one file", hint="send the file as the part 'content'")
        return JsonResponse(_describe_file(request, found[0], form.fields.get("metadata", "")), 201)

    @router.get("/files/{digest}", summary="Show an uploaded file.", response_model=None)
    async def show_file(request: Request, digest: str) -> Response:
        return JsonResponse(_describe_file(request, await run_in_threadpool(parts.files.find, digest)))

    return router


def _describe_file(request: Request, file: StoredFile, metadata: str = "") -> dict[str, Any]:
    try:
        notes = json.loads(metadata) if metadata else {}
    except ValueError:
        notes = {}
    return {
        "id": file.name,
        "name": file.digest[:16],
        "content_type": file.media_type,
        "size": file.bytes,
        "etag": file.digest,
        "checksums": {"blake3": file.digest},
        "metadata": notes if isinstance(notes, dict) else {},
        "created_at": write_time(file.path.stat().st_mtime),
        "expires_at": None,
        "urls": {"get": f"{request.base_url}{FILES_URL[1:]}/{file.name}"},
    }
