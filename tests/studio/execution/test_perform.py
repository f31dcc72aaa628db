"""`Performer`: calls run stacked, and a failing stack is taken apart."""

from __future__ import annotations

from fakes import Probe, get_error, graph

from studio.app import Studio


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
