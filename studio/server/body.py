"""Reads the bodies of requests: bytes are counted as they arrive, and JSON is as strict as that of graphs."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from studio.errors import UsageError
from studio.graph.parse import parse_json
from studio.runtime.memory import show_bytes

_SHORT_BODY = 16384
_PATIENCE_SECONDS = 60.0


def limit_body(request: Request, most_bytes: int) -> Request:
    """Return a request whose body ends with an error where it is larger.

    Raises:
        UsageError: E808 if it says so in its header.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > most_bytes):
        raise _refuse_size(most_bytes)
    count = 0

    async def receive() -> Message:
        nonlocal count
        try:
            message = await asyncio.wait_for(request.receive(), _PATIENCE_SECONDS)
        except TimeoutError:
            raise _refuse_pause() from None
        count += len(message.get("body", b""))
        if count > most_bytes:
            raise _refuse_size(most_bytes)
        return message

    return Request(request.scope, receive)


async def read_object(request: Request, most_bytes: int, seconds: float | None = None) -> dict[str, Any]:
    """Return the JSON object that a request carries.

    Args:
        request: The request.
        most_bytes: How large it may be.
        seconds: How long all of it may take to arrive; None for as long as some of it arrives.

    Raises:
        UsageError: E808 if it is too large, E809 if it is no object.
        GraphError: It is no JSON, or has a key twice.
    """
    try:
        async with asyncio.timeout(seconds):
            body = await limit_body(request, most_bytes).body()
    except TimeoutError:
        raise _refuse_pause() from None
    value = await run_in_threadpool(parse_json, body) if len(body) > _SHORT_BODY else parse_json(body)
    if not isinstance(value, dict):
        raise UsageError("E809", "the body is not a JSON object", hint='send {"graph": ..., "values": {...}}')
    return value


def _refuse_pause() -> HTTPException:
    return HTTPException(408, "the body does not arrive", {"connection": "close"})


def _refuse_size(most_bytes: int) -> UsageError:
    return UsageError("E808", f"the body has more than {show_bytes(most_bytes)}", hint="send less")
