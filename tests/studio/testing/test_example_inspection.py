"""`check_node_type` and `check_plugin` hold the examples of node types: one deliberate mistake per test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from studio.api import Context, Model, hookimpl, node
from studio.testing import Report, check_node_type, check_plugin
from tests.studio.testing.conftest import find_failures

NAMED = {"sun": {"type": "moon.name"}}
FILLED = {"big": {"type": "logic.template", "inputs": {"template": "x"}}}


def create(example: dict[str, Any] | None, result: str = "Luna", **options: Any) -> Callable[..., Any]:
    @node("moon.name", example=example, **options)
    def name(ctx: Context) -> str:
        """Name the moon."""
        if result == "fail":
            raise ValueError("new moon")
        return result

    return name


def write(nodes: dict[str, Any] = NAMED, **outputs: str) -> dict[str, Any]:
    return {"studio": 1, "nodes": nodes, "outputs": {name: {"from": end} for name, end in outputs.items()}}


def find_skipped(report: Report) -> dict[str, str]:
    return {check.name: check.message for check in report.skipped}


def test_an_example_that_runs_passes() -> None:
    report = check_node_type(create(write(name="sun")), example_graph=True)

    assert {"example graph", "example graph's node", "example graph's run"} <= set(report.passed)


def test_an_example_may_use_installed_plugins() -> None:
    joined = {
        **NAMED,
        **FILLED,
        "both": {"type": "logic.join_text", "inputs": {"texts": [{"from": "sun"}, {"from": "big"}]}},
    }

    assert "example graph's run" in check_node_type(create(write(joined, name="both"))).passed


def test_a_missing_example_fails_only_if_it_is_required() -> None:
    report = check_node_type(create(None))

    assert find_skipped(report)["example graph"].startswith("it has none; write a graph that shows it to ")
    failed = find_failures(create(None), example_graph=True)
    assert "examples/moon.name.json" in failed["example graph"]


def test_an_example_that_is_not_wanted_is_not_looked_at() -> None:
    report = check_node_type(create({"studio": 1, "nodes": 3}), example_graph=False)

    assert not any(check.name.startswith("example graph") for check in report.checks)


def test_an_example_that_is_no_graph_fails() -> None:
    assert "E107 /nodes" in find_failures(create({"studio": 1, "nodes": 3}))["example graph"]


def test_an_example_with_an_unknown_input_fails() -> None:
    failed = find_failures(create(write({"sun": {"type": "moon.name", "inputs": {"size": 1}}}, name="sun")))

    assert "unknown input 'size'" in failed["example graph"]


def test_an_example_that_warns_fails() -> None:
    failed = find_failures(create(write(name="sun"), deprecated="use sun.name"))

    assert "deprecated" in failed["example graph"]


def test_an_example_whose_outputs_do_without_the_node_type_fails() -> None:
    failed = find_failures(create(write(FILLED, text="big")))

    assert "none of its outputs depends on a node of the type 'moon.name'" in failed["example graph's node"]


def test_an_example_that_makes_nothing_fails() -> None:
    assert "output 'name' is empty" in find_failures(create(write(name="sun"), ""))["example graph's run"]


def test_an_example_whose_model_is_not_here_is_checked_and_does_not_run() -> None:
    @node(
        "moon.dream",
        example=write({"a": {"type": "moon.dream", "inputs": {"model": "hub:moon/dreams@1"}}}, name="a"),
    )
    def dream(ctx: Context, model: Model | None = None) -> str:
        """Dream.

        Args:
            model: Weights to dream with.
        """
        return "sheep"

    report = check_node_type(dream)

    assert "example graph's node" in report.passed
    assert "hub:moon/dreams@1" in find_skipped(report)["example graph's run"]


class Moons:
    """A plugin with a node type whose example fails when it runs."""

    @hookimpl
    def studio_node_types(self) -> Iterable[Callable[..., Any]]:
        """Return a node type."""
        return [create(write(name="sun"), "fail")]


def test_check_plugin_runs_each_example() -> None:
    with pytest.raises(AssertionError, match=r"moon\.name: example graph's run: .*new moon"):
        check_plugin(Moons())


def test_check_plugin_requires_examples_if_it_is_asked_to() -> None:
    class Bare:
        @hookimpl
        def studio_node_types(self) -> Iterable[Callable[..., Any]]:
            return [create(None)]

    assert "moon.name: example graph" in find_skipped(check_plugin(Bare()))
    with pytest.raises(AssertionError, match=r"moon\.name: example graph: it has no example"):
        check_plugin(Bare(), example_graphs=True)
