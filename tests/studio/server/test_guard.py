"""The guard looks at the tokens of requests, also while they run."""

from __future__ import annotations

import threading

import pytest
from fakes import graph

from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk

WAIT = graph(
    {"a": ("fake.wait", {"gate": "gate", "a": 16, "cautious": True}), "b": ("fake.image", {"side": "@a"})}, picture="b"
)


def add(desk: Desk, name: str) -> dict[str, str]:
    """Add a token, and return the header that shows it."""
    return {"authorization": f"Bearer {desk.parts.tokens.add(name, Scope.RUN)}"}


def test_requests_of_a_removed_token_end_at_every_face(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.guard.SECONDS_BETWEEN_CHECKS", 0.05)
    ada, bo = add(desk, "ada"), add(desk, "bo")
    desk.write_graph("wait", WAIT)
    made = desk.client.post("/v1/predictions", json={"version": "wait", "input": {}}, headers=ada).json()
    asked = {"model": "wait", "prompt": "a tree", "stream": True}
    ways = [
        ("GET", "/api/v1/events", {}),
        ("GET", f"/v1/predictions/{made['id']}/stream", {}),
        ("POST", "/v1/images/generations", {"json": asked}),
    ]
    ended: dict[str, str] = {}

    def follow(method: str, path: str, more: dict[str, object]) -> None:
        with desk.client.stream(method, path, headers=ada, **more) as stream:  # type: ignore[arg-type]
            begun.release()
            ended[path] = stream.read().decode()

    begun = threading.Semaphore(0)
    threads = [threading.Thread(target=follow, args=way) for way in ways]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=PATIENCE_SECONDS)
    desk.probe.wait_for("gate")
    desk.parts.tokens.remove("ada")
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert ended.keys() == {path for _, path, _ in ways}
    assert not any("event: done" in text or "event: error" in text for text in ended.values())
    assert desk.client.get("/api/v1/session", headers=bo).status_code == 200


def test_a_request_that_waits_is_refused_when_its_token_is_removed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.guard.SECONDS_BETWEEN_CHECKS", 0.05)
    ada, bo = add(desk, "ada"), add(desk, "bo")
    desk.write_graph("wait", WAIT)

    def remove() -> None:
        desk.probe.wait_for("gate")
        desk.parts.tokens.remove("ada")

    thread = threading.Thread(target=remove)
    thread.start()
    answer = desk.client.post("/v1/images/generations", json={"model": "wait", "prompt": "a tree"}, headers=ada)
    thread.join()
    desk.client.headers.update(bo)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "E805")
