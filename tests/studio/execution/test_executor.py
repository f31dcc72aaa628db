"""The executor's conformance suite: what runs, how often, in what order, and what comes of it."""

from __future__ import annotations

import gc
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, Recorder, get_error, graph, name_node, open_studio

from studio.api.events import Event, NodeFinished, NodeProgressed, NodeStarted, RunFinished
from studio.app import Studio
from studio.execution.outcome import RunOptions

CHAIN = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.add", {"a": "@b"})}


def build_chain(length: int) -> dict[str, Any]:
    """Return a graph in which each node takes what the one before it made."""
    nodes: dict[str, Any] = {"n0": ("fake.add", {"a": 0})}
    nodes |= {f"n{i}": ("fake.add", {"a": f"@n{i - 1}"}) for i in range(1, length)}
    return graph(nodes, end=f"n{length - 1}")


# -- order and sharing ---------------------------------------------------------------------------------


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


def test_outputs_of_one_node_are_told_apart_by_name(studio: Studio) -> None:
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


# -- the cache -----------------------------------------------------------------------------------------


def test_a_second_run_runs_nothing(studio: Studio, probe: Probe) -> None:
    studio.run(graph(CHAIN, o="c"))
    result = studio.run(graph(CHAIN, o="c"))

    assert result["o"] == 4
    assert probe.calls["add"] == 3
    assert result.manifest["cache"] == {"hits": 3, "calls": 3}


def test_a_second_studio_on_the_folder_runs_nothing(tmp_path: Path, probe: Probe) -> None:
    with open_studio(tmp_path, probe) as studio:
        studio.run(graph(CHAIN, o="c"))
    with open_studio(tmp_path, probe) as studio:
        assert studio.run(graph(CHAIN, o="c"))["o"] == 4
    assert probe.calls["add"] == 3


def test_an_equal_value_cuts_off_what_follows(studio: Studio, probe: Probe) -> None:
    def build(sign: int) -> dict[str, Any]:
        return graph({"a": ("fake.square", {"a": sign * 3.0}), "b": ("fake.square", {"a": "@a"})}, o="b")

    studio.run(build(1))
    studio.run(build(-1))

    assert probe.calls["square"] == 3  # the second run's first node, and nothing behind it


def test_renaming_and_reordering_runs_nothing_again(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.add", {"a": 1, "b": 2}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.pair", {"a": "@b"})}
    studio.run(graph(nodes, o="c.low"))
    before = dict(probe.calls)
    renamed = {"z": ("fake.pair", {"a": "@y"}), "y": ("fake.add", {"a": "@x"}), "x": ("fake.add", {"b": 2, "a": 1})}
    studio.run(graph(renamed, other="z.low"))

    assert dict(probe.calls) == before


def test_a_default_and_the_same_value_given_are_one(studio: Studio, probe: Probe) -> None:
    studio.run(graph({"a": ("fake.add", {"a": 1})}, o="a"))
    studio.run(graph({"a": ("fake.add", {"a": 1, "b": 1})}, o="a"))

    assert probe.calls["add"] == 1


def test_recompute_runs_each_time_and_what_follows_only_if_it_differs(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.again", {"a": 1}), "b": ("fake.add", {"a": "@a"})}
    studio.run(graph(nodes, o="b"))
    studio.run(graph(nodes, o="b"))

    assert (probe.calls["again"], probe.calls["add"]) == (2, 1)


def test_never_runs_each_time(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.effect", {"a": 1}), "b": ("fake.add", {"a": "@a"})}
    for _ in range(2):
        assert studio.run(graph(nodes, o="b"))["o"] == 3

    assert (probe.calls["effect"], probe.calls["add"]) == (2, 1)


def test_refresh_runs_everything_and_keeps_it(studio: Studio, probe: Probe) -> None:
    studio.run(graph(CHAIN, o="c"))
    studio.run(graph(CHAIN, o="c"), cache="refresh")
    studio.run(graph(CHAIN, o="c"))

    assert probe.calls["add"] == 6


def test_off_neither_looks_nor_keeps(studio: Studio, probe: Probe) -> None:
    for _ in range(2):
        assert studio.run(graph(CHAIN, o="c"), cache="off")["o"] == 4
    studio.run(graph(CHAIN, o="c"))

    assert probe.calls["add"] == 9


def test_a_value_without_digest_makes_what_follows_run_each_time(studio: Studio, probe: Probe) -> None:
    nodes = {"a": ("fake.opaque", {}), "b": ("fake.look", {"value": "@a"}), "c": ("fake.same", {"value": "@b"})}
    for _ in range(2):
        assert studio.run(graph(nodes, o="c"))["o"] == "Blob"

    assert (probe.calls["opaque"], probe.calls["look"], probe.calls["same"]) == (2, 2, 1)


def test_two_threads_with_one_graph_compute_each_node_once(studio: Studio, probe: Probe) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: studio.run(build_chain(200)), range(4)))

    assert [result["end"] for result in results] == [200] * 4
    assert probe.calls["add"] == 200


def test_who_waits_for_a_run_that_is_cancelled_computes_itself(studio: Studio, probe: Probe) -> None:
    from studio.execution.control import Control

    control = Control()
    document = graph({"w": ("fake.wait", {"gate": "g", "cautious": True}), "b": ("fake.add", {"a": "@w"})}, o="b")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(studio.run, document, control=control)
        probe.wait_for("g")
        second = pool.submit(studio.run, document)
        control.cancel()
        assert first.result(30).status == "cancelled"
        probe.open("g")

        assert second.result(30).outputs == {"o": 1}


def test_cancelling_one_who_waits_leaves_the_claim_with_who_computes(studio: Studio, probe: Probe) -> None:
    from studio.execution.control import Control

    control = Control()
    document = graph({"w": ("fake.wait", {"gate": "g"}), "b": ("fake.add", {"a": "@w"})}, o="b")
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(studio.run, document)
        probe.wait_for("g")
        second = pool.submit(studio.run, document, control=control)
        control.cancel()
        assert second.result(30).status == "cancelled"
        third = pool.submit(studio.run, document)
        probe.open("g")

        assert first.result(30)["o"] == third.result(30)["o"] == 1
    assert probe.calls["wait g"] == 1


# -- when, choice, optional inputs ---------------------------------------------------------------------


def test_when_false_skips_a_node_and_what_needs_it(studio: Studio, probe: Probe) -> None:
    nodes = {
        "even": ("fake.is_even", {"a": 3}),
        "a": name_node("fake.add", {"a": 1}, "even"),
        "b": ("fake.add", {"a": "@a"}),
        "c": ("fake.add", {"a": 10}),
    }
    recorder = Recorder()
    result = studio.run(graph(nodes, skipped="b", kept="c"), on_event=recorder)

    assert (result.status, result.outputs) == ("done", {"kept": 11})
    assert recorder.names("a") == recorder.names("b") == ["NodeSkipped"]


def test_when_true_runs_it(studio: Studio) -> None:
    nodes = {"even": ("fake.is_even", {"a": 2}), "a": name_node("fake.add", {"a": 1}, "even")}

    assert studio.run(graph(nodes, o="a")).outputs == {"o": 2}


def test_what_a_skipped_node_needs_does_not_run(studio: Studio, probe: Probe) -> None:
    nodes = {
        "even": ("fake.is_even", {"a": 3}),
        "dear": ("fake.pair", {"a": 1}),
        "a": name_node("fake.add", {"a": "@dear.low"}, "even"),
        "m": ("fake.maybe", {"a": "@a"}),
    }
    result = studio.run(graph(nodes, o="m"))

    assert result["o"] == "got None"
    assert probe.calls["pair"] == 0


def test_an_optional_input_without_default_gets_none_from_a_skipped_node(studio: Studio) -> None:
    nodes = {
        "even": ("fake.is_even", {"a": 3}),
        "a": name_node("fake.add", {"a": 1}, "even"),
        "m": ("fake.nullable", {"a": "@a"}),
    }

    assert studio.run(graph(nodes, o="m"))["o"] == "got None"


def test_a_failed_node_does_not_count_as_skipped_however_far_behind(studio: Studio, probe: Probe) -> None:
    nodes = {
        "f": ("fake.fail", {}),
        "a": ("fake.add", {"a": "@f"}),
        "b": ("fake.add", {"a": "@a"}),
        "m": ("fake.maybe", {"a": "@b"}),
    }
    result = studio.run(graph(nodes, o="m"))

    assert (result.status, result.outputs) == ("failed", {})
    assert probe.calls["maybe"] == 0


@pytest.mark.parametrize("other", ["fake.fail", "fake.wait"])
def test_a_choice_evaluates_only_the_branch_taken(studio: Studio, probe: Probe, other: str) -> None:
    nodes = {
        "bad": (other, {"gate": "never"} if other == "fake.wait" else {}),
        "good": ("fake.add", {"a": 1}),
        "index": ("fake.add", {"a": 0}),
        "p": ("fake.pick", {"index": "@index", "case_1": "@good", "case_2": "@bad"}),
    }
    result = studio.run(graph(nodes, o="p"))

    assert (result.status, result["o"]) == ("done", 2)
    assert probe.calls["fail"] == probe.calls["wait never"] == 0


def test_a_choice_reads_the_default_of_what_it_depends_on(studio: Studio) -> None:
    assert studio.run(graph({"a": ("fake.add", {"a": 1}), "p": ("fake.pick", {"case_1": "@a"})}, o="p"))["o"] == 2


def test_a_mapped_choice_evaluates_every_branch_that_some_entry_takes(studio: Studio) -> None:
    nodes = {
        "i": ("fake.count", {"n": 2, "start": 1}),
        "x": ("fake.add", {"a": 1}),
        "y": ("fake.add", {"a": 10}),
        "p": ("fake.pick", {"index": "@i", "case_1": "@x", "case_2": "@y"}),
    }

    assert studio.run(graph(nodes, o="p"))["o"] == [2, 11]


def test_a_choice_with_a_broken_rule_is_its_own_error(studio: Studio) -> None:
    result = studio.run(graph({"p": ("fake.broken_choice", {"a": 1}), "b": ("fake.add", {"a": 1})}, o="p", k="b"))

    assert (result.status, result.outputs) == ("partly done", {"k": 2})
    assert "no_such_thing" in get_error(result).message


# -- lists ---------------------------------------------------------------------------------------------


def test_a_list_at_a_single_input_maps_the_node(studio: Studio, probe: Probe) -> None:
    nodes = {
        "l": ("fake.count", {"n": 5}),
        "a": ("fake.add", {"a": "@l", "b": 10}),
        "t": ("fake.total", {"numbers": "@a"}),
    }
    result = studio.run(graph(nodes, each="a", all="t"))

    assert result.outputs == {"each": [10, 11, 12, 13, 14], "all": 60}
    assert probe.calls["add"] == 5


def test_two_lists_zip_and_a_list_of_one_stretches(studio: Studio) -> None:
    nodes = {
        "l": ("fake.count", {"n": 3}),
        "m": ("fake.count", {"n": 3, "start": 10}),
        "one": ("fake.count", {"n": 1, "start": 100}),
        "zip": ("fake.add", {"a": "@l", "b": "@m"}),
        "stretch": ("fake.add", {"a": "@l", "b": "@one"}),
    }
    result = studio.run(graph(nodes, zip="zip", stretch="stretch"))

    assert result.outputs == {"zip": [10, 12, 14], "stretch": [100, 101, 102]}


def test_lists_of_unequal_length_are_an_error(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 3}), "m": ("fake.count", {"n": 2}), "z": ("fake.add", {"a": "@l", "b": "@m"})}
    result = studio.run(graph(nodes, o="z"))

    assert get_error(result).code == "E308"
    assert "a: 3" in get_error(result).message


def test_a_table_maps_twice(studio: Studio) -> None:
    nodes = {
        "g": ("fake.grid", {"rows": 2, "columns": 3}),
        "a": ("fake.add", {"a": "@g", "b": 1}),
        "t": ("fake.total", {"numbers": "@g"}),
    }
    result = studio.run(graph(nodes, cells="a", rows="t"))

    assert result.outputs == {"cells": [[1, 2, 3], [4, 5, 6]], "rows": [3, 12]}


def test_a_list_written_in_the_graph_maps(studio: Studio) -> None:
    nodes = {"a": ("fake.add", {"a": [1, 2, 3]}), "n": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": ["@n", 5]})}

    assert studio.run(graph(nodes, a="a", b="b")).outputs == {"a": [2, 3, 4], "b": [3, 6]}


def test_an_empty_list_maps_to_an_empty_list(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 0}), "a": ("fake.add", {"a": "@l"}), "t": ("fake.total", {"numbers": "@a"})}

    assert studio.run(graph(nodes, a="a", t="t")).outputs == {"a": [], "t": 0}


def test_a_failing_entry_fails_the_node_and_names_itself(studio: Studio) -> None:
    nodes = {
        "l": ("fake.count", {"n": 5}),
        "f": ("fake.fail_at", {"a": "@l", "bad": 3}),
        "k": ("fake.total", {"numbers": "@l"}),
    }
    result = studio.run(graph(nodes, o="f", k="k"))

    assert (result.status, result.outputs) == ("partly done", {"k": 10})
    assert "'f[3]'" in get_error(result).message
    assert "a=3" in get_error(result).inputs  # type: ignore[attr-defined]  # a NodeError


def test_entries_that_were_made_before_are_not_made_again(studio: Studio, probe: Probe) -> None:
    studio.run(graph({"l": ("fake.count", {"n": 3}), "a": ("fake.add", {"a": "@l"})}, o="a"))
    result = studio.run(graph({"l": ("fake.count", {"n": 5}), "a": ("fake.add", {"a": "@l"})}, o="a"))

    assert result["o"] == [1, 2, 3, 4, 5]
    assert probe.calls["add"] == 5


def test_a_type_variable_carries_its_type_through(studio: Studio) -> None:
    nodes = {
        "i": ("fake.image", {}),
        "s": ("fake.same", {"value": "@i"}),
        "l": ("fake.images", {"n": 2}),
        "f": ("fake.first", {"values": "@l"}),
        "m": ("fake.mean", {"image": "@s"}),
        "n": ("fake.mean", {"image": "@f"}),
    }
    result = studio.run(graph(nodes, m="m", n="n"))

    assert result.status == "done"
    assert 0 < result["m"] < 1
    assert 0 < result["n"] < 1


def test_a_generator_function_streams_a_list(studio: Studio) -> None:
    nodes = {"s": ("fake.stream", {"n": 4}), "a": ("fake.add", {"a": "@s"})}

    assert studio.run(graph(nodes, s="s", a="a")).outputs == {"s": [0, 1, 2, 3], "a": [1, 2, 3, 4]}


# -- graphs in graphs ----------------------------------------------------------------------------------


def write_graph(path: Path, inputs: dict[str, Any], nodes: dict[str, Any], **outputs: str) -> None:
    """Write a graph file."""
    path.write_text(json.dumps(graph(nodes, **outputs) | {"inputs": inputs}))


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """A folder with `inner.json`: o = a + 1 + 10."""
    nodes = {"x": ("fake.add", {"a": "@inputs.a"}), "y": ("fake.add", {"a": "@x", "b": 10})}
    write_graph(tmp_path / "inner.json", {"a": {"type": "int"}}, nodes, o="y")
    return tmp_path


def run_file(studio: Studio, folder: Path, nodes: dict[str, Any], **outputs: str) -> Any:
    """Run a graph that stands in a folder."""
    write_graph(folder / "outer.json", {}, nodes, **outputs)
    return studio.run(folder / "outer.json")


def test_a_graph_file_is_a_node_type(studio: Studio, inner: Path) -> None:
    assert run_file(studio, inner, {"g": ("graph:inner.json", {"a": 5})}, o="g").outputs == {"o": 16}


def test_a_mapped_graph_gives_a_list(studio: Studio, inner: Path, probe: Probe) -> None:
    nodes = {
        "l": ("fake.count", {"n": 4}),
        "g": ("graph:inner.json", {"a": "@l"}),
        "t": ("fake.total", {"numbers": "@g"}),
    }
    recorder = Recorder()
    result = run_file(studio, inner, nodes, each="g", all="t")
    again = studio.run(inner / "outer.json", on_event=recorder)

    assert result.outputs == again.outputs == {"each": [11, 12, 13, 14], "all": 50}
    assert probe.calls["add"] == 8
    assert recorder.names("g") == ["NodeCached"]


def test_a_mapped_graph_over_a_table_and_over_nothing(studio: Studio, inner: Path) -> None:
    nodes = {
        "t": ("fake.grid", {"rows": 2, "columns": 2}),
        "g": ("graph:inner.json", {"a": "@t"}),
        "e": ("fake.count", {"n": 0}),
        "h": ("graph:inner.json", {"a": "@e"}),
    }

    assert run_file(studio, inner, nodes, g="g", h="h").outputs == {"g": [[11, 12], [13, 14]], "h": []}


def test_graphs_nest_and_map_inside_one_another(studio: Studio, inner: Path) -> None:
    nodes = {
        "l": ("fake.count", {"n": "@inputs.n"}),
        "g": ("graph:inner.json", {"a": "@l"}),
        "t": ("fake.total", {"numbers": "@g"}),
    }
    write_graph(inner / "middle.json", {"n": {"type": "int"}}, nodes, o="t")
    outer = {"l": ("fake.count", {"n": 3, "start": 1}), "g": ("graph:middle.json", {"a": "@l"})}
    outer["g"] = ("graph:middle.json", {"n": "@l"})

    assert run_file(studio, inner, outer, o="g")["o"] == [11, 23, 36]


def test_when_skips_a_graph(studio: Studio, inner: Path, probe: Probe) -> None:
    nodes = {
        "l": ("fake.count", {"n": 2}),
        "even": ("fake.is_even", {"a": 3}),
        "g": name_node("graph:inner.json", {"a": 5}, "even"),
        "h": name_node("graph:inner.json", {"a": "@l"}, "even"),
    }
    result = run_file(studio, inner, nodes, g="g", h="h")

    assert (result.status, result.outputs) == ("done", {})
    assert probe.calls["add"] == 0


def test_a_failure_in_a_mapped_graph_is_one_failed_node(studio: Studio, inner: Path) -> None:
    nodes = {"f": ("fake.fail_at", {"a": "@inputs.a", "bad": 2})}
    write_graph(inner / "bad.json", {"a": {"type": "int"}}, nodes, o="f")
    outer = {
        "l": ("fake.count", {"n": 4}),
        "g": ("graph:bad.json", {"a": "@l"}),
        "k": ("fake.total", {"numbers": "@l"}),
    }
    result = run_file(studio, inner, outer, o="g", k="k")

    assert (result.status, result.outputs) == ("partly done", {"k": 6})
    assert "g[2]/f" in get_error(result).message


# -- stacks --------------------------------------------------------------------------------------------


def test_calls_of_a_batch_type_run_stacked_up_to_its_limit(studio: Studio, probe: Probe) -> None:
    nodes = {"l": ("fake.count", {"n": 10}), "s": ("fake.stacked", {"a": "@l"})}
    result = studio.run(graph(nodes, o="s"))

    assert result["o"] == [10 * i for i in range(10)]
    assert (max(probe.stacks), sum(probe.stacks)) == (4, 10)
    assert len(probe.stacks) == 3


def test_calls_that_differ_in_what_must_be_equal_are_not_stacked(studio: Studio, probe: Probe) -> None:
    nodes = {f"s{i}": ("fake.stacked", {"a": i, "scale": i % 2 + 1}) for i in range(8)}
    result = studio.run(graph(nodes, **{f"s{i}": f"s{i}" for i in range(8)}))

    assert result.outputs == {f"s{i}": i * (i % 2 + 1) for i in range(8)}
    assert sum(probe.stacks) == 8


def test_a_stack_that_returns_too_few_results_is_an_error_of_the_node_type(studio: Studio) -> None:
    nodes = {"l": ("fake.count", {"n": 4}), "s": ("fake.short_stack", {"a": "@l"})}

    assert get_error(studio.run(graph(nodes, o="s"))).code == "E302"


# -- what nodes do wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "told"),
    [
        ("error", "E301", "RuntimeError: nope"),
        ("exit", "E301", "tried to end the program"),
        ("interrupt", "E301", "tried to end the program"),
        ("memory", "E304", "ran out of memory"),
        ("hint", "E399", "the moon is full"),
        ("base", "E301", "Blow: boom"),
        ("generator exit", "E301", "GeneratorExit"),
        ("cancelled", "E301", "was not cancelled"),
        ("disk", "E310", "disk is full"),
    ],
)
def test_whatever_a_node_raises_is_its_own_error(studio: Studio, kind: str, code: str, told: str) -> None:
    nodes = {
        "f": ("fake.fail", {"kind": kind, "a": 7}),
        "after": ("fake.add", {"a": "@f"}),
        "other": ("fake.add", {"a": 1}),
    }
    result = studio.run(graph(nodes, bad="after", good="other"))
    error = get_error(result)

    assert (result.status, result.outputs) == ("partly done", {"good": 2})
    assert error.code == code
    assert told in error.message
    assert "'f' (fake.fail)" in error.message
    assert "a=7" in error.inputs  # type: ignore[attr-defined]  # a NodeError
    assert studio.run(graph(CHAIN, o="c"))["o"] == 4  # the lanes still work


def test_a_hint_of_the_node_reaches_the_user(studio: Studio) -> None:
    assert get_error(studio.run(graph({"f": ("fake.fail", {"kind": "hint"})}, o="f"))).hint == "wait a week"


def test_a_failure_is_not_cached(studio: Studio, probe: Probe) -> None:
    for _ in range(2):
        assert studio.run(graph({"f": ("fake.fail", {})}, o="f")).status == "failed"

    assert probe.calls["fail"] == 2


def test_a_wrong_output_is_the_error_of_the_node_that_made_it(studio: Studio) -> None:
    error = get_error(studio.run(graph({"w": ("fake.wrong", {}), "a": ("fake.add", {"a": "@w"})}, o="a")))

    assert error.code == "E302"
    assert "'w'" in error.message


def test_a_json_value_that_does_not_fit_is_the_error_of_the_node_that_takes_it(studio: Studio) -> None:
    error = get_error(studio.run(graph({"j": ("fake.json", {"value": "text"}), "a": ("fake.add", {"a": "@j"})}, o="a")))

    assert error.code == "E303"
    assert "'a'" in error.message
    assert "input 'a'" in error.message


def test_when_takes_nothing_but_a_bool(studio: Studio) -> None:
    nodes = {"j": ("fake.json", {"value": 1}), "a": name_node("fake.add", {"a": 1}, "j")}

    assert get_error(studio.run(graph(nodes, o="a"))).code == "E303"


def test_status_tells_all_some_and_none_apart(studio: Studio) -> None:
    nodes = {"a": ("fake.add", {"a": 1}), "f": ("fake.fail", {})}

    assert studio.run(graph(nodes, o="a")).status == "done"
    assert studio.run(graph(nodes, o="a", p="f")).status == "partly done"
    assert studio.run(graph(nodes, p="f")).status == "failed"


# -- events --------------------------------------------------------------------------------------------


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
def test_a_listener_that_raises_is_reported_and_the_run_goes_on(studio: Studio, kind: type) -> None:
    def listen(event: object) -> None:
        if isinstance(event, kind):
            raise ValueError("not now")

    result = studio.run(graph(CHAIN, o="c"), on_event=listen)

    assert (result.status, result["o"]) == ("done", 4)
    assert any("not now" in warning for warning in result.warnings)


def test_what_a_node_logs_stands_in_the_manifest(studio: Studio) -> None:
    result = studio.run(graph({"t": ("fake.talk", {"message": "mind the gap"})}, o="t"))

    assert result.manifest["nodes"]["t"]["warnings"] == ["mind the gap"]


def test_the_manifest_names_every_node_with_its_fingerprint(disk_studio: Studio) -> None:
    manifest = disk_studio.run(graph(CHAIN, o="c")).manifest

    assert set(manifest["nodes"]) == {"a", "b", "c"}
    assert all(len(node["fingerprints"]) == 1 and node["status"] == "done" for node in manifest["nodes"].values())
    assert manifest["outputs"]["o"]["digest"] == disk_studio.cache.digest(4)


# -- memory --------------------------------------------------------------------------------------------


def build_pictures(length: int) -> dict[str, Any]:
    """Return a chain of pictures of 3 MiB with a number at its end."""
    nodes: dict[str, Any] = {"n0": ("fake.image", {"side": 1024})}
    nodes |= {f"n{i}": ("fake.shift", {"image": f"@n{i - 1}", "by": 1}) for i in range(1, length)}
    nodes["end"] = ("fake.mean", {"image": f"@n{length - 1}"})
    return graph(nodes, end="end")


@pytest.mark.parametrize("mode", ["use", "off"])
def test_values_are_freed_at_their_last_use(tmp_path: Path, probe: Probe, mode: Any) -> None:
    with open_studio(tmp_path, probe, on_disk=False, memory_bytes=0) as studio:
        assert studio.run(build_pictures(30), cache=mode).status == "done"

    assert probe.largest <= 4  # 30 pictures were made


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


# -- whatever the order --------------------------------------------------------------------------------


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


def test_a_dry_run_runs_nothing(studio: Studio, probe: Probe) -> None:
    plan = studio.plan(studio.load(graph(CHAIN, o="c")))
    studio.explain(studio.load(graph(CHAIN, o="c")))

    assert probe.calls["add"] == 0
    assert studio.executor.execute(plan, options=RunOptions()).status == "done"


def test_threads_end_with_the_studio(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with open_studio(tmp_path) as studio:
        studio.run(graph(CHAIN, o="c"))
    for thread in set(threading.enumerate()) - before:
        thread.join(10)

    assert set(threading.enumerate()) <= before
