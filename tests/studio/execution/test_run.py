"""`Run`: what runs, how often and in what order; the result of a graph is that of its functions."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes import PATIENCE_SECONDS, Probe, graph, open_studio

from studio.app import RunResult, Studio
from studio.execution import pending_work
from studio.execution.call import Call
from studio.execution.control import Control
from studio.execution.run import Run

CHAIN = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.add", {"a": "@b"})}


def build_chain(length: int) -> dict[str, Any]:
    """Return a graph in which each node takes what the one before it made."""
    nodes: dict[str, Any] = {"n0": ("fake.add", {"a": 0})}
    nodes |= {f"n{i}": ("fake.add", {"a": f"@n{i - 1}"}) for i in range(1, length)}
    return graph(nodes, end=f"n{length - 1}")


def test_a_chain_gives_what_the_functions_give(studio: Studio) -> None:
    assert studio.run(graph(CHAIN, o="c")).outputs == {"o": 4}


def test_a_shared_node_runs_once(studio: Studio, probe: Probe) -> None:
    nodes = {
        "a": ("fake.add", {"a": 5}),
        "b": ("fake.add", {"a": "@a", "b": 2}),
        "c": ("fake.add", {"a": "@a", "b": 3}),
        "d": ("fake.add", {"a": "@b", "b": "@c"}),
    }
    result = studio.run(graph(nodes, o="d"))

    assert result["o"] == 17
    assert probe.calls["add"] == 4


def test_a_fan_of_a_thousand_runs_each_node_once(studio: Studio, probe: Probe) -> None:
    nodes: dict[str, Any] = {"a": ("fake.add", {"a": 0})}
    nodes |= {f"n{i}": ("fake.add", {"a": "@a", "b": i}) for i in range(2, 1000)}
    result = studio.run(graph(nodes, **{f"o{i}": f"n{i}" for i in range(2, 1000)}))

    assert result.outputs == {f"o{i}": i + 1 for i in range(2, 1000)}
    assert probe.calls["add"] == 999


def test_only_what_the_chosen_outputs_need_runs(studio: Studio, probe: Probe) -> None:
    studio.run(graph(CHAIN, first="a", last="c"), only=["first"])

    assert probe.calls["add"] == 1


def test_outputs_of_one_node_are_distinguished_by_name(studio: Studio) -> None:
    nodes = {"p": ("fake.pair", {"a": 7}), "s": ("fake.add", {"a": "@p.high", "b": "@p.low"})}

    assert studio.run(graph(nodes, low="p.low", high="p.high", sum="s")).outputs == {"low": 6, "high": 8, "sum": 14}


def test_nodes_with_equal_fingerprints_run_once_within_a_run(studio: Studio, probe: Probe) -> None:
    nodes = {f"n{i}": ("fake.add", {"a": 1, "b": 1}) for i in range(50)}
    nodes["sum"] = ("fake.total", {"numbers": [f"@n{i}" for i in range(50)]})

    assert studio.run(graph(nodes, o="sum"))["o"] == 100
    assert probe.calls["add"] == 1


def test_twin_chains_run_once(studio: Studio, probe: Probe) -> None:
    nodes: dict[str, Any] = {}
    for twin in "xy":
        nodes[f"{twin}0"] = ("fake.add", {"a": 0})
        nodes |= {f"{twin}{i}": ("fake.add", {"a": f"@{twin}{i - 1}"}) for i in range(1, 300)}
    result = studio.run(graph(nodes, x="x299", y="y299"))

    assert result.outputs == {"x": 300, "y": 300}
    assert probe.calls["add"] == 300


def test_a_chain_of_ten_thousand_needs_no_recursion(tmp_path: Path, probe: Probe) -> None:
    with open_studio(tmp_path, probe, on_disk=False) as studio:
        assert studio.run(build_chain(10_000))["end"] == 10_000
        assert studio.run(build_chain(10_000))["end"] == 10_000
    assert probe.calls["add"] == 10_000


def test_independent_nodes_of_the_cpu_lane_run_side_by_side(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.wait", {"gate": "a"}), "b": ("fake.wait", {"gate": "b"})}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(studio.run, graph(nodes, a="a", b="b"))
        probe.wait_for("a")
        probe.wait_for("b")  # both are there at once
        probe.open("a")
        probe.open("b")

        assert running.result(30).status == "done"


def test_status_tells_all_some_and_none_apart(studio: Studio) -> None:
    nodes = {"a": ("fake.add", {"a": 1}), "f": ("fake.fail", {})}

    assert studio.run(graph(nodes, o="a")).status == "done"
    assert studio.run(graph(nodes, o="a", p="f")).status == "partly done"
    assert studio.run(graph(nodes, p="f")).status == "failed"


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_give_what_plain_evaluation_gives(studio: Studio, probe: Probe, seed: int) -> None:
    rng = random.Random(seed)
    nodes: dict[str, Any] = {}
    values: dict[str, int] = {}
    for index in range(60):
        known = list(values)
        a = rng.choice(known) if known and rng.random() < 0.8 else rng.randrange(5)
        b = rng.choice(known) if known and rng.random() < 0.5 else rng.randrange(5)
        nodes[f"n{index}"] = (
            "fake.add",
            {"a": f"@{a}" if isinstance(a, str) else a, "b": f"@{b}" if isinstance(b, str) else b},
        )
        values[f"n{index}"] = (values[a] if isinstance(a, str) else a) + (values[b] if isinstance(b, str) else b)
    outputs = {f"o{name}": name for name in rng.sample(list(values), 8)}
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: studio.run(graph(nodes, **outputs)), range(2)))

    assert all(result.outputs == {name: values[source] for name, source in outputs.items()} for result in results)
    assert all(count == 1 for name, count in probe.calls.items() if name.startswith("add "))


# -- stacks of several runs -----------------------------------------------------------------------------------


@contextmanager
def start_runs(
    studio: Studio, probe: Probe, node_type: str, groups: Sequence[str], controls: Sequence[Control]
) -> Iterator[list[Future[RunResult]]]:
    """Start runs of one node each while the lane of the device is held; let them go when all wait there."""
    gate = graph({"a": ("fake.hang_on_device", {"gate": "lane"})}, o="a")
    lane = studio.local_executor.lanes._lanes["device"]
    with ThreadPoolExecutor(len(groups) + 1) as pool:
        pool.submit(studio.run, gate)
        probe.wait_for("lane")
        runs: list[Future[RunResult]] = []
        for n, (group, control) in enumerate(zip(groups, controls, strict=True)):
            one = graph({"a": (node_type, {"a": n})}, o="a")
            runs.append(pool.submit(studio.run, one, control=control, stack_group=group))
            while len(lane._queue) < len(runs):  # the first leads the stack
                time.sleep(0.001)
        probe.open("lane")
        yield runs


def test_calls_of_runs_of_one_group_are_stacked_and_each_run_gets_its_own(studio: Studio, probe: Probe) -> None:
    groups = ["g", "g", "", "g", "h"]

    with start_runs(studio, probe, "fake.stacked", groups, [Control() for _ in groups]) as runs:
        results = [run.result() for run in runs]

    assert [result["o"] for result in results] == [0, 10, 20, 30, 40]
    assert sorted(probe.stacks) == [1, 1, 3]
    assert all(result.manifest["cache"]["hits"] == 0 for result in results)


@pytest.mark.parametrize("cancelled", [0, 1])
def test_a_run_that_is_cancelled_in_a_stack_does_not_end_the_others(
    studio: Studio, probe: Probe, cancelled: int
) -> None:
    controls = [Control() for _ in range(3)]

    with start_runs(studio, probe, "fake.stacked_wait", ["g"] * 3, controls) as runs:
        probe.wait_for("stack")
        controls[cancelled].cancel()
        if not cancelled:  # its context is that of the stack
            assert runs[cancelled].result().status == "cancelled"
        probe.open("stack")
        runs[cancelled].result()
        others = [run.result() for number, run in enumerate(runs) if number != cancelled]

    assert [result["o"] for result in others] == [number for number in range(3) if number != cancelled]
    assert probe.stacks[0] == 3


@pytest.mark.parametrize("cancelled", [0, 1])
def test_nothing_runs_beside_a_stack_that_goes_on_without_a_run_that_is_cancelled(
    studio: Studio, probe: Probe, monkeypatch: pytest.MonkeyPatch, cancelled: int
) -> None:
    monkeypatch.setattr(pending_work, "_LOAD_GRACE_SECONDS", 0.01)
    controls = [Control(), Control()]

    with start_runs(studio, probe, "fake.stacked_exhausted", ["g"] * 2, controls) as runs, ThreadPoolExecutor() as pool:
        probe.wait_for("stack")
        behind = pool.submit(studio.run, graph({"a": ("fake.hang_on_device", {"gate": "behind"})}, o="a"))
        try:
            while not studio.local_executor.lanes._lanes["device"]._queue:
                time.sleep(0.001)
            controls[cancelled].cancel()
            assert runs[cancelled].result(PATIENCE_SECONDS).status == "cancelled"
            assert not probe.find_gate("at behind").wait(0.1)
        finally:
            probe.open("stack")
            probe.open("behind")

        other = runs[1 - cancelled].result(PATIENCE_SECONDS)
        assert other.outputs == {"o": 1 - cancelled}  # though the stack ran out of memory
        assert behind.result(PATIENCE_SECONDS).status == "done"


def test_another_thread_takes_the_place_of_one_whose_whole_stack_is_cancelled(
    studio: Studio, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_work, "_LOAD_GRACE_SECONDS", 0.01)
    controls = [Control(), Control()]

    with start_runs(studio, probe, "fake.stacked_exhausted", ["g"] * 2, controls) as runs:
        probe.wait_for("stack")
        for control in controls:
            control.cancel()
        try:
            assert [run.result(PATIENCE_SECONDS).status for run in runs] == ["cancelled"] * 2
            assert studio.run(graph({"a": ("fake.on_device", {"a": 1})}, o="a"))["o"] == 2
        finally:
            probe.open("stack")


def test_a_call_that_starts_again_may_be_taken_by_another_thread_at_once(
    studio: Studio, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls, resume = [Control(), Control()], Run._resume
    lane = studio.local_executor.lanes._lanes["device"]
    threads: list[threading.Thread] = []

    def resume_and_take(run: Run, call: Call) -> None:
        resume(run, call)
        for taken in lane.take_if(lambda queued: queued is call, 1):
            threads.append(threading.Thread(target=run.run_call, args=(taken,)))
            threads[-1].start()
        while len(probe.stacks) < 2:  # this thread is not done with the stack before the other has begun
            time.sleep(0.001)

    monkeypatch.setattr(Run, "_resume", resume_and_take)
    with start_runs(studio, probe, "fake.stacked_wait", ["g"] * 2, controls) as runs:
        probe.wait_for("stack")
        controls[0].cancel()
        assert runs[0].result(PATIENCE_SECONDS).status == "cancelled"
        while lane._busy:
            time.sleep(0.001)
        probe.open("stack")
        try:
            assert runs[1].result(PATIENCE_SECONDS).outputs == {"o": 1}
        finally:
            controls[1].cancel()
    threads[0].join()


def test_a_call_that_fails_in_a_stack_of_several_runs_fails_its_run_alone(studio: Studio, probe: Probe) -> None:
    with start_runs(studio, probe, "fake.stacked_fail", ["g"] * 3, [Control() for _ in range(3)]) as runs:
        results = [run.result() for run in runs]

    assert [result.status for result in results] == ["done", "failed", "done"]
    assert (results[0]["o"], results[2]["o"]) == (0, 2)
    assert "one is invalid" in str(results[1].errors[0])
    assert probe.stacks == [3, 1, 1, 1]
    lines = [result.manifest["nodes"]["a"]["warnings"] for result in results]
    assert [[line for line in own if line.endswith("ran alone") and "stack" not in line] for own in lines] == [
        [f"{number} ran alone"] for number in range(3)
    ]


def test_a_stack_of_several_runs_that_returns_too_few_results_fails_them_all(studio: Studio, probe: Probe) -> None:
    with start_runs(studio, probe, "fake.short_stack", ["g"] * 2, [Control(), Control()]) as runs:
        results = [run.result() for run in runs]

    assert [result.status for result in results] == ["failed", "failed"]
    assert all("2 results" in str(result.errors[0]) for result in results)
