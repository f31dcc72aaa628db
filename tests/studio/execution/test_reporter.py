"""`Reporter`: events in order, records, and what nodes log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, Recorder, graph, open_studio

from studio.api.events import Event, NodeFinished, NodeProgressed, NodeStarted, NodeWarned
from studio.app import RunResult, Studio

CHAIN = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.add", {"a": "@b"})}


def build_chain(length: int) -> dict[str, Any]:
    """Return a graph in which each node takes what the one before it made."""
    nodes: dict[str, Any] = {"n0": ("fake.add", {"a": 0})}
    nodes |= {f"n{i}": ("fake.add", {"a": f"@n{i - 1}"}) for i in range(1, length)}
    return graph(nodes, end=f"n{length - 1}")


def test_events_are_complete_ordered_and_one_of_a_kind(studio: Studio) -> None:
    nodes = CHAIN | {"l": ("fake.count", {"n": 9}), "m": ("fake.add", {"a": "@l", "b": 100}), "f": ("fake.fail", {})}
    recorder = Recorder()
    studio.run(graph(nodes, o="c", m="m", f="f"), on_event=recorder)

    kinds = [type(event).__name__ for event in recorder.events]
    assert (kinds[0], kinds[-1]) == ("RunStarted", "RunFinished")
    for node_id in nodes:
        names = [name for name in recorder.names(node_id) if name != "NodeProgressed"]
        assert names == ["NodeStarted", "NodeFailed" if node_id == "f" else "NodeFinished"]
        assert recorder.names(node_id)[0] == "NodeStarted"
        assert recorder.names(node_id)[-1] != "NodeProgressed"
    assert len({event.run for event in recorder.events}) == 1


def test_a_cached_run_starts_nothing(studio: Studio) -> None:
    nodes = CHAIN | {"l": ("fake.count", {"n": 9}), "m": ("fake.add", {"a": "@l"})}
    studio.run(graph(nodes, o="c", m="m"))
    recorder = Recorder()
    studio.run(graph(nodes, o="c", m="m"), on_event=recorder)

    assert all(recorder.names(node_id) == ["NodeCached"] for node_id in nodes)


def test_an_event_does_not_grow_with_the_graph(studio: Studio) -> None:
    recorder = Recorder()
    studio.run(build_chain(400), on_event=recorder)

    finished = [event for event in recorder.events if isinstance(event, NodeFinished)]
    assert len(finished) == 400
    assert max(len(repr(event)) for event in finished) < 300


def test_steps_become_progress(studio: Studio) -> None:
    recorder = Recorder()
    studio.run(graph({"s": ("fake.steps", {"n": 5})}, o="s"), on_event=recorder)

    assert [(e.done, e.total) for e in recorder.events if isinstance(e, NodeProgressed)] == [(i, 5) for i in range(5)]


def test_a_mapped_node_counts_its_entries(studio: Studio) -> None:
    recorder = Recorder()
    studio.run(graph({"l": ("fake.count", {"n": 6}), "a": ("fake.add", {"a": "@l"})}, o="a"), on_event=recorder)

    assert all(e.total == 6 and 0 < e.done < 6 for e in recorder.events if isinstance(e, NodeProgressed))


@pytest.mark.parametrize("kind", [NodeStarted, NodeFinished])
def test_a_listener_that_raises_is_reported_and_the_run_continues(studio: Studio, kind: type) -> None:
    def listen(event: object) -> None:
        if isinstance(event, kind):
            raise ValueError("not now")

    result = studio.run(graph(CHAIN, o="c"), on_event=listen)

    assert (result.status, result["o"]) == ("done", 4)
    assert any("not now" in warning for warning in result.warnings)


def test_what_a_node_logs_is_in_the_manifest(studio: Studio) -> None:
    result = studio.run(graph({"t": ("fake.talk", {"message": "mind the gap"})}, o="t"))

    assert result.manifest["nodes"]["t"]["warnings"] == ["mind the gap"]


def test_the_manifest_names_every_node_with_its_fingerprint(disk_studio: Studio) -> None:
    manifest = disk_studio.run(graph(CHAIN, o="c")).manifest

    assert set(manifest["nodes"]) == {"a", "b", "c"}
    assert all(len(node["fingerprints"]) == 1 and node["status"] == "done" for node in manifest["nodes"].values())
    assert manifest["outputs"]["o"]["digest"] == disk_studio.cache.digest(4)


# -- what nodes log ------------------------------------------------------------------------------------


def get_warnings(result: RunResult) -> list[str]:
    """Return what the manifest says of the node."""
    return list(result.manifest["nodes"]["a"]["warnings"])


def build_talk(message: Any) -> dict[str, Any]:
    """Return a graph whose node says something."""
    return graph({"a": ("fake.talk", {"message": message})}, o="a")


def test_a_cached_result_says_again_what_was_said_of_it(disk_studio: Studio) -> None:
    events: list[Event] = []
    disk_studio.run(build_talk("the size was rounded"))

    result = disk_studio.run(build_talk("the size was rounded"), on_event=events.append)

    assert result.manifest["cache"] == {"hits": 1, "calls": 1}
    assert get_warnings(result) == ["the size was rounded"]
    assert [event.message for event in events if isinstance(event, NodeWarned)] == ["the size was rounded"]


def test_another_process_says_it_too(tmp_path: Path) -> None:
    with open_studio(tmp_path, Probe()) as first:
        first.run(build_talk("careful"))

    with open_studio(tmp_path, Probe()) as second:
        assert get_warnings(second.run(build_talk("careful"))) == ["careful"]


def test_a_dry_look_says_nothing(disk_studio: Studio) -> None:
    disk_studio.run(build_talk("careful"))

    assert disk_studio.explain(disk_studio.load(build_talk("careful")))[0].standing == "hit"
    assert get_warnings(disk_studio.run(build_talk("careful"))) == ["careful"]


def test_equal_lines_of_many_calls_are_said_once(disk_studio: Studio) -> None:
    result = disk_studio.run(build_talk(["careful", "careful", "slowly"]))

    assert sorted(get_warnings(result)) == ["careful", "slowly"]


def test_a_node_that_says_too_much_is_cut_short(disk_studio: Studio) -> None:
    result = disk_studio.run(build_talk([f"line {number}" for number in range(150)]))

    assert len(get_warnings(result)) == 101
    assert get_warnings(result)[-1] == "there are more warnings, which are left out"


def test_a_long_line_is_kept_in_short(disk_studio: Studio) -> None:
    disk_studio.run(build_talk("x" * 5000))

    (line,) = get_warnings(disk_studio.run(build_talk("x" * 5000)))

    assert 500 <= len(line) <= 503
