"""A request of a webhook ends when it is told to, whatever its receiver does."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from studio.server.webhooks.address import Target
from studio.server.webhooks.request import WebhookRequest


def test_a_request_is_ended_while_it_shakes_hands() -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        request = WebhookRequest(Target("https", "example.org", receiver.getsockname()[1], "/", "127.0.0.1"), 5.0)

        def abort() -> None:
            connection, _ = receiver.accept()
            with connection:
                connection.recv(1)  # of the hello
                request.abort()
                ended.wait(10)

        thread = threading.Thread(target=abort)
        begun = time.monotonic()
        thread.start()
        with pytest.raises(OSError):
            request.send({}, b"{}")
        took = time.monotonic() - begun
        ended.set()
        thread.join()

    assert took < 4


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
