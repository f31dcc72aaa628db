"""What node types refuse in inputs that are known: literals, lists of them, and nothing that follows from an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.api import Context, StudioError, get_node_type, node
from studio.api.node_type import NodeType
from studio.errors import Finding
from studio.graph import check_graph, parse_graph
from studio.graph.node_checks import FAILED_CHECK, UNKNOWN, find_input_faults, locate_fault
from studio.graph.resolved import Bound
from studio.graph.source import Collected, Constant, NamedPath, Reference, Source
from studio.registry import Registry


def find(registry: Registry, folder: Path, **nodes: Any) -> list[Finding]:
    document = {"studio": 1, "nodes": nodes, "outputs": {name: {"from": name} for name in nodes}}
    return [f for f in check_graph(parse_graph(document, base=folder), registry) if f.severity == "error"]


def put(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"type": kind, "inputs": inputs}


def list_places(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings]


def test_each_wrong_entry_of_a_list_is_found_with_its_place(registry: Registry, folder: Path) -> None:
    mapped = find(registry, folder, a=put("image.new", color=["red", "blurple", "mauvish"]))
    within = find(registry, folder, a=put("image.gradient", colors=["red", "blurple"]))
    together = find(registry, folder, a=put("audio.tone", frequency=[440, 9000], sample_rate=8000))

    assert list_places(mapped) == [("E505", "/nodes/a/inputs/color/1"), ("E505", "/nodes/a/inputs/color/2")]
    assert list_places(within) == [("E505", "/nodes/a/inputs/colors/1")]
    assert list_places(together) == [("E641", "/nodes/a/inputs/frequency/1")]


def test_a_check_is_silent_where_an_input_has_a_finding_already(registry: Registry, folder: Path) -> None:
    image = put("image.new")
    wrong = find(registry, folder, i=image, a=put("image.resize", image={"from": "i"}, width="wide"))
    misspelled = find(registry, folder, i=image, a=put("image.resize", image={"from": "i"}, widht=8))

    assert list_places(wrong) == [("E114", "/nodes/a/inputs/width")]
    assert list_places(misspelled) == [("E110", "/nodes/a/inputs/widht")]


def test_a_check_is_silent_where_an_edge_brings_the_value(registry: Registry, folder: Path) -> None:
    size = put("logic.calculate", expression="8")

    found = find(
        registry, folder, i=put("image.new"), n=size, a=put("image.resize", image={"from": "i"}, width={"from": "n"})
    )

    assert found == []


def test_a_misspelled_input_and_the_missing_one_are_one_finding(registry: Registry, folder: Path) -> None:
    found = find(registry, folder, i=put("image.new"), a=put("image.invert", imag={"from": "i"}))

    assert list_places(found) == [("E110", "/nodes/a/inputs/imag")]


def test_choices_and_limits_of_an_unknown_type_are_silent(registry: Registry, folder: Path) -> None:
    declared = {"type": "imagge", "choices": ["a"], "minimum": 1}
    document = {
        "studio": 1,
        "inputs": {"x": declared},
        "nodes": {"a": put("image.new")},
        "outputs": {"a": {"from": "a"}},
    }

    found = check_graph(parse_graph(document, base=folder), registry)

    assert list_places([f for f in found if f.severity == "error"]) == [("E131", "/inputs/x/type")]


def test_a_hint_says_what_to_give_and_where_to_read_on(registry: Registry, folder: Path) -> None:
    (limit,) = find(registry, folder, a=put("image.new", width=0))
    (kind,) = find(registry, folder, a=put("image.new", width="wide"))

    assert limit.hint == "give a number >= 1; `studio nodes image.new` says more"
    assert kind.hint == "give a whole number; `studio nodes image.new` says more"


# -- one node type ------------------------------------------------------------------------------------------


def _check(inputs: Mapping[str, Any], find_path: Any) -> Any:
    if inputs.get("low") in (98, 99):
        kind = ValueError if inputs["low"] == 99 else GeneratorExit
        raise kind("the check itself is broken")
    if inputs.get("low", 0) > inputs.get("high", 0):
        yield "low", StudioError("E010", f"{inputs['low']} is over {inputs['high']}", hint="swap them")
    if inputs.get("name") == "odd":
        yield "name", StudioError("W010", "an odd name")


@node("test.order", check=_check)
def order(ctx: Context, low: int = 0, high: int = 5, name: str = "") -> int:
    """Order."""
    return low


ORDER: NodeType = get_node_type(order)


def check(depth: int = 0, **sources: Source) -> list[tuple[str, str, str]]:
    inputs = {name: Bound(source, ORDER.inputs[name].spec, depth) for name, source in sources.items()}
    faults = find_input_faults(ORDER, inputs, lambda model: None)
    return [(f.error.code, locate_fault(f, "/n", {name: name for name in inputs}), f.message) for f in faults]


def test_defaults_count_and_a_fault_of_a_default_is_one_of_all_inputs() -> None:
    assert check(low=Constant(6)) == [("E010", "/n/inputs/low", "6 is over 5")]
    assert check(high=Constant(-1)) == [("E010", "/n/inputs", "0 is over -1")]
    assert check(low=Reference("m", "o")) == []


def test_mapped_lists_are_checked_row_by_row_and_one_stretches() -> None:
    rows = Collected((Constant(1), Constant(6), Reference("m", "o")))

    assert check(depth=1, low=rows, high=Constant([5])) == [("E010", "/n/inputs/low/1", "6 is over 5")]


@pytest.mark.parametrize("low", [99, 98])
def test_a_check_that_raises_is_a_warning_of_the_node(low: int) -> None:
    ((code, where, message),) = check(low=Constant(low))

    assert (code, where) == (FAILED_CHECK, "/n")
    assert FAILED_CHECK == "W107"
    assert "test.order" in message
    assert "the check itself is broken" in message


def test_a_warning_of_a_check_stays_one() -> None:
    inputs = {"name": Bound(Constant("odd"), ORDER.inputs["name"].spec)}

    (fault,) = find_input_faults(ORDER, inputs, lambda model: None)

    assert fault.create_finding("/n").severity == "warning"


def test_a_file_to_write_is_known_by_its_name_and_an_unknown_value_is_left_out() -> None:
    assert check(name=NamedPath("odd")) == [("W010", "/n/inputs/name", "an odd name")]
    inputs = {"low": Bound(Constant(9), ORDER.inputs["low"].spec)}
    assert find_input_faults(ORDER, inputs, lambda model: None, find_value=lambda source: UNKNOWN) == []
