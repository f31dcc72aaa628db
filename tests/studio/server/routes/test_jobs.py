"""Jobs over HTTP: submitted, listed, watched, cancelled, run again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from fakes import graph

from studio.server.job import JobState
from studio.server.job_view import describe_job
from tests.studio.server.conftest import Desk

NOISE = graph({"a": ("fake.image", {"seed": 1})}, picture="a")
WAIT = graph({"a": ("fake.wait", {"gate": "gate", "cautious": True})}, number="a")
FAILS = graph({"a": ("fake.fail", {}), "b": ("fake.image", {})}, number="a", picture="b")


def test_a_job_runs_and_its_output_can_be_downloaded(desk: Desk) -> None:
    job = desk.submit({**NOISE, "title": "Noise"}, metadata={"shop": 7})

    done = desk.wait(job)

    assert (done["state"], done["title"], done["metadata"], done["progress"]) == ("succeeded", "Noise", {"shop": 7}, 1)
    assert done["made"] <= done["started"] <= done["ended"] < done["expires"]
    assert done["nodes"]["a"]["state"] == "done"
    [output] = done["outputs"]
    assert (output["output"], output["name"], output["media_type"]) == ("picture", "picture.png", "image/png")
    assert len(desk.client.get(output["url"]).content) == output["bytes"]


def test_the_page_about_the_server_lists_every_key_of_a_job_and_of_a_graph(desk: Desk) -> None:
    page = (Path(__file__).parents[4] / "docs" / "server.md").read_text(encoding="utf-8")
    desk.write_graph("noise", NOISE)
    listed = desk.client.get("/api/v1/graphs").json()
    graphs = listed.get("graphs", listed) if isinstance(listed, dict) else listed

    assert set(desk.run(NOISE)) == list_keys(page, "key of a job")
    assert set(graphs[0]) == list_keys(page, "key of a graph")


def list_keys(page: str, title: str) -> set[str]:
    """Return the keys in the first column of a table of a page."""
    table = page.partition(f"| {title} |")[2].partition("\n\n")[0]
    return {key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split(" | ")[0])}


def test_an_equal_job_is_reused_and_says_so(desk: Desk) -> None:
    first, second = desk.run(NOISE), desk.run(NOISE)

    assert (first["reused"], second["reused"]) == (False, True)
    assert first["outputs"] == second["outputs"]
    assert first["id"] != second["id"]
    assert desk.probe.calls["image"] == 1


def test_an_output_is_written_in_the_format_that_is_asked_for(desk: Desk) -> None:
    [output] = desk.run(NOISE, formats={"picture": "webp"})["outputs"]

    assert (output["name"], output["media_type"]) == ("picture.webp", "image/webp")
    for formats, code in (({"picture": "wav"}, "E003"), ({"picture": "../x"}, "E809"), ({"sound": "png"}, "E809")):
        refused = desk.client.post("/api/v1/jobs", json={"graph": NOISE, "formats": formats})
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_graph_of_the_server_runs_by_its_name_with_values(desk: Desk) -> None:
    desk.write_graph("sum", {
        "inputs": {"a": {"type": "int", "minimum": 0}},
        "nodes": {"n": {"type": "fake.add", "inputs": {"a": {"from": "inputs.a"}, "b": 10}}},
        "outputs": {"number": {"from": "n"}},
    })  # fmt: skip

    response = desk.client.post("/api/v1/graphs/sum/jobs", json={"values": {"a": 5}})
    done = desk.wait(response.json())

    assert response.headers["location"] == f"/api/v1/jobs/{done['id']}"
    assert (done["graph"], done["values"]) == ("sum", {"a": 5})
    assert desk.client.get(done["outputs"][0]["url"]).json() == 15


def test_all_that_is_wrong_with_a_job_is_said_before_it_is_queued(desk: Desk) -> None:
    document = graph({"a": ("fake.ad", {"a": 1}), "b": ("fake.add", {"a": "one"})}, x="a", y="b")

    response = desk.client.post("/api/v1/jobs", json={"graph": document})

    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    problem = response.json()
    assert [finding["code"] for finding in problem["findings"]] == ["E103", "E114"]
    assert (problem["code"], problem["where"], problem["retry"]) == ("E103", "/nodes/a/type", False)
    assert desk.client.get("/api/v1/jobs").json()["jobs"] == []


INVALID: list[tuple[bytes, str, int]] = [
    (b"", "E100", 422), (b"null", "E809", 422), (b"[]", "E809", 422), (b'{"graph": NaN}', "E105", 422),
    (b'{"graph": "a", "graph": "b"}', "E104", 422), (b"[" * 100_000, "E108", 422), (b"\xff", "E100", 422),
    (b"{}", "E809", 422), (b'{"graph": 3}', "E809", 422), (b'{"graph": "no"}', "E810", 404),
    (b'{"graph": "no", "priority": 1e400}', "E105", 422), (b'{"graph": "no", "priority": true}', "E809", 422),
    (b'{"graph": "no", "priority": 101}', "E809", 422), (b'{"graph": "no", "only": [1]}', "E809", 422),
    (b'{"graph": "no", "valeus": {}}', "E809", 422), (b'{"graph": {"studio": 2}}', "E101", 422),
    (b'{"graph": {"studio": 1, "nodes": [], "inputs": 3}}', "E107", 422),
    (b'{"graph": {"studio": 1, "title": "\\ud800", "nodes": {}}}', "E125", 422),
]  # fmt: skip


def test_what_is_no_job_is_a_problem_with_a_code(desk: Desk) -> None:
    for body, code, status in INVALID:
        response = desk.client.post("/api/v1/jobs", content=body)

        assert (response.status_code, response.json()["code"]) == (status, code), (body[:80], response.text)


def test_a_job_that_begins_while_it_is_described_is_starting(desk: Desk) -> None:
    stale = replace(desk.parts.store.find(desk.run(NOISE)["id"]), state=JobState.QUEUED)

    row = describe_job(desk.parts, stale)

    assert (row["place"], row["why"]) == (None, "it is starting")


def test_metadata_over_a_kibibyte_is_refused(desk: Desk) -> None:
    response = desk.client.post("/api/v1/jobs", json={"graph": NOISE, "metadata": {"a": "x" * 1024}})

    assert (response.json()["code"], response.json()["where"]) == ("E809", "/metadata")


def test_a_failed_job_has_its_error_and_the_outputs_that_were_made(desk: Desk) -> None:
    done = desk.run(FAILS)

    assert (done["state"], done["error"]["code"], done["error"]["where"]) == ("failed", "E301", "/nodes/a")
    assert [output["output"] for output in done["outputs"]] == ["picture"]
    assert done["error"]["retry"]
    assert "details" not in done["error"]


def test_a_job_whose_node_ends_the_program_fails_alone(desk: Desk) -> None:
    failed = desk.run(graph({"a": ("fake.fail", {"kind": "exit"})}, number="a"))
    done = desk.run(NOISE)

    assert (failed["state"], done["state"]) == ("failed", "succeeded")
    assert desk.client.get("/health/live").status_code == 200


def test_jobs_of_higher_priority_run_first_and_each_says_its_place(desk: Desk) -> None:
    running = desk.submit(WAIT)
    desk.probe.wait_for("gate")
    jobs = [desk.submit(graph({"a": ("fake.add", {"a": n})}, x="a"), priority=n) for n in (0, 5, 5, -3)]

    listed = {job["id"]: job for job in desk.client.get("/api/v1/jobs").json()["jobs"]}
    assert [listed[job["id"]]["place"] for job in jobs] == [3, 1, 2, 4]
    assert "2 jobs are before it" in listed[jobs[0]["id"]]["why"]
    desk.probe.open("gate")
    ended = [desk.wait(job)["started"] for job in jobs]
    assert [sorted(ended).index(time) for time in ended] == [2, 0, 1, 3]
    assert desk.wait(running)["state"] == "succeeded"


def test_a_queued_and_a_running_job_can_be_cancelled_and_run_again(desk: Desk) -> None:
    running = desk.submit(WAIT)
    queued = desk.submit(NOISE)
    desk.probe.wait_for("gate")

    assert desk.client.post(f"/api/v1/jobs/{queued['id']}/cancel").json()["state"] == "cancelled"
    assert desk.client.post(f"/api/v1/jobs/{running['id']}/cancel").json()["cancelling"]
    assert desk.wait(running)["state"] == "cancelled"
    assert desk.client.post(f"/api/v1/jobs/{queued['id']}/cancel").status_code == 200  # as a client that asks twice

    again = desk.client.post(f"/api/v1/jobs/{queued['id']}/retry").json()
    assert again["id"] == queued["id"]
    assert desk.wait(again)["state"] == "succeeded"
    for action in ("retry", "cancel"):
        refused = desk.client.post(f"/api/v1/jobs/{queued['id']}/{action}")
        assert (refused.status_code, refused.json()["code"]) == (409, "E813")


def test_the_same_key_gets_the_same_job_and_another_body_is_an_error(desk: Desk) -> None:
    key = {"idempotency-key": "order 7"}

    first = desk.client.post("/api/v1/jobs", json={"graph": NOISE}, headers=key)
    second = desk.client.post("/api/v1/jobs", json={"graph": NOISE}, headers=key)
    other = desk.client.post("/api/v1/jobs", json={"graph": NOISE, "priority": 1}, headers=key)

    assert (first.status_code, second.status_code, second.json()["id"]) == (201, 200, first.json()["id"])
    assert second.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "E814")


def test_jobs_are_listed_in_pages_and_by_state_and_graph(desk: Desk) -> None:
    desk.write_graph("noise", {key: value for key, value in NOISE.items() if key != "studio"})
    jobs = [desk.run("noise" if n % 2 else NOISE) for n in range(5)]
    ids = [job["id"] for job in reversed(jobs)]

    first = desk.client.get("/api/v1/jobs", params={"limit": 3}).json()
    second = desk.client.get("/api/v1/jobs", params={"limit": 3, "cursor": first["next"]}).json()

    assert [job["id"] for job in first["jobs"] + second["jobs"]] == ids
    assert second["next"] is None
    assert first["counts"] == {"queued": 0, "running": 0, "succeeded": 5, "failed": 0, "cancelled": 0}
    named = desk.client.get("/api/v1/jobs", params={"graph": "noise"}).json()["jobs"]
    assert [job["id"] for job in named] == ids[1::2]
    assert desk.client.get("/api/v1/jobs", params={"state": ["queued", "running"]}).json()["jobs"] == []


def test_an_invalid_query_is_a_problem(desk: Desk) -> None:
    for query in ("limit=0", "limit=501", "cursor=x", "state=done", "cursor=99999999999999999999"):
        response = desk.client.get(f"/api/v1/jobs?{query}")

        assert (response.status_code, response.json()["code"]) == (422, "E809"), query


def test_too_many_waiting_jobs_are_refused_for_a_while(start: Callable[..., Desk]) -> None:
    desk = start(most_queued=1)
    desk.submit(WAIT)
    desk.probe.wait_for("gate")
    desk.submit(NOISE)

    response = desk.client.post("/api/v1/jobs", json={"graph": NOISE})

    assert (response.status_code, response.json()["code"], response.json()["retry"]) == (429, "E817", True)
    assert int(response.headers["retry-after"]) > 0


def test_no_message_has_a_path_of_the_server(desk: Desk) -> None:
    desk.write_graph("broken", {"nodes": {"a": {"type": "graph:./part.json"}}, "outputs": {"x": {"from": "a"}}})
    digest = desk.upload(b"no image at all")
    shift = graph({"a": ("fake.shift", {"image": {"file": digest}})}, picture="a")

    answers: list[httpx.Response] = [
        desk.client.post("/api/v1/jobs", json={"graph": "broken"}),
        desk.client.get("/api/v1/graphs"),
        desk.client.get("/api/v1/graphs/broken"),
    ]
    failed = desk.run(shift)
    told: list[Any] = [*(answer.text for answer in answers), str(failed)]

    assert failed["state"] == "failed"
    assert digest in str(failed["error"])
    assert [text for text in told if str(desk.folder) in text or str(desk.folder.parent) in text] == []


def test_a_known_key_is_answered_though_its_graph_and_file_are_gone(desk: Desk) -> None:
    key = {"idempotency-key": "order 7"}
    desk.write_graph("noise", {name: value for name, value in NOISE.items() if name != "studio"})
    first = desk.client.post("/api/v1/jobs", json={"graph": "noise"}, headers=key)
    (desk.graphs / "noise.json").unlink()

    second = desk.client.post("/api/v1/jobs", json={"graph": "noise"}, headers=key)

    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])


def test_values_over_a_mebibyte_are_refused(desk: Desk) -> None:
    document = {
        "studio": 1,
        "inputs": {"t": {"type": "json", "default": 1}},
        "nodes": {"a": {"type": "fake.json", "inputs": {"value": {"from": "inputs.t"}}}},
        "outputs": {"x": {"from": "a"}},
    }

    response = desk.client.post("/api/v1/jobs", json={"graph": document, "values": {"t": "x" * 2**20}})

    assert (response.status_code, response.json()["code"], response.json()["where"]) == (413, "E808", "/values")
