"""Queued jobs change places."""

from __future__ import annotations

from fakes import graph

from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk

WAIT = graph({"a": ("fake.wait", {"gate": "gate", "cautious": True})}, number="a")
ADD = graph({"a": ("fake.add", {"a": 1})}, number="a")


def list_line(desk: Desk, **headers: str) -> list[str]:
    """Return the titles of queued jobs by their places."""
    jobs = desk.client.get("/api/v1/jobs", params={"state": "queued"}, headers=headers).json()["jobs"]
    return [job["title"] for job in sorted(jobs, key=lambda job: job["place"])]


def test_a_job_moves_by_places_and_stops_at_the_ends(desk: Desk) -> None:
    desk.submit(WAIT)
    desk.probe.wait_for("gate")
    jobs = {name: desk.submit({**ADD, "title": name}, priority=1 if name == "a" else 0) for name in "abcd"}

    def move(name: str, by: int) -> list[str]:
        answer = desk.client.post(f"/api/v1/jobs/{jobs[name]['id']}/move", json={"by": by})
        assert answer.status_code == 200, answer.text
        return list_line(desk)

    assert list_line(desk) == ["a", "b", "c", "d"]
    assert move("c", -1) == ["a", "c", "b", "d"]
    assert move("c", -1) == ["c", "a", "b", "d"]
    assert move("c", -5) == ["c", "a", "b", "d"]
    assert move("c", 99) == ["a", "b", "d", "c"]
    assert move("a", 2) == ["b", "d", "a", "c"]
    assert move("a", -1000) == ["a", "b", "d", "c"]
    bad = [{"by": "x"}, {"by": True}, {}, {"by": 2**40}, {"by": 1001}, {"by": -1001}]
    url = f"/api/v1/jobs/{jobs['a']['id']}/move"
    assert {desk.client.post(url, json=body).json()["code"] for body in bad} == {"E809"}
    desk.probe.open("gate")
    desk.wait(jobs["c"])
    assert desk.client.post(url, json={"by": 1}).json()["code"] == "E813"


def test_a_token_moves_its_jobs_among_its_own_and_forgets_its_own(desk: Desk) -> None:
    auth = {
        name: {"authorization": f"Bearer {desk.parts.tokens.add(name, scope)}"}
        for name, scope in {"ada": Scope.RUN, "bo": Scope.RUN, "root": Scope.ADMIN}.items()
    }
    desk.submit(WAIT, headers=auth["root"])
    desk.probe.wait_for("gate")
    desk.submit({**ADD, "title": "a1"}, headers=auth["ada"])
    desk.submit({**ADD, "title": "b1"}, headers=auth["bo"])
    last = desk.submit({**ADD, "title": "a2"}, headers=auth["ada"])

    desk.client.post(f"/api/v1/jobs/{last['id']}/move", json={"by": -5}, headers=auth["ada"])

    assert list_line(desk, **auth["root"]) == ["a2", "b1", "a1"]
    desk.client.post(f"/api/v1/jobs/{last['id']}/cancel", headers=auth["ada"])
    forget = [desk.client.delete("/api/v1/jobs?state=ended", headers=auth[name]).json() for name in ("bo", "ada")]
    assert forget == [{"forgotten": 0}, {"forgotten": 1}]


def test_jobs_are_listed_as_they_run_however_many_came_later(desk: Desk) -> None:
    desk.submit({**WAIT, "title": "first"})
    desk.probe.wait_for("gate")
    for name in "abc":
        desk.submit({**ADD, "title": name}, priority=1 if name == "c" else 0)

    page = desk.client.get("/api/v1/jobs?state=running&state=queued&order=next&limit=3").json()

    assert [job["title"] for job in page["jobs"]] == ["first", "c", "a"]
    assert page["next"] is None
