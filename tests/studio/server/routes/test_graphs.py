"""Graphs as the page shows them, and the forecast of a job: what the cache has, how long the rest takes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from fakes import graph
from PIL import Image

from tests.studio.server.conftest import Desk

CHAIN = {
    **graph(
        {"a": ("fake.image", {"seed": "@inputs.seed"}), "b": ("fake.shift", {"image": "@a", "by": "@inputs.by"})},
        picture="b",
    ),
    "title": "Chain",
    "inputs": {"seed": {"type": "int", "default": 1}, "by": {"type": "int", "default": 2, "minimum": 0}},
    "ui": {"inputs": {"by": {"advanced": True, "unit": "steps"}}},
}


def forecast(desk: Desk, **values: Any) -> dict[str, Any]:
    """Return the forecast of a job of the graph."""
    answer = desk.client.post("/api/v1/graphs/chain/forecast", json={"values": values})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def find_states(plan: dict[str, Any]) -> dict[str, str]:
    """Return the state of each node."""
    return {name: node["state"] for name, node in plan["nodes"].items()}


def test_a_forecast_says_which_nodes_are_cached_and_runs_nothing(desk: Desk) -> None:
    desk.write_graph("chain", CHAIN)
    before = forecast(desk)
    desk.run("chain")
    calls = dict(desk.probe.calls)

    assert find_states(before) == {"a": "waiting", "b": "waiting"}
    assert before["seconds"] is None
    same, other, all_new = forecast(desk), forecast(desk, by=9), forecast(desk, seed=5)
    assert find_states(same) == {"a": "cached", "b": "cached"}
    assert find_states(other) == {"a": "cached", "b": "waiting"}
    assert find_states(all_new) == {"a": "waiting", "b": "waiting"}
    assert (same["seconds"], other["seconds"] >= 0, all_new["seconds"] >= other["seconds"]) == (0, True, True)
    assert dict(desk.probe.calls) == calls


def test_a_forecast_finds_what_is_wrong_with_each_input(desk: Desk) -> None:
    desk.write_graph("chain", CHAIN)

    plan = forecast(desk, by=-1, seed="x")

    assert sorted(finding["input"] for finding in plan["findings"]) == ["by", "seed"]
    assert all(finding["message"] and finding["code"] for finding in plan["findings"])
    assert desk.client.post("/api/v1/graphs/nothing/forecast", json={}).json()["code"] == "E810"
    assert desk.client.post("/api/v1/graphs/chain/forecast", json={"value": {}}).json()["code"] == "E809"


def test_a_graph_has_hints_times_and_a_cover_of_its_last_job(desk: Desk) -> None:
    desk.write_graph("chain", CHAIN)
    [card] = desk.client.get("/api/v1/graphs").json()["graphs"]
    assert (card["seconds"], card["cover"], card["takes"][0]) == (None, None, {"name": "seed", "type": "int"})
    job = desk.run("chain")

    [card] = desk.client.get("/api/v1/graphs").json()["graphs"]
    form = desk.client.get("/api/v1/graphs/chain").json()

    assert card["cover"]["key"] == job["outputs"][0]["digest"]
    assert card["seconds"] >= 0
    assert (form["inputs"]["by"]["advanced"], form["inputs"]["by"]["unit"]) == (True, "steps")
    assert [(node["id"], node["needs"], node["uses"]) for node in form["nodes"]] == [
        ("a", [], ["seed"]),
        ("b", ["a"], ["by"]),
    ]
    assert all(node["seconds"] >= 0 for node in form["nodes"])


def test_a_file_that_a_graph_reads_by_default_is_shown_and_changes_with_it(desk: Desk) -> None:
    def write(side: int) -> None:
        buffer = io.BytesIO()
        Image.new("RGB", (side, side)).save(buffer, "PNG")
        (desk.graphs / "photo.png").write_bytes(buffer.getvalue())

    write(30)
    inputs = {"photo": {"type": "image", "default": {"file": "photo.png"}}}
    desk.write_graph(
        "turn", {**graph({"a": ("fake.invert", {"image": "@inputs.photo"})}, picture="a"), "inputs": inputs}
    )

    def show() -> dict[str, Any]:
        found: dict[str, Any] = desk.client.get("/api/v1/graphs/turn").json()["inputs"]["photo"]["media"]
        return found

    first = show()
    write(40)
    second = show()

    assert (first["name"], first["width"], second["width"]) == ("photo.png", 30, 40)
    assert desk.client.get(first["url"]).content[:4] == b"\x89PNG"
    assert str(desk.folder) not in desk.client.get("/api/v1/graphs/turn").text


def test_a_graph_is_shown_while_the_server_has_no_room_for_the_files_that_it_reads(start: Callable[..., Desk]) -> None:
    desk = start(most_stored_bytes=10)
    (desk.graphs / "photo.png").write_bytes(b"\x89PNG" + bytes(100))
    inputs = {"photo": {"type": "image", "default": {"file": "photo.png"}}}
    desk.write_graph(
        "turn", {**graph({"a": ("fake.invert", {"image": "@inputs.photo"})}, picture="a"), "inputs": inputs}
    )

    answer = desk.client.get("/api/v1/graphs/turn")

    assert (answer.status_code, answer.json()["inputs"]["photo"]["media"]) == (200, {"name": "photo.png"})
    assert list((desk.folder / "data" / "files").iterdir()) == []


def test_a_card_shows_the_cover_that_a_graph_names_until_it_has_run(desk: Desk) -> None:
    (desk.graphs / "covers").mkdir()
    Image.new("RGB", (60, 40)).save(desk.graphs / "covers" / "chain.jpg")
    desk.write_graph("chain", {**CHAIN, "ui": {"cover": "covers/chain.jpg"}})

    [before] = desk.client.get("/api/v1/graphs").json()["graphs"]
    job = desk.run("chain")
    [after] = desk.client.get("/api/v1/graphs").json()["graphs"]

    assert (before["cover"]["type"], before["cover"]["width"]) == ("image", 60)
    assert desk.client.get(before["cover"]["url"]).content[:3] == b"\xff\xd8\xff"
    assert after["cover"]["key"] == job["outputs"][0]["digest"]


@pytest.mark.parametrize(
    "cover", ["../secret.png", "none.jpg", "text.txt", "broken.png", "link.png", "", 5, {"a": 1}, "\0", "covers"]
)
def test_a_cover_that_is_no_image_of_the_folder_is_not_shown(desk: Desk, cover: Any) -> None:
    Image.new("RGB", (6, 4)).save(desk.graphs.parent / "secret.png")
    (desk.graphs / "link.png").symlink_to(desk.graphs.parent / "secret.png")
    (desk.graphs / "text.txt").write_text("words", encoding="utf-8")
    (desk.graphs / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    desk.write_graph("chain", {**CHAIN, "ui": {"cover": cover}})

    [card] = desk.client.get("/api/v1/graphs").json()["graphs"]

    assert (card["state"], card["cover"]) == ("ready", None)
