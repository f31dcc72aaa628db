"""`ctx.frame`: where a call stands, and that results which depend on it are never mixed up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes import FakePlugin, Probe, create_settings, get_error, graph, open_studio

from studio.api import (
    Batch,
    Context,
    Frame,
    FramePosition,
    Image,
    NodeType,
    Subgraph,
    Video,
    get_node_type,
    hookimpl,
    node,
)
from studio.app import Studio
from studio.errors import NodeTypeError
from studio.execution.position import find_call_parts
from studio.testing import TestContext, check_node_type

UNEVEN = [0.0, 0.04, 0.3]


@node("place.number", uses_frame=True)
def number(ctx: Context, a: int) -> str:
    """Say where an entry stands.

    Args:
        a: A number to add.
    """
    return f"{a}: {ctx.frame.index} of {ctx.frame.count}, {ctx.frame.time}"


@node("place.frame", uses_frame=True)
def describe_frame(ctx: Context, image: Image) -> str:
    """Say where a frame stands."""
    return f"{ctx.frame.index} of {ctx.frame.count}, {ctx.frame.time}"


@node("place.brighten", uses_frame=True)
def brighten(ctx: Context, image: Image) -> Image:
    """Make an image of its number."""
    return Image(np.full((8, 8, 3), ctx.frame.index * 10, np.uint8))


@node("place.secret")
def read_secretly(ctx: Context, a: int) -> int:
    """Read the place without saying so."""
    return ctx.frame.index


@node("place.still")
def make_still(ctx: Context, known: bool = True) -> Video:
    """Make a video of equal frames at uneven times, which may know how many there are."""

    def frames() -> Iterator[Frame]:
        for time in UNEVEN:
            yield Frame(Image(np.full((8, 8, 3), 7, np.uint8)), time)

    return Video(frames, width=8, height=8, rate=Fraction(25), count=len(UNEVEN) if known else None)


@node("place.expand")
def expand(ctx: Context, a: int) -> Subgraph[str]:
    """Have a subgraph say where it stands."""
    made = Subgraph[str]()
    made.output("text", made.add("place.number", a=a))
    return made


PLUGIN = SimpleNamespace(
    studio_node_types=hookimpl(lambda: [number, describe_frame, brighten, read_secretly, make_still, expand])
)


@pytest.fixture
def placing(tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with these node types and the fakes."""
    plugins = [("place", PLUGIN), ("fake", FakePlugin(probe))]
    with Studio(create_settings(tmp_path / "cache"), plugins=plugins, discover=False) as studio:
        yield studio


def test_entries_of_a_list_know_their_number(placing: Studio) -> None:
    nodes = {
        "l": ("place.number", {"a": [5, 6]}),
        "one": ("place.number", {"a": 5}),
        "g": ("fake.grid", {"rows": 2, "columns": 2}),
    }
    nodes["deep"] = ("place.number", {"a": "@g"})

    result = placing.run(graph(nodes, l="l", one="one", deep="deep"))

    assert result.outputs == {
        "l": ["5: 0 of 2, None", "6: 1 of 2, None"],
        "one": "5: 0 of 1, None",
        "deep": [["0: 0 of 4, None", "1: 1 of 4, None"], ["2: 2 of 4, None", "3: 3 of 4, None"]],
    }


def test_an_entry_that_moves_is_another_call_and_one_that_stays_is_not(placing: Studio) -> None:
    placing.run(graph({"n": ("place.number", {"a": [5, 6]})}, o="n"))

    moved = placing.run(graph({"n": ("place.number", {"a": [6, 5]})}, o="n"))
    again = placing.run(graph({"n": ("place.number", {"a": [5, 7]})}, o="n"))

    assert moved["o"] == ["6: 0 of 2, None", "5: 1 of 2, None"]
    assert (moved.manifest["nodes"]["n"]["cached"], again.manifest["nodes"]["n"]["cached"]) == (0, 1)


@pytest.mark.parametrize("known", [True, False])
def test_frames_know_their_number_and_time_and_how_many_there_are(placing: Studio, known: bool) -> None:
    nodes = {"v": ("place.still", {"known": known}), "d": ("place.frame", {"image": "@v"})}

    result = placing.run(graph(nodes, o="d"))

    assert result["o"] == [f"{index} of 3, {time}" for index, time in enumerate(UNEVEN)]


@pytest.mark.parametrize("fast", [0.0, 60.0])
def test_equal_frames_at_two_places_are_two_results(placing: Studio, fast: float) -> None:
    placing.local_executor.services.fast_frame_seconds = fast
    nodes = {"v": ("place.still", {}), "b": ("place.brighten", {"image": "@v"})}

    for mode in ("use", "refresh"):
        made = placing.run(graph(nodes, o="b"), cache=mode)["o"]
        assert [int(frame.image.to_uint8().flat[0]) for frame in made.frames()] == [0, 10, 20]


def test_nodes_of_mapped_graphs_and_of_subgraphs_have_the_place_of_their_copy(placing: Studio, tmp_path: Path) -> None:
    inner = {
        "studio": 1,
        "inputs": {"a": {"type": "int"}},
        "nodes": {
            "n": {"type": "place.number", "inputs": {"a": {"from": "inputs.a"}}},
            "e": {"type": "place.expand", "inputs": {"a": {"from": "inputs.a"}}},
        },
        "outputs": {"n": {"from": "n"}, "e": {"from": "e"}},
    }
    (tmp_path / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    nodes = {"g": ("graph:inner.json", {"a": [5, 6]}), "x": ("place.expand", {"a": [7, 8, 9]})}
    (tmp_path / "outer.json").write_text(json.dumps(graph(nodes, n="g.n", e="g.e", x="x")), encoding="utf-8")

    result = placing.run(tmp_path / "outer.json")

    assert result.status == "done", result.errors
    assert result["n"] == result["e"] == ["5: 0 of 2, None", "6: 1 of 2, None"]
    assert result["x"] == [f"{a}: {index} of 3, None" for index, a in enumerate((7, 8, 9))]


def test_a_node_type_that_does_not_declare_it_may_not_read_it(placing: Studio) -> None:
    error = get_error(placing.run(graph({"s": ("place.secret", {"a": [1, 2]})}, o="s")))

    assert error.code == "E318"
    assert "uses_frame=True" in error.hint


def test_a_stack_has_no_place() -> None:
    def wrong(ctx: Context, a: int) -> int:
        """Do."""
        return a

    with pytest.raises(NodeTypeError, match="batch and uses_frame do not go together"):
        node("place.wrong", uses_frame=True, batch=Batch(lambda ctx, calls: []))(wrong)


def test_a_test_gives_it_a_place() -> None:
    assert number(TestContext(frame=FramePosition(3, 0.12, 50)), 1) == "1: 3 of 50, 0.12"
    assert number(TestContext(), 1) == "1: 0 of 1, None"
    check_node_type(number, a=1)


def test_only_what_needs_it_gets_another_fingerprint_than_before(make_call: Callable[..., Any], tmp_path: Path) -> None:
    nodes = {
        "a": ("fake.film", {"n": 2}),
        "one": ("fake.invert", {"image": "@a"}),
        "two": ("fake.blend", {"first": "@a", "second": "@a"}),
    }
    with open_studio(tmp_path, Probe()) as studio:
        plan = studio.plan(studio.load(graph(nodes, one="one", two="two")))

    def find_parts(declared: NodeType, source: Any) -> dict[str, str]:
        call = make_call("fake.add")
        call.node_type, call.state.node = declared, source
        return find_call_parts(call)

    assert find_parts(get_node_type(read_secretly), plan.nodes["a"]) == {}
    assert find_parts(get_node_type(read_secretly), plan.nodes["one"]) == {}
    assert find_parts(get_node_type(number), plan.nodes["one"]) == {}
    assert find_parts(get_node_type(read_secretly), plan.nodes["two"]) == {"frames of videos": "by time"}
    assert find_parts(get_node_type(number), plan.nodes["a"]) == {"frame position": "0 of 1"}
