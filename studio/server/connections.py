"""`Connection`: a connection of a client, which is closed if its request does not arrive."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEADER_SECONDS = 20.0
"""How long a client may take for the first line and the headers of a request."""

BODY_SECONDS = 5.0
"""How long a client may go on with the body of a request that is answered already; it reads the answer meanwhile."""


WRITE_SECONDS = 60.0
"""How long a client may read nothing of what waits for it."""


class WriteLimit:
    """Cuts a connection off whose client does not read: nothing may wait for it without end."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _write_timer: asyncio.TimerHandle | None = None

    def watch_writing(self) -> None:
        """Begin to wait: the client is behind with reading."""
        self._write_timer = self._write_timer or self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def stop_watching_writing(self) -> None:
        """Wait no longer: the client has read, or has gone."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


class Connection(WriteLimit, H11Protocol):
    """A connection whose client must send each request's headers, and the body of an answered one, in bounded times."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_watching()
        self.stop_watching_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for a client that is behind with reading, for a bounded time."""
        self.watch_writing()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self.stop_watching_writing()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._header_timer is None:
            self._watch_headers()

    def on_response_complete(self) -> None:
        """Wait for the rest of the request, if it is answered before it has arrived whole."""
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(BODY_SECONDS, self._give_up_body, self.cycle)
        super().on_response_complete()

    def _give_up_body(self, cycle: RequestResponseCycle) -> None:
        if self.cycle is cycle and self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self.transport.close()

    def _watch_headers(self) -> None:
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop_watching(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _give_up(self) -> None:
        self._header_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
