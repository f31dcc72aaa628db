"""`create_web_app`: the ASGI application with all routes, and what every request passes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from studio.errors import RunError, StudioError, UsageError, describe_exception
from studio.server.guard import LOOPBACK_NAMES, Guard
from studio.server.mcp_face.http import McpEndpoint
from studio.server.openai_face import edits, images, models, speech, transcriptions, videos
from studio.server.openai_face.face import create_error
from studio.server.openapi import create_document, is_openai_path
from studio.server.parts import Parts
from studio.server.problem import JsonResponse, create_problem
from studio.server.replicate_face import models as replicate_models
from studio.server.replicate_face import predictions
from studio.server.routes import (
    device,
    events,
    files,
    graphs,
    health,
    jobs,
    llms,
    media,
    metrics,
    page,
    results,
    session,
    socket,
    webhooks,
)
from studio.version import VERSION

API = "/api/v1"


def create_web_app(parts: Parts) -> ASGIApp:
    """Return the application of a server."""
    app = FastAPI(
        title="Studio", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    for module in (graphs, jobs, events, files, media, results, session, device, webhooks, socket):
        app.include_router(module.create_router(parts), prefix=API)
    app.include_router(health.create_router(parts))
    app.include_router(page.create_router())
    app.include_router(metrics.create_router(parts))
    app.include_router(llms.create_router(parts))
    for face in (models, images, edits, speech, transcriptions, videos):
        app.include_router(face.create_router(parts))
    for face in (predictions, replicate_models):
        app.include_router(face.create_router(parts))
    app.router.routes.append(Route("/mcp", McpEndpoint(parts), include_in_schema=False))
    create_routes = app.openapi

    @app.get(API, include_in_schema=False)
    def show_version() -> Response:
        return JsonResponse({"studio": VERSION, "openapi": f"{API}/openapi.json"})

    @app.get(f"{API}/openapi.json", include_in_schema=False)
    def show_openapi() -> Response:
        return JsonResponse(create_document(deepcopy(create_routes()), parts.graphs.list_graphs()))

    _add_error_answers(app)
    is_open = is_loopback(parts.options.host)
    hosts = {*LOOPBACK_NAMES, parts.options.host, *parts.options.allowed_hosts} if is_open else None
    if not is_open and parts.options.allowed_hosts:
        hosts = {*LOOPBACK_NAMES, *parts.options.allowed_hosts}
    return Guard(app, parts.tokens, hosts, answer_refused, parts.metrics, needs_token=not is_open)


def answer_refused(path: str, error: StudioError) -> Response:
    """Return the answer to a request that ends with an error, in the form that clients of its path read."""
    return create_error(error) if is_openai_path(path) else create_problem(error)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    return host in LOOPBACK_NAMES or (host.startswith("127.") and host.replace(".", "").isdigit())


def _add_error_answers(app: FastAPI) -> None:
    """Let every error be answered as problem JSON."""

    @app.exception_handler(StudioError)
    async def answer_error(request: Request, error: StudioError) -> Response:
        return answer_refused(request.url.path, error)

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"])
        hint = "see /api/v1/openapi.json"
        wrong = UsageError("E809", f"invalid {place}: {first['msg']}", where=f"/{place}", hint=hint)
        return answer_refused(request.url.path, wrong)

    @app.exception_handler(HTTPException)
    async def answer_refusal(request: Request, error: HTTPException) -> Response:
        if error.status_code not in (404, 405):
            wrong = UsageError("E809", f"invalid request: {error.detail}", hint="see /api/v1/openapi.json")
            return create_problem(wrong, status=error.status_code, headers=error.headers)
        message = f"nothing answers {request.method} {request.url.path[:200]!r}"
        unknown = UsageError("E819", message, hint="/api/v1/openapi.json lists the addresses")
        return create_problem(unknown, status=error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def answer_bug(request: Request, error: Exception) -> Response:
        bug = RunError("E999", f"a bug in Studio: {describe_exception(error)}", hint="report it")
        return answer_refused(request.url.path, bug)
