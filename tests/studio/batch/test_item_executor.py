"""Many items as one plan: equal nodes run once, stacks reach over items, and item 1 does not wait for item 10,000."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakePlugin, Probe

import studio as package
from studio.api import hookimpl
from studio.app import Studio
from studio.batch.item_executor import ItemExecutor
from studio.batch.worker import Worker
from studio.execution.open_run import OpenRun
from studio.provenance import output_folder
from studio.settings import Settings
from tests.studio.batch.conftest import ADDING, Make, from_input, graph_of

STACKED = graph_of(
    {"work": {"type": "fake.stacked", "inputs": {"a": from_input("a"), "scale": from_input("scale")}}},
    {"a": {"type": "int"}, "scale": {"type": "int", "default": 10}},
    {"number": "work"},
)


def run(make: Make, graph: dict[str, Any], rows: list[dict[str, Any]], **spec: Any) -> dict[int, Any]:
    return {item.index: result for item, result in make(graph, rows, **spec).run_unrecorded()}


def test_each_item_has_its_own_result(make: Make) -> None:
    results = run(make, ADDING, [{"a": number} for number in range(100)])

    assert {index: result.values["sum"] for index, result in results.items()} == {n: n + 1 for n in range(100)}


def test_equal_nodes_of_several_items_run_once(make: Make, probe: Probe) -> None:
    results = run(make, ADDING, [{"a": number % 5} for number in range(60)], window=8)

    assert probe.calls["add"] == 5
    assert sum(result.cached for result in results.values()) == 55


def test_calls_are_stacked_over_items_as_far_as_they_fit(make: Make, probe: Probe) -> None:
    rows = [{"a": number, "scale": 1 + number % 2} for number in range(32)]

    results = run(make, STACKED, rows)

    assert {index: result.values["number"] for index, result in results.items()} == {
        number: number * (1 + number % 2) for number in range(32)
    }
    assert max(probe.stacks) == 4
    assert len(probe.stacks) <= 16


def test_the_first_item_does_not_wait_for_the_last(make: Make, probe: Probe) -> None:
    results = make(ADDING, [{"a": number} for number in range(1000)], window=4).run_unrecorded()

    first, _ = next(results)

    assert first.index < 4
    assert probe.calls["add"] <= 12
    results.close()


def test_an_item_that_fails_fails_alone(make: Make) -> None:
    graph = graph_of(
        {"work": {"type": "fake.fail_at", "inputs": {"a": from_input("a"), "bad": 3}}},
        {"a": {"type": "int"}},
        {"number": "work"},
    )

    results = run(make, graph, [{"a": number} for number in range(6)])

    assert [index for index, result in sorted(results.items()) if result.state == "failed"] == [3]
    error = results[3].error
    assert (error["code"], error["node"], error["where"]) == ("E301", "work", "/nodes/work")
    assert error["message"].startswith("node 'work' (fake.fail_at) raised ValueError: 3 is bad")


def test_branches_beside_a_failure_finish_and_leave_nothing_behind(make: Make, probe: Probe) -> None:
    graph = graph_of(
        {
            "bad": {"type": "fake.fail", "inputs": {"a": from_input("a")}},
            "good": {"type": "fake.add", "inputs": {"a": from_input("a")}},
            "better": {"type": "fake.add", "inputs": {"a": {"from": "good"}}},
        },
        {"a": {"type": "int"}},
        {"bad": "bad", "better": "better"},
    )

    results = run(make, graph, [{"a": 10 * number} for number in range(20)])

    assert {result.state for result in results.values()} == {"failed"}
    assert {index: result.values for index, result in results.items()} == {
        number: {"better": 10 * number + 2} for number in range(20)
    }


def test_constants_of_one_item_are_not_taken_for_those_of_another(make: Make) -> None:
    graph = graph_of(
        {"work": {"type": "fake.json", "inputs": {"value": from_input("value")}}},
        {"value": {"type": "json"}},
        {"value": "work"},
    )

    results = run(make, graph, [{"value": {"n": [number]}} for number in range(300)], window=3)

    assert all(result.values["value"] == {"n": [index]} for index, result in results.items())


def test_a_mapped_graph_in_an_item_is_run_for_each_entry(make: Make, tmp_path: Path) -> None:
    part = tmp_path / "part.json"
    part.write_text(
        '{"studio": 1, "inputs": {"a": {"type": "int"}}, "outputs": {"b": {"from": "n"}},'
        ' "nodes": {"n": {"type": "fake.add", "inputs": {"a": {"from": "inputs.a"}, "b": 1}}}}',
        encoding="utf-8",
    )
    whole = tmp_path / "whole.json"
    whole.write_text(
        '{"studio": 1, "inputs": {"n": {"type": "int"}}, "outputs": {"all": {"from": "each.b"}}, "nodes": {'
        '"list": {"type": "fake.count", "inputs": {"n": {"from": "inputs.n"}}},'
        '"each": {"type": "graph:./part.json", "inputs": {"a": {"from": "list"}}}}}',
        encoding="utf-8",
    )

    results = run(make, whole, [{"n": number} for number in range(1, 6)])  # type: ignore[arg-type]  # a path is a graph

    assert [results[index].values["all"] for index in range(5)] == [list(range(1, n + 1)) for n in range(1, 6)]


def test_an_item_with_a_bad_file_fails_alone(make: Make, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4), "red").save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    graph = graph_of(
        {"work": {"type": "fake.mean", "inputs": {"image": from_input("photo")}}},
        {"photo": {"type": "image"}},
        {"mean": "work"},
    )

    results = run(make, graph, [{"photo": str(tmp_path / name)} for name in ("bad.png", "good.png")])

    assert [results[0].state, results[1].state] == ["failed", "done"]
    assert results[0].error["code"].startswith("E5")


def test_values_that_the_cache_lost_are_made_again(make: Make, studio: Studio, probe: Probe) -> None:
    graph = graph_of(
        {"paint": {"type": "fake.image", "inputs": {"seed": from_input("seed"), "side": 100}}},
        {"seed": {"type": "int"}},
        {"picture": "paint"},
    )
    rows = [{"seed": number} for number in range(6)]
    run(make, graph, rows)
    studio.cache.flush()
    studio.cache.memory.clear()
    blobs = [path for path in (studio.settings.cache_dir / "blobs").rglob("*") if path.is_file()]
    for blob in blobs:
        blob.unlink()

    results = run(make, graph, rows)

    assert [results[index].state for index in range(6)] == ["done"] * 6
    assert all(results[index].values["picture"].stored.shape == (100, 100, 3) for index in range(6))
    assert (len(blobs), probe.calls["image"]) == (6, 12)


def test_files_that_nodes_write_go_to_a_folder_of_the_item(make: Make, tmp_path: Path) -> None:
    with Studio() as full:
        graph = graph_of(
            {
                "paint": {"type": "image.new", "inputs": {"width": 8, "height": 8, "color": from_input("color")}},
                "keep": {"type": "image.save", "inputs": {"image": {"from": "paint"}, "path": "side/kept.png"}},
            },
            {"color": {"type": "text"}},
            {"kept": "keep"},
        )
        rows = [{"name": "r", "color": "red"}, {"name": "b", "color": "blue"}]

        states = [item.state for item in package.batch(graph, rows, tmp_path / "out", workers=0, studio=full)]

    assert states == ["done", "done"]
    assert (tmp_path / "out/r/side/kept.png").read_bytes() != (tmp_path / "out/b/side/kept.png").read_bytes()


def test_python_yields_values_as_they_come(studio: Studio) -> None:
    results = package.batch(ADDING, ({"name": f"n{n}", "a": n} for n in range(30)), studio=studio)

    assert {item.name: item["sum"] for item in results} == {f"n{n}": n + 1 for n in range(30)}


def test_a_batch_keeps_few_pages_of_the_index_in_memory(make: Make, studio: Studio) -> None:
    run(make, ADDING, [{"a": 1}])

    assert studio.cache.disk is not None
    assert studio.cache.disk.table._connection.execute("pragma cache_size").fetchone() == (-512,)


# -- files ---------------------------------------------------------------------------------------------------

SAVING = graph_of(
    {
        "one": {"type": "fake.write", "inputs": {"a": from_input("a"), "path": "x.txt"}},
        "two": {"type": "fake.write", "inputs": {"a": 2, "path": from_input("path")}},
    },
    {"a": {"type": "int"}, "path": {"type": "path", "default": "y.txt"}},
    {"one": "one", "two": "two"},
)


def write_items(studio: Studio, rows: list[dict[str, Any]], folder: Path, **options: Any) -> list[Any]:
    return list(package.batch(SAVING, rows, folder, workers=0, studio=studio, **options))


def test_two_nodes_of_an_item_that_write_one_name_are_refused_as_in_a_run(studio: Studio, tmp_path: Path) -> None:
    (item,) = write_items(studio, [{"name": "m", "a": 1, "path": "x.txt"}], tmp_path / "out")

    assert (item.state, item.error["code"]) == ("failed", "E314")


def test_an_output_does_not_overwrite_what_a_node_of_the_item_wrote(studio: Studio, tmp_path: Path) -> None:
    rows = [{"name": "m", "a": 1, "path": "one.json"}]

    (item,) = write_items(studio, rows, tmp_path / "out", name="m/{output}.{ext}")

    assert (item.state, item.error["code"]) == ("failed", "E314")


def test_an_item_that_runs_again_may_write_its_files_again(make: Make, studio: Studio, tmp_path: Path) -> None:
    batch = make(SAVING, [{"name": "m", "a": 1}], tmp_path / "out")
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()

    with contextlib.closing(ItemExecutor(studio, batch.spec, lambda worker, result: results.put(result))) as executor:
        for _ in range(2):
            executor.start(list(batch.items()))
            result = results.get(timeout=60)
            assert result.state == "done", result.error


def test_an_item_is_not_done_while_the_disk_refuses_the_names_of_its_files(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(output_folder, "sync_folder", refuse)

    (item,) = write_items(studio, [{"name": "m", "a": 1}], tmp_path / "out")

    assert (item.state, item.error["code"]) == ("failed", "E312")


def test_an_items_files_and_folders_have_durable_names_when_it_is_reported(
    make: Make, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable: dict[Path, set[str]] = {}
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    monkeypatch.setattr(output_folder, "sync_folder", lambda folder: durable.update({folder: set(os.listdir(folder))}))
    batch = make(SAVING, [{"name": "deep/m", "a": 1}], tmp_path / "out")

    def report(worker: Worker, result: Any) -> None:
        results.put((result.state, dict(durable)))

    with contextlib.closing(ItemExecutor(studio, batch.spec, report)) as executor:
        executor.start(list(batch.items()))
        state, seen = results.get(timeout=60)

    out = (tmp_path / "out").resolve()
    assert state == "done"
    assert "deep" in seen[out]
    assert {"m", "m_one.json", "m_two.json"} <= seen[out / "deep"]
    assert out / "deep/m" in seen


def test_plugins_observe_the_runs_of_a_batch(tmp_path: Path, probe: Probe) -> None:
    events: list[Any] = []
    observer = SimpleNamespace(studio_event=hookimpl(lambda event: events.append(event)))
    plugins = [("fakes", FakePlugin(probe)), ("observer", observer)]
    with package.Studio(Settings(cache_dir=tmp_path / "cache"), plugins=plugins, discover=False) as studio:
        results = list(package.batch(ADDING, [{"a": 1}, {"a": 2}], studio=studio))

    kinds = [type(event).__name__ for event in events]
    assert [result.state for result in results] == ["done", "done"]
    assert kinds.count("NodeFinished") == 2
    assert (kinds[0], kinds[-1]) == ("RunStarted", "RunFinished")
    assert len({event.run for event in events}) == 1


def test_a_bug_while_the_run_is_watched_fails_its_items_instead_of_hanging_them(
    make: Make, studio: Studio, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = graph_of(
        {"work": {"type": "fake.wait", "inputs": {"a": from_input("a"), "gate": "g", "cautious": True}}},
        {"a": {"type": "int"}},
        {"number": "work"},
    )
    batch = make(waiting, [{"a": 1}, {"a": 2}])
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def fail(self: OpenRun) -> bool:
        probe.wait_for("g")
        raise ValueError("a bug")

    monkeypatch.setattr(OpenRun, "watch", fail)

    with contextlib.closing(ItemExecutor(studio, batch.spec, lambda worker, result: results.put(result))) as executor:
        executor.start(list(batch.items()))
        found = sorted((results.get(timeout=60) for _ in range(2)), key=lambda result: result.index)
        probe.open("g")

    assert [(result.index, result.state, result.error["code"]) for result in found] == [
        (0, "failed", "E999"),
        (1, "failed", "E999"),
    ]
    assert found[0].error["message"] == "a bug in Studio: ValueError: a bug"


def test_the_threads_of_an_executor_do_not_keep_the_process_alive(make: Make, studio: Studio) -> None:
    before = {*threading.enumerate()}

    with contextlib.closing(ItemExecutor(studio, make(ADDING, []).spec, lambda worker, result: None)):
        started = {*threading.enumerate()} - before

        assert len(started) >= 3
        assert all(thread.daemon for thread in started)
