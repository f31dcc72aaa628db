"""The WebSocket: the events of `/events`, for whom it is, and what clients may send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes import graph
from starlette.websockets import WebSocketDisconnect

from studio.errors import UsageError
from studio.server.connections import WriteLimit
from studio.server.event_log import write_event
from studio.server.routes.socket import _Session, _write_message
from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk
from tests.studio.server.routes.test_events import follow

pytest.importorskip("websockets", reason="websockets is not installed")

WAIT = graph({"n": ("fake.add", {"a": 1}), "a": ("fake.wait", {"gate": "gate", "a": "@n", "cautious": True})}, x="a")
ADD = graph({"a": ("fake.add", {"a": 1})}, number="a")


def connect(desk: Desk, **headers: str) -> Any:
    """Open a WebSocket."""
    from websockets.sync.client import connect as open_socket

    url = desk.server.url.replace("http", "ws") + "/api/v1/ws"
    origin: Any = headers.pop("origin", None)
    return open_socket(url, additional_headers=headers, origin=origin, open_timeout=PATIENCE_SECONDS)


def read(client: Any) -> dict[str, Any]:
    """Return the next message."""
    row: dict[str, Any] = json.loads(client.recv(timeout=PATIENCE_SECONDS))
    return row


def read_to_end(client: Any) -> list[dict[str, Any]]:
    """Return messages up to the end of a stream."""
    found = [read(client)]
    while found[-1]["event"] != "end":
        found.append(read(client))
    return found


def find_close_code(client: Any) -> int | None:
    """Read all that a socket has, and return why the server closed it."""
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        for _ in client:
            pass
    code: int | None = client.close_code
    return code


def test_a_socket_has_the_events_of_the_stream(desk: Desk) -> None:
    job = desk.submit(WAIT)
    desk.probe.wait_for("gate")
    with connect(desk) as client:
        client.send(json.dumps({"follow": job["id"]}))
        first = read(client)
        desk.probe.open("gate")
        rest = read_to_end(client)
        seen = follow(desk, f"/api/v1/jobs/{job['id']}/events", last=first["id"])
        client.send(json.dumps({"follow": job["id"], "last_event_id": rest[-2]["id"]}))
        nothing = read(client)

    assert (first["of"], first["event"], first["data"]["state"]) == (job["id"], "snapshot", "running")
    assert [(row["id"], row["event"], row["data"]) for row in rest[:-1]] == seen
    assert nothing == rest[-1] == {"of": job["id"], "event": "end"}


def test_one_socket_follows_all_jobs_and_one_job_until_it_leaves(desk: Desk) -> None:
    with connect(desk) as client:
        client.send('{"follow": null}')
        assert read(client)["event"] == "snapshot"
        job = desk.run(ADD)
        states = [read(client) for _ in range(3)]
        client.send('{"leave": null}')
        client.send(json.dumps({"follow": job["id"]}))
        next_ = read(client)

    assert [row["data"]["state"] for row in states] == ["queued", "running", "succeeded"]
    assert {row["of"] for row in states} == {None}
    assert (next_["of"], next_["data"]["state"]) == (job["id"], "succeeded")


def test_what_a_client_sends_wrong_is_told_and_too_much_of_it_ends_the_socket(desk: Desk) -> None:
    wrong: list[Any] = ["", "null", "[]", "{", '{"follow": 1}', '{"follow": ""}', '{"follow": null, "leave": null}']
    wrong += ['{"x": 1}', '{"follow": null, "last_event_id": 3}', "[" * 4000, b"\x00", '{"follow": "job-0"}']
    with connect(desk) as client:
        codes = []
        for text in wrong:
            client.send(text)
            codes.append(read(client)["error"]["code"])
        for _ in range(8):
            client.send("{")
        code = find_close_code(client)

    assert codes == [*["E809"] * 11, "E811"]
    assert code == 1008


def test_a_message_that_is_too_long_ends_the_socket(desk: Desk) -> None:
    with connect(desk) as client:
        client.send("x" * 5000)

        assert find_close_code(client) == 1009


def test_pages_of_other_sites_and_clients_without_a_token_are_refused(desk: Desk) -> None:
    from websockets.exceptions import InvalidStatus

    def find_status(**headers: str) -> int:
        with pytest.raises(InvalidStatus) as refused:
            connect(desk, **headers)
        return int(refused.value.response.status_code)

    with connect(desk, origin=desk.server.url):
        pass
    assert find_status(origin="http://evil.example") == 403
    secret = desk.parts.tokens.add("ada", Scope.RUN)
    other = desk.submit(ADD, headers={"authorization": f"Bearer {desk.parts.tokens.add('bo', Scope.RUN)}"})
    assert find_status() == find_status(authorization="Bearer wrong") == 401
    with connect(desk, authorization=f"Bearer {secret}") as client:
        client.send(json.dumps({"follow": other["id"]}))
        assert read(client)["error"]["code"] == "E811"
    with connect(desk, cookie=f"studio_token={secret}", origin=desk.server.url) as client:
        client.send('{"follow": null}')
        assert read(client)["data"] == {"jobs": []}


def test_a_socket_ends_when_its_token_is_removed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.guard.SECONDS_BETWEEN_CHECKS", 0.05)
    secret = desk.parts.tokens.add("ada", Scope.RUN)
    desk.parts.tokens.add("bo", Scope.RUN)
    with connect(desk, authorization=f"Bearer {secret}") as client:
        client.send('{"follow": null}')
        read(client)
        desk.parts.tokens.remove("ada")

        assert find_close_code(client) == 1008


def open_connection(desk: Desk) -> socket.socket:
    """Open a connection whose buffers are small."""
    desk.server._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE_SECONDS)
    client.connect(("127.0.0.1", desk.server.port))
    return client


def open_raw(desk: Desk) -> socket.socket:
    """Open a WebSocket by hand."""
    client = open_connection(desk)
    lines = ["GET /api/v1/ws HTTP/1.1", "host: 127.0.0.1", "connection: upgrade", "upgrade: websocket"]
    lines += ["sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="]
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return client


def open_socket(desk: Desk) -> socket.socket:
    """Open a WebSocket by hand, and read the server's answer: frames that come before it are no part of the socket."""
    client = open_raw(desk)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        received = client.recv(1)
        assert received, answer
        answer += received
    assert answer.startswith(b"HTTP/1.1 101")
    return client


def test_random_bytes_end_a_socket_and_nothing_else(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    dice = random.Random(5)
    for _ in range(300):
        with open_raw(desk) as client:
            client.sendall(dice.randbytes(dice.randint(1, 200)))

    assert desk.client.get("/health/live").status_code == 200
    with connect(desk) as client:
        client.send('{"follow": null}')
        assert read(client)["event"] == "snapshot"
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []


def test_values_with_unusual_ends_of_lines_reach_a_message_as_they_are() -> None:
    row = {"text": "a\u2028b\x85c\u2029d\re"}

    message = json.loads(_write_message("job-1", write_event("node", row, 3).decode().strip("\n")))

    assert (message["of"], message["event"], message["data"]) == ("job-1", "node", row)


@pytest.mark.parametrize("has_gone", [False, True])
def test_a_client_is_told_of_a_job_that_is_forgotten_while_it_follows(has_gone: bool) -> None:
    sent: list[dict[str, Any]] = []

    class Client:
        async def send_text(self, text: str) -> None:
            if has_gone:
                raise WebSocketDisconnect
            sent.append(json.loads(text))

    async def lose() -> AsyncIterator[bytes]:
        raise UsageError("E811", "there is no job 'job-1'")
        yield b""

    session: Any = _Session(None, Client())  # type: ignore[arg-type]
    asyncio.run(session._send_events("job-1", lose()))

    assert [(row["of"], row["error"]["code"]) for row in sent] == ([] if has_gone else [("job-1", "E811")])


def watch_without_reading(desk: Desk, face: str) -> socket.socket:
    """Follow all jobs over a connection from which nothing is read."""
    if face == "stream":
        client = open_connection(desk)
        client.sendall(b"GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    else:
        client = open_socket(desk)
        message = b'{"follow": null}'
        client.sendall(b"\x81" + bytes([0x80 | len(message)]) + bytes(4) + message)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not desk.parts.logs.all_jobs.watchers:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return client


@pytest.mark.parametrize("face", ["stream", "socket"])
def test_a_watcher_that_does_not_read_is_dropped(desk: Desk, monkeypatch: pytest.MonkeyPatch, face: str) -> None:
    monkeypatch.setattr("studio.server.connections.WRITE_SECONDS", 0.2)
    log = desk.parts.logs.all_jobs
    with watch_without_reading(desk, face):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while log.watchers:
            assert time.monotonic() < deadline
            log.add("job", {"text": "x" * 20_000})
            time.sleep(0.005)

    assert desk.client.get("/health/live").status_code == 200


@pytest.mark.parametrize("face", ["stream", "socket"])
def test_a_watcher_that_does_not_read_takes_little_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, face: str
) -> None:
    behind: list[Any] = []
    monkeypatch.setattr("studio.server.connections.WRITE_SECONDS", 10 * PATIENCE_SECONDS)
    monkeypatch.setattr(WriteLimit, "watch_writing", lambda connection: behind.append(connection))
    log = desk.parts.logs.all_jobs
    with watch_without_reading(desk, face):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not behind:
            assert time.monotonic() < deadline
            log.add("job", {"text": "x" * 20_000})
            time.sleep(0.005)
        for _ in range(500):
            log.add("job", {"text": "x" * 20_000})
        assert desk.client.get("/health/live").status_code == 200  # after it the watcher was woken
        waiting = behind[0].transport.get_write_buffer_size()

    assert 0 < waiting <= 3 * 2**20  # of more than 10 MB: what the log holds, once or twice


def test_huge_and_broken_frames_end_a_socket_and_nothing_else(desk: Desk) -> None:
    huge = b"\x81\xff" + (2**62).to_bytes(8, "big") + bytes(4) + b"x" * 65536
    unmasked, reserved, bad_text = b"\x81\x02{}", b"\xf1\x80" + bytes(4), b"\x81\x82" + bytes(4) + b"\xff\xfe"
    endless = (b"\x01\xfe\x08\x00" + bytes(4) + b"[" * 2048) + (b"\x00\xfe\x08\x00" + bytes(4) + b"[" * 2048) * 20
    for frames in (huge, unmasked, reserved, bad_text, endless):
        with open_socket(desk) as client, contextlib.suppress(ConnectionError):
            client.sendall(frames)
            while client.recv(4096):  # until the server has closed it
                pass

    assert desk.client.get("/health/live").status_code == 200
    assert desk.parts.logs.count_watchers() == 0
