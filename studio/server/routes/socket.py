"""`/api/v1/ws`: one WebSocket with the events of several jobs, for clients that cannot read server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from studio.errors import StudioError, UsageError
from studio.server.event_stream import follow_all, follow_job
from studio.server.parts import Parts
from studio.server.problem import describe_problem
from studio.surrogates import dump_json

MOST_MESSAGE_BYTES = 4096
"""Of a message that a client sends."""

_MOST_STREAMS = 64
_MOST_FAULTS = 20
_ALL = ""
_HINT = 'send {"follow": "job-..."}, {"follow": null} for all jobs, or {"leave": "job-..."}'


def create_router(parts: Parts) -> APIRouter:
    """Return the route."""
    router = APIRouter()

    @router.websocket("/ws")
    async def answer(socket: WebSocket) -> None:
        await socket.accept()
        await _Session(parts, socket).run()

    return router


class _Session:
    """One socket: it follows what its client asks for."""

    def __init__(self, parts: Parts, socket: WebSocket) -> None:
        self._parts = parts
        self._socket = socket
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._faults = 0

    async def run(self) -> None:
        """Answer the client until it has gone, or has sent too much that is wrong."""
        try:
            while self._faults < _MOST_FAULTS:
                await self._take(await self._socket.receive())
            await self._socket.close(1008)
        except (WebSocketDisconnect, RuntimeError):  # what it sent last may have ended the socket
            pass
        finally:
            for task in self._streams.values():
                task.cancel()

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            wanted, name, last = _parse_message(message.get("text"))
            old = self._streams.pop(name, None)
            if old is not None:
                old.cancel()
            if wanted == "follow":
                await self._follow(name, last)
        except StudioError as error:
            self._faults += 1
            await self._send({"error": describe_problem(error)})

    async def _follow(self, name: str, last: str | None) -> None:
        self._streams = {key: task for key, task in self._streams.items() if not task.done()}
        if len(self._streams) >= _MOST_STREAMS:
            raise UsageError("E809", f"{_MOST_STREAMS} streams are followed", hint="leave one of them first")
        parts, socket = self._parts, self._socket
        events = await follow_job(parts, socket, name, last) if name != _ALL else follow_all(parts, socket, last)
        self._streams[name] = asyncio.create_task(self._send_events(name, events))

    async def _send_events(self, name: str, events: AsyncGenerator[bytes] | None) -> None:
        """Send the events of a stream, and say when it ends."""
        shown = name or None
        try:
            async with contextlib.aclosing(events or _nothing()) as chunks:  # it counts as a watcher until it is closed
                async for chunk in chunks:
                    await self._send_chunk(shown, chunk)
            await self._send({"of": shown, "event": "end"})
        except StudioError as error:  # the job was forgotten meanwhile
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._send({"of": shown, "error": describe_problem(error)})
        except (WebSocketDisconnect, RuntimeError):  # the client has gone; the other task ends
            return

    async def _send_chunk(self, shown: str | None, chunk: bytes) -> None:
        for text in chunk.decode().split("\n\n"):
            if text and not text.startswith(":"):
                await self._socket.send_text(_write_message(shown, text))

    async def _send(self, row: dict[str, Any]) -> None:
        await self._socket.send_text(dump_json(row, separators=(",", ":")))


async def _nothing() -> AsyncGenerator[bytes]:
    return
    yield b""


def _write_message(name: str | None, text: str) -> str:
    """Return an event that was written for a stream of server-sent events as a message."""
    # `splitlines` would also split at U+2028 and others, which JSON contains as they are
    rows = dict(line.split(": ", 1) for line in text.split("\n") if line)
    return (
        f'{{"of":{dump_json(name)},"id":{dump_json(rows["id"])},"event":{dump_json(rows["event"])},'
        f'"data":{rows["data"]}}}'
    )


def _parse_message(text: Any) -> tuple[str, str, str | None]:
    """Return "follow" or "leave", the job or "" for all, and the last event that was seen.

    Raises:
        UsageError: E809 for a message that says neither.
    """
    try:
        row = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        row = None
    wanted = [key for key in ("follow", "leave") if isinstance(row, dict) and key in row]
    if not isinstance(row, dict) or len(wanted) != 1 or row.keys() - {*wanted, "last_event_id"}:
        raise UsageError("E809", "invalid message", hint=_HINT)
    name, last = row[wanted[0]], row.get("last_event_id")
    if not (name is None or (isinstance(name, str) and name)) or not (last is None or isinstance(last, str)):
        raise UsageError("E809", "invalid message", hint=_HINT)
    return wanted[0], name or _ALL, last
