"""`OpenRun`: plans join at any time, share equal calls, end one by one, and leave nothing behind."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import PATIENCE_SECONDS, Probe, graph, open_studio

from studio.api import OutputPath
from studio.app import Studio
from studio.execution.call import LostValue
from studio.execution.control import Control
from studio.execution.open_run import OpenRun, PlanOutcome
from studio.execution.options import RunOptions
from studio.execution.plan import Plan


class Desk:
    """An open run and the keys of the plans that are done."""

    def __init__(self, studio: Studio, **options: Any) -> None:
        self.studio = studio
        self.done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.control = Control()
        self.run: OpenRun = studio.local_executor.open_run(
            self.done.put, control=self.control, options=RunOptions(**options)
        )

    def plan(self, document: Any, folder: Path | None = None) -> Plan:
        """Return a plan of a graph."""
        if folder is not None:
            (folder / "outer.json").write_text(json.dumps(document), encoding="utf-8")
            document = folder / "outer.json"
        return self.studio.plan(self.studio.load(document))

    def add(self, **plans: Any) -> None:
        """Add graphs or plans by key, each with a folder of that name."""
        self.run.add({key: (p if isinstance(p, Plan) else self.plan(p), key) for key, p in plans.items()})

    def wait(self) -> str:
        """Return the key of the next plan that is done."""
        return self.done.get(timeout=PATIENCE_SECONDS)

    def finish(self, key: str) -> dict[str, Any]:
        """Return the values of a plan that is done, and forget it."""
        outcome = self.run.collect(key)
        values = {name: self.run.load(result) for name, result in outcome.results.items()}
        self.run.forget(key)
        return values


@pytest.fixture
def desk(studio: Studio) -> Iterator[Desk]:
    """An open run."""
    made = Desk(studio)
    yield made
    made.run.close()


def add(number: int) -> dict[str, Any]:
    """Return a graph with a shared node and one of its own."""
    return graph({"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a", "b": number})}, o="b")


def test_every_plan_is_reported_once_with_its_own_values(desk: Desk) -> None:
    desk.add(**{f"p{number}": add(number) for number in range(20)})
    keys = [desk.wait() for _ in range(20)]

    assert sorted(keys) == sorted(f"p{number}" for number in range(20))
    assert {key: desk.finish(key) for key in keys} == {f"p{number}": {"o": 2 + number} for number in range(20)}
    assert desk.done.empty()


def test_a_plan_joins_while_another_runs_and_ends_before_it(desk: Desk, probe: Probe) -> None:
    desk.add(slow=graph({"w": ("fake.wait", {"gate": "g", "a": 7})}, o="w"))
    probe.wait_for("g")
    desk.add(quick=add(1))
    assert desk.wait() == "quick"
    probe.open("g")

    assert desk.wait() == "slow"
    assert desk.finish("slow") == {"o": 7}


def test_equal_calls_of_several_plans_run_once_and_are_counted_as_found(desk: Desk, probe: Probe) -> None:
    desk.add(one=add(5), two=add(5))
    outcomes = [desk.run.collect(desk.wait()) for _ in range(2)]

    assert probe.calls["add"] == 2
    assert sum(outcome.calls for outcome in outcomes) == 4
    assert sum(outcome.cached for outcome in outcomes) == 2


def test_a_plan_without_nodes_is_done_at_once(desk: Desk) -> None:
    desk.add(
        empty={"studio": 1, "inputs": {"x": {"type": "int", "default": 3}}, "outputs": {"o": {"from": "inputs.x"}}}
    )

    assert desk.wait() == "empty"
    assert desk.finish("empty") == {"o": 3}


def collect(desk: Desk, document: dict[str, Any]) -> PlanOutcome:
    """Return what came of one graph."""
    desk.add(p=document)
    return desk.run.collect(desk.wait())


def test_an_error_reads_as_if_the_plan_had_been_the_only_one(desk: Desk) -> None:
    outcome = collect(desk, graph({"f": ("fake.fail", {}), "a": ("fake.add", {"a": 1})}, bad="f", good="a"))

    (error,) = outcome.errors
    assert (error.node, error.where) == ("f", "/nodes/f")
    assert error.message.startswith("node 'f' (fake.fail)")
    assert set(outcome.results) == {"good"}


def test_a_plan_is_done_when_the_branches_beside_a_failure_are(desk: Desk, probe: Probe) -> None:
    nodes = {"f": ("fake.fail", {}), "w": ("fake.wait", {"gate": "g"}), "t": ("fake.total", {"numbers": ["@f", "@w"]})}
    desk.add(p=graph(nodes, o="t"), q=graph({"f": ("fake.fail", {})}, o="f"))
    probe.wait_for("g")
    assert desk.wait() == "q"
    assert desk.done.empty()
    probe.open("g")

    assert desk.wait() == "p"


def test_what_nodes_log_is_in_the_outcome(desk: Desk) -> None:
    assert collect(desk, graph({"t": ("fake.talk", {"message": "mind the gap"})}, o="t")).warnings == ["mind the gap"]


def test_a_plan_that_is_forgotten_leaves_no_node_no_record_and_no_constant(desk: Desk) -> None:
    talk, total = ("fake.talk", {"message": "x"}), ("fake.total", {"numbers": [3, "@t"]})
    desk.add(p=graph({"t": talk}, o="t"), q=graph({"t": talk, "a": total}, o="a"))
    for _ in range(2):
        desk.finish(desk.wait())
    run = desk.run._run

    assert (run.demand.states, run.demand._uses, run.reporter.records, run.values._constants) == ({}, {}, {}, {})


def test_copies_of_a_mapped_graph_are_forgotten_too(desk: Desk, tmp_path: Path) -> None:
    inner = graph({"x": ("fake.add", {"a": "@inputs.a"})}, o="x") | {"inputs": {"a": {"type": "int"}}}
    (tmp_path / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    outer = graph({"g": ("graph:inner.json", {"a": [1, 2, 3]})}, o="g")
    desk.add(p=desk.plan(outer, tmp_path))
    assert desk.wait() == "p"
    outcome = desk.run.collect("p")

    assert outcome.calls == 3
    assert desk.finish("p") == {"o": [2, 3, 4]}
    assert desk.run._run.demand.states == {}


def test_files_go_to_the_folder_of_their_plan_also_from_copies_of_a_mapped_graph(
    studio: Studio, tmp_path: Path
) -> None:
    names: list[str] = []

    def resolve(name: str) -> OutputPath:
        names.append(name)
        return OutputPath(name, tmp_path / name)

    inner = graph({"x": ("fake.write", {"a": "@inputs.a", "path": "x.txt"})}, o="x") | {
        "inputs": {"a": {"type": "int"}}
    }
    (tmp_path / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    desk = Desk(studio, reserve_path=resolve)
    desk.add(one=desk.plan(graph({"g": ("graph:inner.json", {"a": [1, 2]})}, o="g"), tmp_path))
    desk.wait()
    desk.add(two=graph({"x": ("fake.write", {"a": 1, "path": "y.txt"})}, o="x"))
    desk.wait()
    desk.run.close()

    assert set(names) == {"one/x.txt", "two/y.txt"}


def test_a_lost_value_is_made_again_and_then_said_to_be_there(tmp_path: Path, probe: Probe) -> None:
    with open_studio(tmp_path, probe) as studio:
        desk = Desk(studio)
        desk.add(p=graph({"i": ("fake.image", {"side": 128})}, o="i"))
        desk.wait()
        (result,) = desk.run.collect("p").results.values()
        assert result.call is not None
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        for _ in range(2):  # it may be lost again
            studio.cache.discard([result.call.fingerprint or ""], [result.digest])
            result.forget_value()
            with pytest.raises(LostValue) as lost:
                desk.run.load(result)
            desk.run.remake(lost.value, answers.put)

            assert answers.get(timeout=PATIENCE_SECONDS) is True
            assert desk.run.load(result).width == 128
        desk.run.close()
    assert probe.calls["image"] == 3


def test_a_call_over_the_time_limit_fails_when_the_run_is_watched(studio: Studio, probe: Probe) -> None:
    desk = Desk(studio, node_timeout_seconds=0.0)
    desk.add(p=graph({"w": ("fake.wait", {"gate": "g"})}, o="w"))
    probe.wait_for("g")
    assert desk.run.watch() is False
    assert desk.wait() == "p"
    probe.open("g")

    assert [error.code for error in desk.run.collect("p").errors] == ["E305"]
    desk.run.close()


def test_a_closed_run_starts_nothing_more(studio: Studio, probe: Probe) -> None:
    desk = Desk(studio)
    desk.run.close()
    desk.add(p=add(1))

    assert desk.control.cancelled
    assert studio.run(add(3))["o"] == 5
    assert probe.calls["add"] == 2
