"""`Connection`: a connection of a client, which is closed if its request does not arrive."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEADER_SECONDS = 20.0
"""How long a client may take for the first line and the headers of a request."""

BODY_SECONDS = 5.0
"""How long a client may go on with the body of a request that is answered already; it reads the answer meanwhile."""


class Connection(H11Protocol):
    """A connection whose client must send each request's headers, and the body of an answered one, in bounded times."""

    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_watching()
        super().connection_lost(exc)

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
