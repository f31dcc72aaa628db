"""Messages reach a receiver that checks them with the library of Standard Webhooks, and are sent again."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk

standardwebhooks = pytest.importorskip("standardwebhooks", reason="standardwebhooks is not installed")

PAINT = {"nodes": {"a": {"type": "fake.image", "inputs": {}}}, "outputs": {"picture": {"from": "a"}}}
FAIL = {"nodes": {"a": {"type": "fake.fail", "inputs": {}}}, "outputs": {"x": {"from": "a"}}}


class Receiver:
    """A server that answers as it is told, and keeps what it gets."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.gate = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/slow":
                    receiver.gate.wait(PATIENCE_SECONDS)
                receiver.got.append((dict(self.headers), body))
                status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def close(self) -> None:
        """End it."""
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver."""
    made = Receiver()
    yield made
    made.close()


def wait_for(desk: Desk, job: dict[str, Any], state: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait until messages of a job are in a state, and return them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: list[dict[str, Any]] = desk.show(job)["webhook"]["deliveries"]
        if [one["state"] for one in found] == [state] * count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def test_a_message_is_signed_and_comes_again_until_it_is_taken(start: Callable[..., Desk], receiver: Receiver) -> None:
    desk = start(webhook_hosts=("127.0.0.1",), webhook_delays=(0.01, 0.01))
    receiver.answers = [(500, {}), (302, {"location": "http://127.0.0.1:1/"})]

    job = desk.submit({"studio": 1, **PAINT}, webhook={"url": f"{receiver.url}?key=hidden"}, metadata={"shot": 7})
    [delivery] = wait_for(desk, job, "delivered")
    secret = desk.client.get("/api/v1/webhooks/secret").json()["key"]
    checked = [standardwebhooks.Webhook(secret).verify(body, headers) for headers, body in receiver.got]

    assert (delivery["attempts"], delivery["status"], delivery["error"]) == (3, 204, "")
    assert len(checked) == 3
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {delivery["id"]}
    assert checked[0] == checked[1] == checked[2]
    assert (checked[0]["type"], checked[0]["data"]["id"]) == ("job.succeeded", job["id"])
    assert checked[0]["data"]["metadata"] == {"shot": 7}
    assert checked[0]["data"]["outputs"][0]["url"].startswith("/api/v1/files/blake3:")
    assert desk.show(job)["webhook"]["url"] == receiver.url
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook("whsec_" + "A" * 44).verify(receiver.got[0][1], receiver.got[0][0])


def test_failures_are_told_too_and_a_message_is_given_up(
    start: Callable[..., Desk], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    desk = start(webhook_hosts=("127.0.0.1",), webhook_delays=(0.01,))
    caplog.set_level(logging.INFO, "studio.server")
    receiver.answers = [(503, {}), (302, {})]

    job = desk.submit({"studio": 1, **FAIL}, webhook={"url": receiver.url})
    [given_up] = wait_for(desk, job, "failed")
    receiver.answers = [(410, {})]
    both = desk.submit({"studio": 1, **FAIL}, webhook={"url": receiver.url, "events": ["started", "ended"]})
    deadline = time.monotonic() + PATIENCE_SECONDS
    given_up_line = f"webhook {given_up['id']} of job {job['id']}: failed, redirects are not followed"
    while (len(receiver.got) < 4 or given_up_line not in caplog.text) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert (given_up["attempts"], given_up["status"]) == (2, 302)
    assert given_up["error"] == "redirects are not followed"
    assert b'"job.failed"' in receiver.got[0][1]
    kinds = {one["event"]: one["state"] for one in desk.show(both)["webhook"]["deliveries"]}
    assert kinds.keys() == {"started", "ended"}
    assert given_up_line in caplog.text


def test_messages_of_an_ended_server_are_sent_by_the_next(start: Callable[..., Desk], receiver: Receiver) -> None:
    desk = start(webhook_hosts=("127.0.0.1",), webhook_delays=(2.0,))
    receiver.answers = [(500, {})]
    job = desk.submit({"studio": 1, **PAINT}, webhook={"url": receiver.url})
    desk.wait(job)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not receiver.got and time.monotonic() < deadline:
        time.sleep(0.01)

    desk.restart()
    [delivery] = wait_for(desk, job, "delivered")

    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert delivery["status"] == 204


def test_messages_of_a_token_do_not_wait_for_those_of_another(start: Callable[..., Desk], receiver: Receiver) -> None:
    desk = start(webhook_hosts=("127.0.0.1",))
    ada, bob = ({"authorization": f"Bearer {desk.parts.tokens.add(name, Scope.RUN)}"} for name in ("ada", "bob"))
    slow = {"url": receiver.url.replace("/hook", "/slow"), "events": ["started", "ended"]}
    for _ in range(6):
        desk.submit({"studio": 1, **PAINT}, ada, webhook=slow)

    desk.client.headers.update(bob)
    [delivery] = wait_for(desk, desk.submit({"studio": 1, **PAINT}, webhook={"url": receiver.url}), "delivered")

    assert delivery["status"] == 204
    assert len(receiver.got) == 1


def test_what_cannot_be_sent_is_given_up(start: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = start(webhook_delays=(0.01,))
    look_up = socket.getaddrinfo
    faults = {"unknown.example": UnicodeError("label too long"), "bug.example": LookupError("a fault")}

    def fail(host: Any, *given: Any, **more: Any) -> Any:
        if host in faults:
            raise faults[host]
        return look_up(host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    jobs = [desk.submit({"studio": 1, **PAINT}, webhook={"url": f"https://{host}/"}) for host in faults]
    found = [wait_for(desk, job, "failed")[0] for job in jobs]

    assert [one["error"] for one in found] == ["the host is unknown", "a bug in Studio: LookupError"]
    assert [one["attempts"] for one in found] == [2, 1]


def test_a_message_that_cannot_be_written_holds_up_no_other(start: Callable[..., Desk], receiver: Receiver) -> None:
    desk = start(webhook_hosts=("127.0.0.1",))
    wait = {"nodes": {"a": {"type": "fake.wait", "inputs": {"gate": "gate"}}}, "outputs": {"number": {"from": "a"}}}
    odd = desk.submit({"studio": 1, **wait}, webhook={"url": receiver.url})
    with desk.parts.file.transaction() as connection:
        connection.execute("UPDATE webhooks SET form = 'unknown'")
    usual = desk.submit({"studio": 1, **PAINT}, webhook={"url": receiver.url})

    desk.probe.open("gate")
    for job in (usual, odd):
        wait_for(desk, job, "delivered")

    bodies = {headers["webhook-id"]: json.loads(body) for headers, body in receiver.got}
    assert {"id": odd["id"], "event": "ended", "state": "succeeded"} in bodies.values()


def test_a_token_that_may_only_read_does_not_see_where_a_message_goes(desk: Desk) -> None:
    auth = {
        scope: {"authorization": f"Bearer {desk.parts.tokens.add(scope, scope)}"}
        for scope in (Scope.RUN, Scope.READ, Scope.ADMIN)
    }
    webhook = {"url": "https://hooks.invalid:8443/services/secret?key=hidden#part"}
    job = desk.submit({"studio": 1, **PAINT}, auth[Scope.RUN], webhook=webhook)

    for scope, shown in (
        (Scope.RUN, "https://hooks.invalid:8443/services/secret"),
        (Scope.ADMIN, "https://hooks.invalid:8443/services/secret"),
        (Scope.READ, "https://hooks.invalid:8443"),
    ):
        one = desk.client.get(f"/api/v1/jobs/{job['id']}", headers=auth[scope]).json()
        [listed] = desk.client.get("/api/v1/jobs", headers=auth[scope]).json()["jobs"]
        assert one["webhook"]["url"] == listed["webhook"]["url"] == shown
        with desk.client.stream("GET", "/api/v1/events", headers=auth[scope]) as stream:
            lines = stream.iter_lines()
            while not (line := next(lines)).startswith("data: "):
                pass
        assert ("services" in line) == (scope is not Scope.READ)
        with desk.client.stream("GET", f"/api/v1/jobs/{job['id']}/events", headers=auth[scope]) as stream:
            lines = stream.iter_lines()
            while not (line := next(lines)).startswith("data: "):
                pass
        assert ("services" in line) == (scope is not Scope.READ)


def test_each_token_has_a_secret_and_private_addresses_are_refused(desk: Desk) -> None:
    secrets = [desk.parts.tokens.add(name, Scope.RUN) for name in ("ada", "bob")]
    keys = []
    for secret in secrets:
        headers = {"authorization": f"Bearer {secret}"}
        keys.append(desk.client.get("/api/v1/webhooks/secret", headers=headers).json()["key"])
        body = {"graph": {"studio": 1, **PAINT}, "webhook": {"url": "https://169.254.169.254/latest"}}
        refused = desk.client.post("/api/v1/jobs", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "E826")
        body["webhook"] = {"url": "https://example.org", "events": ["never"]}
        assert desk.client.post("/api/v1/jobs", json=body, headers=headers).json()["where"] == "/webhook/events"

    assert keys[0] != keys[1]
    assert all(key.startswith("whsec_") for key in keys)
