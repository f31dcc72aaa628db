"""Explaining a graph against the cache: hit or miss, and which part of the fingerprint differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, name_node, open_studio

from studio.app import Studio
from studio.execution.explain import Explanation


@pytest.fixture
def probe() -> Probe:
    """What the fakes report to."""
    return Probe()


def explain(studio: Studio, document: dict[str, Any]) -> dict[str, Explanation]:
    """Return what is said of each node."""
    return {row.node: row for row in studio.explain(studio.load(document))}


NODES = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"})}


def test_nothing_is_there_at_first(disk_studio: Studio) -> None:
    rows = explain(disk_studio, graph(NODES, o="b"))

    assert (rows["a"].standing, rows["a"].reason) == ("miss", "no entry of fake.add yet")
    assert (rows["b"].standing, rows["b"].reason) == ("unknown", "waits for a")


def test_a_hit_names_its_fingerprint(disk_studio: Studio) -> None:
    result = disk_studio.run(graph(NODES, o="b"))
    rows = explain(disk_studio, graph(NODES, o="b"))

    assert [row.standing for row in rows.values()] == ["hit", "hit"]
    assert [row.fingerprint for row in rows.values()] == [result.manifest["nodes"][n]["fingerprints"][0] for n in "ab"]


def test_a_miss_names_the_input_that_changed(disk_studio: Studio) -> None:
    disk_studio.run(graph(NODES, o="b"))
    changed = {"a": ("fake.add", {"a": 1, "b": 7}), "b": ("fake.add", {"a": "@a"})}
    row = explain(disk_studio, graph(changed, o="b"))["a"]

    assert row.standing == "miss"
    assert row.changed == {"input b": ("7", "1")}
    assert "input b" in row.reason


@pytest.mark.parametrize(
    ("change", "part", "now", "then"),
    [({"codes": {"fake.add": 2}}, "code", "2", "1"), ({"versions": {"fake.add": "1.1"}}, "version", "1.1", "1.0")],
)
def test_a_miss_names_a_change_of_the_node_type(
    tmp_path: Path, change: dict[str, Any], part: str, now: str, then: str
) -> None:
    with open_studio(tmp_path) as studio:
        studio.run(graph(NODES, o="b"))
    with open_studio(tmp_path, **change) as studio:
        assert explain(studio, graph(NODES, o="b"))["a"].changed == {part: (now, then)}


def test_what_is_not_pure_always_runs(disk_studio: Studio) -> None:
    nodes = {"r": ("fake.again", {"a": 1}), "n": ("fake.effect", {"a": 1})}
    disk_studio.run(graph(nodes, r="r", n="n"))
    rows = explain(disk_studio, graph(nodes, r="r", n="n"))

    assert {row.standing for row in rows.values()} == {"always runs"}
    assert "recompute" in rows["r"].reason


def test_a_skipped_node_and_its_followers_say_why(disk_studio: Studio) -> None:
    nodes = {"e": ("fake.is_even", {"a": 1}), "a": name_node("fake.add", {"a": 1}, "e"), "b": ("fake.add", {"a": "@a"})}
    disk_studio.run(graph(nodes, o="b"))
    rows = explain(disk_studio, graph(nodes, o="b"))

    assert [row.standing for row in rows.values()] == ["hit", "skipped", "skipped"]
    assert rows["b"].reason == "'a' was skipped"


def test_a_branch_that_was_not_chosen_is_unknown(disk_studio: Studio) -> None:
    nodes = {
        "x": ("fake.add", {"a": 1}),
        "y": ("fake.pair", {"a": 1}),
        "p": ("fake.pick", {"case_1": "@x", "case_2": "@y.low"}),
    }
    disk_studio.run(graph(nodes, o="p"))
    rows = explain(disk_studio, graph(nodes, o="p"))

    assert (rows["x"].standing, rows["y"].standing, rows["p"].standing) == ("hit", "unknown", "hit")


def test_a_mapped_node_counts_what_is_missing(disk_studio: Studio) -> None:
    disk_studio.run(graph({"a": ("fake.add", {"a": [1, 2]})}, o="a"))
    row = explain(disk_studio, graph({"a": ("fake.add", {"a": [1, 2, 3, 4, 5]})}, o="a"))["a"]

    assert row.standing == "miss"
    assert row.reason.startswith("3 of 5 entries are missing")


def test_a_mapped_graph_says_what_it_waits_for(disk_studio: Studio, tmp_path: Path) -> None:
    import json

    inner = graph({"x": ("fake.add", {"a": "@inputs.a"})}, o="x") | {"inputs": {"a": {"type": "int"}}}
    (tmp_path / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    (tmp_path / "outer.json").write_text(
        json.dumps(graph({"g": ("graph:inner.json", {"a": [1, 2]})}, o="g")), encoding="utf-8"
    )
    outer = disk_studio.load(tmp_path / "outer.json")
    (before,) = disk_studio.explain(outer)
    disk_studio.run(outer)
    (after,) = disk_studio.explain(outer)

    assert before.standing == "miss"
    assert "g[0]/x" in before.reason
    assert after.standing == "hit"


def test_an_input_without_digest_is_the_reason(disk_studio: Studio) -> None:
    nodes = {"o": ("fake.opaque", {}), "l": ("fake.look", {"value": "@o"})}
    disk_studio.run(graph(nodes, o="l"))
    rows = explain(disk_studio, graph(nodes, o="l"))

    assert (rows["o"].standing, rows["l"].standing) == ("miss", "unknown")


def test_a_lost_value_that_a_choice_needs_leaves_it_unknown(disk_studio: Studio, tmp_path: Path) -> None:
    nodes = {"e": ("fake.is_even", {"a": 2}), "a": name_node("fake.add", {"a": 1}, "e")}
    disk_studio.run(graph(nodes, o="a"))
    disk_studio.close()
    with open_studio(tmp_path / "cache") as studio:
        assert studio.cache.disk is not None
        studio.cache.disk.prune(0)
        rows = explain(studio, graph(nodes, o="a"))

    assert rows["a"].standing == "unknown"


def test_an_explanation_is_plain_json(disk_studio: Studio) -> None:
    import json

    rows = explain(disk_studio, graph(NODES, o="b"))

    assert json.loads(json.dumps(rows["a"].to_json()))["standing"] == "miss"


def test_a_lazy_video_is_a_hit_that_is_made_again(disk_studio: Studio, tmp_path: Path) -> None:
    nodes = {"f": ("fake.film", {"n": 5}), "v": ("fake.invert", {"image": "@f"})}
    disk_studio.executor.services.fast_frame_seconds = 60.0
    disk_studio.run(graph(nodes, o="v"), output=tmp_path / "out")
    rows = explain(disk_studio, graph(nodes, o="v"))

    assert [row.standing for row in rows.values()] == ["hit", "hit"]
    assert all("made again when they are read" in row.reason for row in rows.values())
