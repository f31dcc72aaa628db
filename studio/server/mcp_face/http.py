"""`McpEndpoint`: the Model Context Protocol over HTTP; its library is loaded by the first request."""

from __future__ import annotations

import asyncio
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from studio.errors import RunError
from studio.server import guard
from studio.server.body import limit_body
from studio.server.parts import Parts, find_token
from studio.server.problem import create_problem
from studio.server.token_store import Token

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

_MOST_SESSIONS = 200  # of each token
_MOST_BODY_BYTES = 4 * 2**20  # the library parses it while no other request is answered


class McpEndpoint:
    """Answers the requests of one address. `close` ends all sessions.

    The sessions of each token are its own: other tokens do not find them, and leave them their room.

    Args:
        parts: The parts of the server.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._starting = asyncio.Lock()
        self._managers: dict[Token | None, tuple[StreamableHTTPSessionManager, asyncio.Task[None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        parts.on_close.append(self.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if find_spec("mcp") is None:
            message, hint = "this address needs mcp, which is not installed", "pip install 'studio[mcp]'"
            await create_problem(RunError("E802", message, hint=hint))(scope, receive, send)
            return
        request = Request(scope, receive)
        token = find_token(request)
        try:
            body = await limit_body(request, _find_limit(self._parts)).body()
        except ClientDisconnect:
            return
        async with self._starting:
            if token not in self._managers:
                self._managers[token] = await self._start()
            manager = self._managers[token][0]
        await manager.handle_request(scope, _replay(body, receive), send)

    def close(self) -> None:
        """End all sessions."""
        if self._timer is not None:
            self._timer.cancel()
        for _, task in self._managers.values():
            task.cancel()

    def _check_tokens(self) -> None:
        """End the sessions of removed tokens, with the calls that run in them."""
        has = self._parts.tokens.has
        for token in [token for token in self._managers if token is not None and not has(token)]:
            self._managers.pop(token)[1].cancel()
        self._timer = asyncio.get_running_loop().call_later(guard.SECONDS_BETWEEN_CHECKS, self._check_tokens)

    async def _start(self) -> tuple[StreamableHTTPSessionManager, asyncio.Task[None]]:
        manager = await asyncio.to_thread(_create_manager, self._parts)
        ready = asyncio.Event()

        async def run() -> None:
            async with manager.run():
                ready.set()
                await asyncio.Event().wait()  # until it is cancelled

        task = asyncio.create_task(run())
        await ready.wait()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(guard.SECONDS_BETWEEN_CHECKS, self._check_tokens)
        return manager, task


def _find_limit(parts: Parts) -> int:
    return min(_MOST_BODY_BYTES, parts.studio.settings.max_graph_bytes)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what receives a body that is read already, and then what is left: that the client has gone."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


def _create_manager(parts: Parts) -> StreamableHTTPSessionManager:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from studio.server.mcp_face.face import create_mcp_server

    logging.getLogger("mcp").setLevel(logging.WARNING)
    return StreamableHTTPSessionManager(
        create_mcp_server(parts), max_request_body_size=_find_limit(parts), max_sessions=_MOST_SESSIONS
    )
