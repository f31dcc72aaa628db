"""`SocketConnection`: a WebSocket of a client, which is closed if the client does not read."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from studio.server.connections import WriteLimit


class SocketConnection(WriteLimit, WebSocketsSansIOProtocol):
    """A WebSocket whose client must read what is sent, in a bounded time."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
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
