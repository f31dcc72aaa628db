"""Server-sent events: a snapshot, then changes; a watcher that was cut off gets what it missed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fakes import graph

from studio.server.event_log import EPOCH
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk

pytest.importorskip("httpx_sse", reason="httpx-sse is not installed")

WAIT = graph({"n": ("fake.add", {"a": 1}), "a": ("fake.wait", {"gate": "gate", "a": "@n", "cautious": True})}, x="a")


def follow(desk: Desk, url: str, last: str | None = None, end: Callable[[Any], bool] = lambda _: False) -> list[Any]:
    """Return events as (id, kind, data), to the end of the stream or to one that is the end."""
    from httpx_sse import connect_sse

    found: list[Any] = []
    headers = {"last-event-id": last} if last is not None else {}
    with connect_sse(desk.client, "GET", url, headers=headers) as source:
        for event in source.iter_sse():
            found.append((event.id, event.event, json.loads(event.data)))
            if end(found[-1]):
                break
    return found


def test_a_watcher_sees_each_node_and_the_end(desk: Desk) -> None:
    job = desk.submit(WAIT)
    desk.probe.wait_for("gate")

    def open_gate(event: Any) -> bool:
        desk.probe.open("gate")
        return False

    events = follow(desk, f"/api/v1/jobs/{job['id']}/events", end=open_gate)

    assert (events[0][1], events[0][2]["state"]) == ("snapshot", "running")
    assert "a" in events[0][2]["nodes"]
    changes = [(kind, data.get("node"), data["state"]) for _, kind, data in events[1:]]
    assert changes[-2:] == [("node", "a", "done"), ("job", None, "succeeded")]
    assert events[-1][2]["reused"] is False


def test_a_watcher_that_was_cut_off_gets_what_it_missed_and_nothing_twice(desk: Desk) -> None:
    job = desk.submit(WAIT)
    url = f"/api/v1/jobs/{job['id']}/events"
    desk.probe.wait_for("gate")
    [first] = follow(desk, url, end=lambda _: True)
    desk.probe.open("gate")
    desk.wait(job)

    rest = follow(desk, url, first[0])

    numbers = [int(one[0].partition("-")[2]) for one in (first, *rest)]
    assert [kind for _, kind, _ in rest] == [*("node" for _ in rest[:-1]), "job"]
    assert numbers == [*range(numbers[0], numbers[-1] + 1)]
    assert desk.client.get(url, headers={"last-event-id": rest[-1][0]}).status_code == 204
    for unknown in ("0badcafe-1", f"{EPOCH}-99999", "nonsense"):
        [again] = follow(desk, url, unknown)
        assert (again[1], again[2]["state"]) == ("snapshot", "succeeded")


def test_the_stream_of_a_job_that_ended_long_ago_is_its_state_once(desk: Desk) -> None:
    job = desk.run(graph({"n": ("fake.add", {"a": 1})}, x="n"))
    desk.parts.logs._logs.clear()
    url = f"/api/v1/jobs/{job['id']}/events"

    [event] = follow(desk, url)

    assert (event[1], event[2]["state"]) == ("snapshot", "succeeded")
    assert desk.client.get(url, headers={"last-event-id": event[0]}).status_code == 204


def test_steps_reach_a_watcher_at_most_ten_times_a_second(desk: Desk) -> None:
    job = desk.submit(graph({"a": ("fake.steps", {"n": 20_000})}, x="a"))
    done = desk.wait(job)

    log = desk.parts.logs.find_ended(job["id"])
    assert log is not None
    steps = [entry for entry in log.read_after(0) or () if b'"done":' in entry.text]

    assert len(steps) <= 10 * (done["ended"] - done["started"]) + 1


def test_all_jobs_can_be_watched_at_once(desk: Desk) -> None:
    desk.submit(WAIT)
    desk.probe.wait_for("gate")
    seen: list[Any] = []
    watching = threading.Event()

    def watch() -> None:
        def is_end(event: Any) -> bool:
            watching.set()
            return bool(event[2].get("state") == "cancelled")

        seen.extend(follow(desk, "/api/v1/events", end=is_end))

    thread = threading.Thread(target=watch)
    thread.start()
    assert watching.wait(PATIENCE_SECONDS)
    queued = desk.submit(graph({"a": ("fake.add", {"a": 1})}, x="a"))
    desk.client.post(f"/api/v1/jobs/{queued['id']}/cancel")
    thread.join(PATIENCE_SECONDS)

    assert len(seen[0][2]["jobs"]) == 1
    assert [data["state"] for _, kind, data in seen if kind == "job" and data["id"] == queued["id"]] == [
        "queued", "cancelled",
    ]  # fmt: skip
    desk.probe.open("gate")


def test_who_asks_for_a_job_that_has_ended_gets_its_end_and_the_stream_ends(desk: Desk) -> None:
    job = desk.run(graph({"n": ("fake.add", {"a": 1})}, x="n"))
    desk.parts.logs.find(job["id"])  # as those do that wait for a job without knowing that it ended

    events = follow(desk, f"/api/v1/jobs/{job['id']}/events")

    assert events[-1][2]["state"] == "succeeded"


def test_ids_of_a_log_that_was_dropped_are_known_to_be_old(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.job_logs._MOST_KEPT", 1)
    job = desk.run(graph({"n": ("fake.add", {"a": 1})}, x="n"))
    seen = desk.parts.logs.find(job["id"]).last
    desk.run(graph({"n": ("fake.add", {"a": 2})}, x="n"))

    assert desk.parts.logs.find_ended(job["id"]) is None
    assert desk.parts.logs.find("job-new").last >= seen


def test_each_event_of_a_large_graph_is_small(desk: Desk) -> None:
    nodes: dict[str, Any] = {"n0": ("fake.add", {"a": 0})}
    nodes |= {f"n{i}": ("fake.add", {"a": f"@n{i - 1}"}) for i in range(1, 200)}
    job = desk.submit(graph(nodes, number="n199"))
    with desk.client.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        sizes = [len(part) for part in stream.read().split(b"\n\n") if b"event: node" in part]

    assert max(sizes, default=0) < 200  # the state of all would be 10,000
