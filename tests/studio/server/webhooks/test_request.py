"""A request of a webhook ends when it is told to, whatever its receiver does."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio.server.webhooks.address import Target
from studio.server.webhooks.request import WebhookRequest
from tests.studio.server.conftest import PATIENCE_SECONDS


def test_a_request_is_ended_while_it_shakes_hands() -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        request = WebhookRequest(Target("https", "example.org", receiver.getsockname()[1], "/", "127.0.0.1"), 3600.0)

        def abort() -> None:
            connection, _ = receiver.accept()
            with connection:
                connection.recv(1)  # of the hello
                request.abort()
                ended.wait()

        with ThreadPoolExecutor(2) as pool:
            aborting, sending = pool.submit(abort), pool.submit(request.send, {}, b"{}")
            try:
                error = sending.exception(PATIENCE_SECONDS)
            finally:
                ended.set()
            aborting.result(PATIENCE_SECONDS)

    assert isinstance(error, OSError)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_that_was_ended_before_is_not_sent(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        request = WebhookRequest(Target(scheme, "example.org", receiver.getsockname()[1], "/", "127.0.0.1"), 5.0)
        request.abort()

        with pytest.raises(TimeoutError):
            request.send({}, b"{}")
        connection, _ = receiver.accept()
        with connection:
            assert connection.recv(1) == b""
