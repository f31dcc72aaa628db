"""Errors as clients are told: problem JSON (RFC 9457) with Studio's codes, and never a path of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from studio.errors import GraphError, StudioError, UsageError
from studio.server.error_rows import describe_error
from studio.surrogates import dump_json

_STATUS = {
    "E511": HTTPStatus.UNPROCESSABLE_ENTITY,
    "E800": HTTPStatus.SERVICE_UNAVAILABLE,
    "E805": HTTPStatus.UNAUTHORIZED,
    "E806": HTTPStatus.FORBIDDEN,
    "E807": HTTPStatus.FORBIDDEN,
    "E808": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "E810": HTTPStatus.NOT_FOUND,
    "E811": HTTPStatus.NOT_FOUND,
    "E812": HTTPStatus.NOT_FOUND,
    "E813": HTTPStatus.CONFLICT,
    "E817": HTTPStatus.TOO_MANY_REQUESTS,
    "E818": HTTPStatus.SERVICE_UNAVAILABLE,
    "E819": HTTPStatus.NOT_FOUND,
    "E824": HTTPStatus.INSUFFICIENT_STORAGE,
}
_RETRY_AFTER_SECONDS = {"E817": 5, "E818": 10, "E800": 30, "E824": 600}
"""Of errors after which the same request can succeed later, and when to try."""


class JsonResponse(Response):
    """A response of plain JSON; text that is no UTF-8 is escaped."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the JSON."""
        return dump_json(content, separators=(",", ":")).encode()


class ProblemResponse(JsonResponse):
    """A response of problem JSON."""

    media_type = "application/problem+json"


_OF_INPUTS = frozenset({"E311", "E312", "E501", "E502", "E602"})
"""Of errors of a run that what a client sent can cause before it: files and models that are missing or invalid."""


def find_status(error: StudioError) -> int:
    """Return the HTTP status of an error."""
    if error.code in _STATUS and not isinstance(error, GraphError):
        return _STATUS[error.code]
    return 422 if isinstance(error, GraphError | UsageError) or error.code in _OF_INPUTS else 500


def find_retry(error: StudioError) -> dict[str, str]:
    """Return the header that says when to try again, or none."""
    seconds = _RETRY_AFTER_SECONDS.get(error.code)
    return {} if seconds is None else {"retry-after": str(seconds)}


def create_problem(
    error: StudioError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> ProblemResponse:
    """Return the response to a request that ends with an error."""
    problem = describe_problem(error, status)
    number = int(problem["status"])
    more = {**find_retry(error), **(headers or {})}
    if number == HTTPStatus.UNAUTHORIZED:
        more["www-authenticate"] = "Bearer"
    return ProblemResponse(problem, number, more)


def describe_problem(error: StudioError, status: int | None = None) -> dict[str, Any]:
    """Return an error as problem JSON; its status is that of the error if none is given."""
    number = find_status(error) if status is None else status
    row = describe_error(error)
    row["retry"] |= error.code in _RETRY_AFTER_SECONDS
    return {
        "type": f"urn:studio:error:{error.code}",
        "title": HTTPStatus(number).phrase,
        "status": number,
        "detail": row.pop("message"),
        **row,
    }
