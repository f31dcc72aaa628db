"""What tokens may use: priorities, places in the queue, bytes of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes import graph

from studio.errors import UsageError
from studio.server.token_store import Scope, TokenLimits
from tests.studio.server.conftest import Desk

WAIT = graph({"a": ("fake.wait", {"gate": "gate", "cautious": True})}, number="a")


def add(desk: Desk, name: str, *limits: Any, scope: Scope = Scope.RUN) -> dict[str, str]:
    """Add a token, and return the header that shows it."""
    secret = desk.parts.tokens.add(name, scope, TokenLimits(*limits) if limits else None)
    return {"authorization": f"Bearer {secret}"}


def send(desk: Desk, auth: dict[str, str], **more: Any) -> tuple[int, str]:
    """Submit a job, and return the status and the code of the answer."""
    response = desk.client.post("/api/v1/jobs", json={"graph": WAIT, **more}, headers=auth)
    return response.status_code, response.json().get("code", "")


def test_a_priority_is_for_those_who_may_use_it(desk: Desk) -> None:
    usual, raised, admin = add(desk, "ada"), add(desk, "bo", 5, 7), add(desk, "root", scope=Scope.ADMIN)

    assert send(desk, usual, priority=1) == send(desk, raised, priority=8) == (403, "E806")
    assert send(desk, usual, priority=-5) == send(desk, raised, priority=7) == (201, "")
    assert send(desk, admin, priority=100) == (201, "")


def test_one_token_does_not_fill_the_queue(desk: Desk) -> None:
    small, other = add(desk, "ada", 2, 0), add(desk, "bo")
    desk.client.post("/api/v1/jobs", json={"graph": WAIT}, headers=other)
    desk.probe.wait_for("gate")

    assert [send(desk, small, metadata={"n": n})[0] for n in range(3)] == [201, 201, 429]
    assert send(desk, other) == (201, "")


def test_a_job_that_is_run_again_needs_room_as_a_new_one_does(start: Callable[..., Desk]) -> None:
    desk = start(most_queued=2)
    small, other = add(desk, "ada", 1, 0, 1000), add(desk, "bo")
    desk.submit(WAIT, other)
    desk.probe.wait_for("gate")
    ids = []
    for header in (small, small, other):
        ids.append(desk.submit(WAIT, header)["id"])
        assert desk.client.post(f"/api/v1/jobs/{ids[-1]}/cancel", headers=header).status_code == 200

    def retry(number: int, header: dict[str, str]) -> tuple[int, str]:
        response = desk.client.post(f"/api/v1/jobs/{ids[number]}/retry", headers=header)
        return response.status_code, response.json().get("code", "")

    assert retry(0, small) == (200, "")
    assert retry(0, small) == (409, "E813")
    assert retry(1, small) == (429, "E817")
    desk.submit(WAIT, other)
    assert retry(2, other) == (429, "E817")
    desk.client.post("/api/v1/files", content=bytes(900), headers=small)
    desk.parts.tokens.remove("ada")
    assert retry(1, add(desk, "ada", None, 0, 800)) == (507, "E824")


def test_files_of_a_token_take_no_more_than_they_may(desk: Desk) -> None:
    auth, other = add(desk, "ada", None, 0, 1000), add(desk, "bo")

    def upload(size: int, header: dict[str, str]) -> tuple[int, str]:
        response = desk.client.post("/api/v1/files", content=bytes(size), headers=header)
        return response.status_code, response.json().get("code", "")

    assert upload(900, auth) == (201, "")
    assert upload(200, auth) == (507, "E824")
    assert upload(2000, other) == (201, "")
    assert upload(90, auth) == (201, "")
    desk.parts.tokens.remove("ada")
    again = add(desk, "ada", None, 0, 900)
    response = desk.client.post("/api/v1/jobs", json={"graph": WAIT}, headers=again)
    assert (response.status_code, response.json()["retry"]) == (507, True)


def test_what_is_sent_at_once_counts_while_it_arrives(start: Callable[..., Desk]) -> None:
    desk = start(most_stored_bytes=20 * 2**20)
    auth = add(desk, "ada", None, 0, 10 * 2**20)
    files = desk.parts.files
    first, second, other = (files.open_upload(name) for name in ("ada", "ada", "bo"))

    first.write(bytes(6 * 2**20))
    with pytest.raises(UsageError, match="E824"):
        second.write(bytes(6 * 2**20))
    second.close()
    other.write(bytes(12 * 2**20))
    with pytest.raises(UsageError, match="E824"):
        other.write(bytes(5 * 2**20))
    other.close()
    response = desk.client.post("/api/v1/files", content=iter([bytes(5 * 2**20)]), headers=auth)
    first.finish()

    assert (response.status_code, response.json()["code"]) == (507, "E824")
    assert files.count_bytes("ada") == 6 * 2**20
    assert len(list(files.folder.iterdir())) == 1
