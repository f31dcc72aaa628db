"""`Demand`: who is ready when, why something is not available, and values that are freed at their last use."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, name_node, open_studio

from studio.api.events import Event, RunFinished
from studio.app import Studio
from studio.cache import MISSING
from studio.execution.call import Call, NodeStatus, Result, Unavailable
from studio.execution.demand import Demand
from studio.execution.values import Values
from studio.graph.source import Collected, Constant, Reference


def build_images(length: int) -> dict[str, Any]:
    """Return a chain of images of 3 MiB with a number at its end."""
    nodes: dict[str, Any] = {"n0": ("fake.image", {"side": 1024})}
    nodes |= {f"n{i}": ("fake.shift", {"image": f"@n{i - 1}", "by": 1}) for i in range(1, length)}
    nodes["end"] = ("fake.mean", {"image": f"@n{length - 1}"})
    return graph(nodes, end="end")


@pytest.mark.parametrize("mode", ["use", "off"])
def test_values_are_freed_at_their_last_use(tmp_path: Path, probe: Probe, mode: Any) -> None:
    with open_studio(tmp_path, probe, on_disk=False, memory_bytes=0) as studio:
        assert studio.run(build_images(30), cache=mode).status == "done"

    assert probe.largest <= 4  # 30 images were made


def test_nothing_is_held_when_a_run_ends_but_its_outputs(tmp_path: Path, probe: Probe) -> None:
    nodes = {
        "i": ("fake.image", {"seed": [1, 2, 3]}),
        "s": ("fake.shift", {"image": "@i"}),
        "x": ("fake.image", {"seed": 9}),
        "even": ("fake.is_even", {"a": 3}),
        "skipped": name_node("fake.shift", {"image": "@x"}, "even"),
        "m": ("fake.mean_all", {"images": "@s"}),
        "g": ("fake.mean_all", {"images": ["@x", "@x"]}),
    }
    alive: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            gc.collect()
            alive.append(probe.alive)

    with open_studio(tmp_path, probe, on_disk=False, memory_bytes=0) as studio:
        studio.run(graph(nodes, m="m", g="g", skipped="skipped"), on_event=listen)

    assert alive == [0]


def test_a_mapped_graph_that_fails_in_one_copy_holds_no_value_of_the_others(tmp_path: Path, probe: Probe) -> None:
    nodes = {
        "i": ("fake.image", {"seed": "@inputs.a"}),
        "s": ("fake.shift", {"image": "@i"}),
        "f": ("fake.fail_at", {"a": "@inputs.a", "bad": 2}),
    }
    inner = graph(nodes, image="s", number="f") | {"inputs": {"a": {"type": "int"}}}
    (tmp_path / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    outer = graph({"g": ("graph:inner.json", {"a": [1, 2, 3]})}, images="g.image", numbers="g.number")
    (tmp_path / "outer.json").write_text(json.dumps(outer), encoding="utf-8")
    alive: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            gc.collect()
            alive.append(probe.alive)

    with open_studio(tmp_path / "cache", probe, on_disk=False, memory_bytes=0) as studio:
        assert studio.run(tmp_path / "outer.json", on_event=listen).status == "failed"

    assert (probe.calls["shift"], alive) == (3, [0])


# -- nodes by hand -------------------------------------------------------------------------------------


class Runner:
    """A run that runs nothing."""

    def run_call(self, call: Call) -> list[Call]:
        """Run nothing."""
        return []


def make_demand(memory_studio: Studio, document: dict[str, Any], *, videos_are_written: bool = False) -> Demand:
    """Return the demand of a graph, of which nothing is asked yet."""
    plan = memory_studio.plan(memory_studio.load(document))
    demand = Demand(Values(memory_studio.executor.services, None), plan, videos_are_written)
    demand.add_plan(plan, Runner())
    return demand


def ask(demand: Demand, *names: str) -> set[str]:
    """Ask for nodes; return those that are ready."""
    return {state.node.id for state in demand.ask(demand.states[name] for name in names)}


def settle(demand: Demand, name: str, status: NodeStatus = NodeStatus.DONE, **why: Any) -> set[str] | None:
    """Settle a node; return the nodes that are ready because of it."""
    state = demand.states[name]
    if status is NodeStatus.DONE:
        assert state.node.node_type is not None
        call = Call(state, state.node.node_type, {}, 0)
        state.outputs = {output: Result("1" * 64, 1, call=call) for output in state.node.outputs}
    ready = demand.settle(state, status, **why)
    return None if ready is None else {one.node.id for one in ready}


DIAMOND = {
    "a": ("fake.add", {"a": 1}),
    "b": ("fake.add", {"a": "@a"}),
    "c": ("fake.add", {"a": "@a"}),
    "d": ("fake.add", {"a": "@b", "b": "@c"}),
    "apart": ("fake.add", {"a": 5}),
}


@pytest.fixture
def diamond(memory_studio: Studio) -> Demand:
    """The demand of a diamond."""
    return make_demand(memory_studio, graph(DIAMOND, o="d", p="apart"))


def test_only_what_is_asked_for_and_what_that_needs_is_demanded(diamond: Demand) -> None:
    assert ask(diamond, "d") == {"a"}
    assert {name for name, state in diamond.states.items() if state.demanded} == {"a", "b", "c", "d"}
    assert ask(diamond, "d", "b") == set()  # once is enough


def test_a_node_is_ready_when_the_last_node_that_it_waits_for_is_settled(diamond: Demand) -> None:
    ask(diamond, "d")

    assert settle(diamond, "a") == {"b", "c"}
    assert settle(diamond, "b") == set()
    assert settle(diamond, "c") == {"d"}


def test_a_node_is_settled_once(diamond: Demand) -> None:
    ask(diamond, "d")
    settle(diamond, "a")

    assert settle(diamond, "a", NodeStatus.FAILED) is None
    assert diamond.states["a"].status is NodeStatus.DONE


def test_a_value_is_freed_after_its_last_reader_and_an_output_is_kept(diamond: Demand) -> None:
    ask(diamond, "d", "apart")
    for name in ("a", "apart", "b"):
        settle(diamond, name)
    (first,), (other,) = diamond.states["a"].outputs.values(), diamond.states["apart"].outputs.values()
    assert first.value == 1
    settle(diamond, "c")

    assert first.value is MISSING
    assert other.value == 1


def test_a_node_without_readers_is_freed_at_once(memory_studio: Studio) -> None:
    demand = make_demand(memory_studio, graph({"p": ("fake.pair", {"a": 1})}, o="p.low"))
    ask(demand, "p")
    settle(demand, "p")
    outputs = demand.states["p"].outputs

    assert (outputs["low"].value, outputs["high"].value) == (1, MISSING)


def test_what_follows_a_skipped_node_is_skipped_and_what_follows_a_failed_one_says_failed(diamond: Demand) -> None:
    ask(diamond, "d")
    settle(diamond, "a", NodeStatus.SKIPPED, skipped_for=Unavailable("its 'when' is false"))
    assert diamond.find_args(diamond.states["b"]) == Unavailable("'a' was skipped")
    settle(diamond, "b", NodeStatus.SKIPPED, skipped_for=Unavailable("'x' failed", failed=True))
    settle(diamond, "c", NodeStatus.FAILED)

    assert diamond.find_args(diamond.states["d"]) == Unavailable("'x' failed", failed=True)
    assert diamond.find_result(Reference("c", "o")) == Unavailable("'c' failed", failed=True)
    assert diamond.find_result(Reference("d", "o")) == Unavailable("'d' did not run", failed=True)


def test_a_list_is_available_if_all_its_entries_are(diamond: Demand) -> None:
    ask(diamond, "d")
    settle(diamond, "a")
    (output,) = diamond.states["a"].outputs
    source = Collected((Reference("a", output), Constant(3)))
    found = diamond.find_result(source)

    assert isinstance(found, Result)
    assert found.entries is not None
    assert [entry.value for entry in found.entries] == [1, 3]
    assert isinstance(diamond.find_result(Collected((source, Reference("b", output)))), Unavailable)


def test_a_plan_that_is_removed_leaves_nothing(memory_studio: Studio) -> None:
    plan = memory_studio.plan(memory_studio.load(graph(DIAMOND, o="d")))
    demand = Demand(Values(memory_studio.executor.services, None), plan, False)
    demand.add_plan(plan, Runner())
    demand.remove_plan(plan, list(demand.states.values()))

    assert (demand.states, demand._uses) == ({}, {})


VIDEO = {
    "f": ("fake.film", {"n": 3}),
    "once": ("fake.invert", {"image": "@f"}),
    "v": ("fake.film", {"n": 4}),
    "one": ("fake.invert", {"image": "@v"}),
    "two": ("fake.invert", {"image": "@v"}),
    "m": ("fake.film", {"n": 4}),
    "each": ("fake.frame_at", {"video": "@m", "index": [0, 1]}),
}


@pytest.mark.parametrize(
    ("node", "written", "once"),
    [
        ("f", False, True),
        ("v", False, False),
        ("m", False, False),
        ("once", False, False),
        ("once", True, True),
        ("two", True, False),
    ],
)
def test_a_video_is_read_once_by_a_single_node_or_by_the_file_it_is_written_to(
    memory_studio: Studio, node: str, written: bool, once: bool
) -> None:
    document = graph(VIDEO, a="once", b="one", c="two", d="two", e="each")
    demand = make_demand(memory_studio, document, videos_are_written=written)
    state = demand.states[node]
    assert state.node.node_type is not None
    (output,) = state.node.outputs

    assert demand.is_read_once(Call(state, state.node.node_type, {}, 0), output) is once
