"""What jobs made: by kind, words, graph and job, in pages, each with what made it and what a page shows."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import graph

from studio.server import result_view
from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk

IMAGE = graph({"a": ("fake.image", {"seed": "@inputs.seed", "side": 600})}, picture="a")
BOTH = graph({"a": ("fake.hum", {"text": "la"}), "b": ("fake.film", {"n": 3})}, sound="a", film="b")


def write_graphs(desk: Desk) -> None:
    """Write a graph for images, and one for audio and video."""
    desk.write_graph("noise", {**IMAGE, "title": "Noise", "inputs": {"seed": {"type": "int", "default": 1}}})
    desk.write_graph("both", BOTH)


def list_results(desk: Desk, **query: Any) -> dict[str, Any]:
    """Return a page of results."""
    found: dict[str, Any] = desk.client.get("/api/v1/results", params=query).json()
    return found


def test_results_are_found_by_kind_words_graph_and_job_and_have_what_made_them(desk: Desk) -> None:
    write_graphs(desk)
    image = desk.run("noise", values={"seed": 77})
    both = desk.run("both")

    everything = list_results(desk)["results"]

    assert [(row["output"], row["type"], row["graph"]) for row in everything] == [
        ("sound", "audio", "both"),
        ("film", "video", "both"),
        ("picture", "image", "noise"),
    ]
    audio, video, picture = everything
    assert (len(audio["media"]["peaks"]), audio["media"]["seconds"]) == (96, 0.2)
    assert (video["media"]["width"], video["media"]["seconds"] > 0) == (8, True)
    assert (picture["title"], picture["values"], picture["ran"], picture["cached"]) == ("Noise", {"seed": 77}, 1, 0)
    small = desk.client.get(picture["media"]["still"])
    assert (small.headers["content-type"], small.content[8:12]) == ("image/webp", b"WEBP")
    assert desk.client.get(f"/api/v1/results/{picture['id']}").json() == picture
    for query in ({"type": "image"}, {"words": "77 NOISE"}, {"graph": "noise"}, {"job": image["id"]}):
        assert list_results(desk, **query)["results"] == [picture], query
    assert list_results(desk, type=["audio", "video"])["results"] == [audio, video]
    assert list_results(desk, words="100%_")["results"] == []
    assert list_results(desk, job=both["id"])["results"] == [audio, video]


def test_results_come_in_pages_without_gaps(desk: Desk) -> None:
    write_graphs(desk)
    for seed in range(3):
        desk.submit("noise", values={"seed": seed})
        last = desk.submit("both")
    desk.wait(last)
    everything = [row["id"] for row in list_results(desk)["results"]]

    found: list[str] = []
    cursor = None
    while True:
        page = list_results(desk, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [row["id"] for row in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == everything
    assert len(everything) == 9


def test_a_token_sees_its_own_results_and_an_unknown_one_is_an_error(desk: Desk) -> None:
    write_graphs(desk)
    auth = {name: {"authorization": f"Bearer {desk.parts.tokens.add(name, Scope.RUN)}"} for name in ("ada", "bo")}
    job = desk.submit("noise", headers=auth["ada"])
    while desk.client.get(f"/api/v1/jobs/{job['id']}", headers=auth["ada"]).json()["state"] != "succeeded":
        pass

    counts = {
        name: len(desk.client.get("/api/v1/results", headers=own).json()["results"]) for name, own in auth.items()
    }

    assert counts == {"ada": 1, "bo": 0}
    for bad in (f"{job['id']}.0", f"{job['id']}.9", "nothing", "job-0123456789abcdef.0"):
        answer = desk.client.get(f"/api/v1/results/{bad}", headers=auth["bo"])
        assert (answer.status_code, answer.json()["code"]) == (404, "E811"), bad


def test_a_list_leaves_out_what_is_large_and_the_same_for_all_files_of_a_job(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_view, "_MOST_LISTED_STEPS", 1)
    nodes = {
        "a": ("fake.hum", {"text": "la"}),
        "b": ("fake.film", {"n": 3}),
        "c": ("fake.hum", {"text": "@inputs.text"}),
    }
    values = {"text": "la " * 2000}
    job = desk.run({**graph(nodes, sound="a", film="b"), "inputs": {"text": {"type": "text"}}}, values=values)

    listed = list_results(desk)["results"]
    whole = desk.client.get(f"/api/v1/results/{listed[0]['id']}").json()

    for row in listed:
        assert [row[key] for key in ("values", "seconds_by_node", "cached_nodes")] == [None, None, None]
        assert (row["job"], row["ran"]) == (job["id"], 2)
    assert (whole["values"], whole["seconds_by_node"].keys(), whole["cached_nodes"]) == (values, {"a", "b"}, [])
