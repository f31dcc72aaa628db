"""Clients that send nothing, or too slowly, do not hold connections."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk


def connect(desk: Desk) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", desk.server.port), timeout=PATIENCE_SECONDS)


def is_cut_off(client: socket.socket) -> bool:
    """Wait until something comes; return whether it is the end. What the server has not read resets a connection."""
    try:
        return client.recv(100) == b""
    except ConnectionError:
        return True


def read_refusal(client: socket.socket) -> None:
    """Read the answer to a request without a token."""
    got = b""
    while not got.endswith(b"}"):
        got += client.recv(4096)
    assert got.startswith(b"HTTP/1.1 401")


def test_a_client_that_does_not_end_its_headers_is_cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.connections.HEADER_SECONDS", 0.1)
    for sent in (b"", b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\nx-a: b"):
        with connect(desk) as client:
            with contextlib.suppress(ConnectionError):  # it may have been cut off before
                client.sendall(sent)

            assert is_cut_off(client)


def test_a_client_that_does_not_end_the_body_of_an_answered_request_is_cut_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.connections.BODY_SECONDS", 0.2)
    desk.parts.tokens.add("ada", Scope.RUN)
    head = b"POST /x HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n"
    with connect(desk) as slow, connect(desk) as whole:
        for client, length in ((whole, 1), (slow, 10)):
            client.sendall(head % length + b"x")  # at once: the one that is whole is not cut off by chance
            read_refusal(client)

        assert is_cut_off(slow)
        whole.sendall(head % 0)
        read_refusal(whole)


def test_a_connection_answers_one_request_after_the_other(desk: Desk) -> None:
    with connect(desk) as client, client.makefile("rb") as answers:
        for _ in range(3):
            client.sendall(b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            assert answers.readline().startswith(b"HTTP/1.1 200")
            while answers.readline().strip():
                pass
            assert answers.read(len('{"live":true}')) == b'{"live":true}'


def test_a_body_that_does_not_arrive_is_a_problem(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.body._PATIENCE_SECONDS", 0.1)
    with connect(desk) as client:
        client.sendall(b"POST /api/v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{")

        assert client.recv(4096).startswith(b"HTTP/1.1 408")
    assert list((desk.folder / "data" / "files").iterdir()) == []


def test_requests_beyond_the_limit_are_told_to_come_again(
    start: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.guard._MOST_REQUESTS", 1)
    desk = start()

    with desk.client.stream("GET", "/api/v1/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        refused = desk.client.get("/v1/models"), desk.client.get("/api/v1/jobs")

    assert [one.status_code for one in refused] == [429, 429]
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert refused[0].json()["error"]["code"] == refused[1].json()["code"] == "E817"


def test_clients_without_a_token_take_no_room_from_those_with_one(
    start: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.guard._MOST_REQUESTS", 1)
    monkeypatch.setattr("studio.server.routes.session._BODY_SECONDS", 0.5)
    desk = start()
    begun = time.monotonic()
    with connect(desk) as client:
        client.sendall(b"POST /api/v1/session HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4000\r\n\r\n{")
        assert desk.client.get("/api/v1/jobs").status_code == 200

        client.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < begun + PATIENCE_SECONDS:
            with contextlib.suppress(TimeoutError):
                answer = client.recv(4096)
            if not answer:
                client.sendall(b" ")

    assert answer.startswith(b"HTTP/1.1 408")
