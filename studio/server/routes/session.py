"""`/api/v1/session`: a browser gives its token once, and gets a cookie that its scripts cannot read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from studio.errors import UsageError
from studio.server.body import read_object
from studio.server.guard import TOKEN_COOKIE
from studio.server.openapi import create_json_body
from studio.server.parts import Parts, find_token
from studio.server.problem import JsonResponse

_MOST_BYTES = 4096
_BODY_SECONDS = 10.0  # whoever sends it has no token yet
_SECONDS = 30 * 86400
_BODY = create_json_body(
    {
        "type": "object",
        "properties": {"token": {"type": "string"}},
        "required": ["token"],
        "additionalProperties": False,
    }
)


def create_router(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/session", tags=["session"])

    @router.get("", summary="Say whose token a request has.")
    def show(request: Request) -> Response:
        token = find_token(request)
        row = {"name": token.name, "scope": token.scope} if token is not None else {"name": None, "scope": None}
        return JsonResponse({**row, "draining": parts.is_draining})

    @router.post("", summary="Let a browser keep a token.", openapi_extra=_BODY)
    async def begin(request: Request) -> Response:
        given = (await read_object(request, _MOST_BYTES, _BODY_SECONDS)).get("token")
        if not isinstance(given, str):
            raise UsageError("E809", "missing key 'token'", hint='send {"token": "..."}')
        token = await run_in_threadpool(parts.tokens.find, given.strip())
        if token is None:
            raise UsageError("E805", "unknown token", hint="`studio serve token add NAME` makes one")
        response = JsonResponse({"name": token.name, "scope": token.scope, "draining": parts.is_draining})
        is_secure = request.url.scheme == "https"
        response.set_cookie(
            TOKEN_COOKIE, given.strip(), _SECONDS, path="/", httponly=True, samesite="strict", secure=is_secure
        )
        return response

    @router.delete("", summary="Let a browser forget its token.", status_code=204)
    def end() -> Response:
        response = Response(status_code=204)
        response.delete_cookie(TOKEN_COOKIE, path="/", httponly=True, samesite="strict")
        return response

    return router
