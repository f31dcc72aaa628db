"""One request of a webhook: signed, to an address that was checked, within a time, and no redirect is followed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from typing import TypeVar

from studio.server.webhooks.address import Target
from studio.version import VERSION

SECONDS = 20.0
"""How long a request may take in all."""

_PREFIX = "whsec_"
_Socket = TypeVar("_Socket", bound=socket.socket)


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message (Standard Webhooks, version 1)."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def encode_secret(key: bytes) -> str:
    """Return a secret as receivers keep it."""
    return _PREFIX + base64.b64encode(key).decode()


class WebhookRequest:
    """A request that any thread may end.

    Args:
        target: Where it goes.
        seconds: How long it may take in all.
    """

    def __init__(self, target: Target, seconds: float = SECONDS) -> None:
        self._target = target
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._is_over = False

    def send(self, headers: dict[str, str], body: bytes) -> int:
        """Send it and return the status of the answer.

        Raises:
            OSError: It failed, or took too long.
            HTTPException: The answer is none.
        """
        target = self._target
        timer = threading.Timer(self._seconds, self.abort)
        timer.daemon = True
        timer.start()
        try:
            plain = self._keep(socket.create_connection((target.address, target.port), timeout=self._seconds))
            if target.scheme == "https":
                self._keep(_encrypt(plain, target.host)).do_handshake()
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = self._socket
            more = {"user-agent": f"Studio/{VERSION}", "content-type": "application/json", "connection": "close"}
            connection.request("POST", target.path, body, {**more, **headers})
            return connection.getresponse().status
        finally:
            timer.cancel()
            self.abort()
            if self._socket is not None:
                self._socket.close()

    def _keep(self, made: _Socket) -> _Socket:
        """Return a socket, which `abort` ends from now on; one that was made too late is not used."""
        self._socket = made
        if self._is_over:
            raise TimeoutError("timed out")
        return made

    def abort(self) -> None:
        """End it."""
        self._is_over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # that of SSLSocket sends plain text afterwards


def _encrypt(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """Return a socket that has not shaken hands yet."""
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
