"""Values of an older version: literals are converted when a graph is read, values of edges when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from studio.api import Context, Field, Migration, node
from studio.app import Studio
from studio.errors import NodeTypeError
from studio.graph import ResolvedGraph, parse_graph, resolve_graph
from studio.graph.versions import migrate_document, state_versions
from studio.settings import Settings
from studio.testing.subject import GivenPlugin
from tests.studio.graph.catalogs import create_catalog


def _to_speed(factor: float) -> float:
    return 1 / factor


def _to_fit(mode: Literal["fit", "fill"]) -> Literal["contain", "cover"]:
    return "contain" if mode == "fit" else "cover"


def _to_optional(steps: int | None) -> int | None:
    return steps or None


def _to_bits(bits: str | int | float) -> int:
    return int(bits)


class Moved(NamedTuple):
    """Attributes:
    said: What was given.
    """

    said: str


@node(
    "toy.move",
    version="2.0",
    migrations={
        1: Migration(
            inputs={"factor": "speed", "mode": "fit"},
            outputs={"text": "said"},
            values={"speed": _to_speed, "fit": _to_fit, "steps": _to_optional, "bits": _to_bits},
        )
    },
)
def move(
    ctx: Context,
    *,
    speed: float = 1.0,
    fit: Literal["contain", "cover"] = "contain",
    steps: Annotated[int | None, Field(ge=1)] = None,
    bits: Literal[8, 16] = 8,
) -> Moved:
    """Move."""
    return Moved(f"{speed} {fit} {steps} {bits}")


def _to_minutes(seconds: float) -> float:
    return seconds / 60


def _to_hours(minutes: float) -> float:
    return minutes / 60


@node(
    "toy.wait",
    version="3.0",
    migrations={
        1: Migration(inputs={"seconds": "minutes"}, values={"minutes": _to_minutes}),
        2: Migration(inputs={"minutes": "hours"}, values={"hours": _to_hours}),
    },
)
def wait(ctx: Context, *, hours: float = 1.0) -> float:
    """Wait."""
    return hours


@node("toy.pass")
def pass_on(ctx: Context, *, factor: float = 4.0, count: int = 0) -> float:
    """Pass a number on."""
    return factor


CATALOG = create_catalog(move, wait, pass_on)


def parse(inputs: dict[str, Any], version: str | None = "1.0", edge: str = "a", type: str = "toy.move") -> Any:
    nodes = {"a": {"type": type, "version": version, "inputs": inputs}, "p": {"type": "toy.pass"}}
    document = {
        "studio": 1,
        "inputs": {
            "factor": {"type": "number", "default": 4},
            "mode": {"type": "choice", "choices": ["fit", "fill"], "default": "fill"},
            "steps": {"type": "int", "default": 0},
        },
        "nodes": nodes,
        "outputs": {"o": {"from": edge}},
    }
    return parse_graph(document)


def resolve(inputs: dict[str, Any], version: str | None = "1.0", type: str = "toy.move") -> ResolvedGraph:
    return resolve_graph(parse(inputs, version, type=type), CATALOG)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    plugin = GivenPlugin((move, wait, pass_on))
    with Studio(Settings(device="cpu"), plugins=[("toy", plugin)], on_disk=False) as opened:
        yield opened


def run(
    studio: Studio, inputs: dict[str, Any], version: str | None = "1.0", type: str = "toy.move", **given: Any
) -> Any:
    result = studio.run(parse(inputs, version, type=type), given)
    assert not result.errors
    return result["o"]


def find_codes(resolved: ResolvedGraph) -> list[str]:
    return [finding.code for finding in resolved.findings if finding.code not in ("W101", "W102")]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"factor": 4, "mode": "fit"}, "0.25 contain None 8"),
        ({"factor": {"literal": 4}, "steps": 0, "bits": "16"}, "0.25 contain None 16"),
        ({"factor": {"from": "inputs.factor"}}, "0.25 contain None 8"),
        ({"factor": {"from": "p"}, "mode": {"from": "inputs.mode"}}, "0.25 cover None 8"),
        ({"factor": 2, "steps": {"from": "inputs.steps"}}, "0.5 contain None 8"),
    ],
)
@pytest.mark.parametrize("version", ["1.0", None])
def test_a_value_is_converted_whether_it_is_written_or_comes_by_an_edge(
    studio: Studio, version: str | None, inputs: dict[str, Any], said: str
) -> None:
    assert run(studio, inputs, version) == said


def test_a_value_that_a_caller_gives_is_converted(studio: Studio) -> None:
    assert run(studio, {"factor": {"from": "inputs.factor"}}, factor=5) == "0.2 contain None 8"


def test_each_entry_of_a_list_is_converted(studio: Studio) -> None:
    mapped = run(studio, {"factor": [2, {"from": "p"}], "mode": ["fit", "fill"]})

    assert mapped == ["0.5 contain None 8", "0.25 cover None 8"]


def test_values_of_two_versions_before_are_converted_twice(studio: Studio) -> None:
    assert run(studio, {"seconds": 7200}, "1.0", "toy.wait") == 2
    assert run(studio, {"seconds": {"from": "p"}}, "1.0", "toy.wait") == 4 / 3600
    assert run(studio, {"minutes": {"from": "p"}}, "2.0", "toy.wait") == 4 / 60


def test_values_of_the_installed_version_stay(studio: Studio) -> None:
    now = {"speed": {"from": "p"}, "fit": "cover", "steps": 3, "bits": 16}

    assert run(studio, now, "2.0") == "4.0 cover 3 16"
    assert run(studio, now, None) == "4.0 cover 3 16"


def test_a_node_without_a_version_whose_names_stayed_is_converted_with_a_warning(studio: Studio) -> None:
    resolved = resolve({"steps": 0, "bits": "16"}, None)

    assert find_codes(resolved) == ["W104", "W104"]
    assert [finding.where for finding in resolved.findings if finding.code == "W104"] == [
        "/nodes/a/inputs/steps",
        "/nodes/a/inputs/bits",
    ]
    assert run(studio, {"steps": {"from": "inputs.steps"}, "speed": 3}, None) == "3.0 contain None 8"
    assert state_versions(resolved)["nodes"]["a"] == {
        "type": "toy.move",
        "version": None,
        "inputs": {"steps": 0, "bits": "16"},
    }


def test_an_edge_is_checked_against_the_old_type() -> None:
    graph = parse({"mode": {"from": "inputs.factor"}})

    (finding,) = resolve_graph(graph, CATALOG).errors

    assert (finding.code, finding.where) == ("E114", "/nodes/a/inputs/mode/from")
    assert "fill" in finding.expected


def test_a_literal_that_does_not_fit_the_old_type_is_told_as_any_other() -> None:
    (finding,) = resolve({"factor": "two"}).errors

    assert (finding.code, finding.where) == ("E114", "/nodes/a/inputs/factor")


def test_a_function_that_raises_for_a_literal_is_told() -> None:
    (finding,) = resolve({"factor": 0}).errors

    assert finding.code == "E124"
    assert "ZeroDivisionError" in finding.message


def test_a_migrated_document_has_converted_literals_and_leaves_what_edges_bring() -> None:
    literal = resolve_graph(parse({"factor": 4, "steps": 0}, edge="a.text"), CATALOG)
    by_edge = resolve_graph(parse({"factor": {"from": "p"}, "mode": "fit"}, None, "a.text"), CATALOG)

    assert migrate_document(literal)["nodes"]["a"]["inputs"] == {"speed": 0.25, "steps": None}
    assert migrate_document(literal)["outputs"] == {"o": {"from": "a.said"}}
    kept = migrate_document(by_edge)
    assert kept["nodes"]["a"] == {
        "type": "toy.move",
        "version": "1.0",
        "inputs": {"factor": {"from": "p"}, "mode": "fit"},
    }
    assert kept["outputs"] == {"o": {"from": "a.text"}}
    assert not resolve_graph(parse_graph(kept), CATALOG).errors


@pytest.mark.parametrize(
    ("convert", "problem"),
    [
        (lambda value: value, "annotate its one parameter"),
        ("speed", "it is not a function"),
    ],
)
def test_a_function_without_types_is_a_mistake(convert: Any, problem: str) -> None:
    with pytest.raises(NodeTypeError, match=problem):

        @node("toy.bad", version="2.0", migrations={1: Migration(values={"speed": convert})})
        def bad(ctx: Context, *, speed: float = 1.0) -> float:
            """Do."""
            return speed


def test_a_function_for_an_input_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(NodeTypeError, match="'sped' is not an input"):

        @node("toy.bad", version="2.0", migrations={1: Migration(values={"sped": _to_speed})})
        def bad(ctx: Context, *, speed: float = 1.0) -> float:
            """Do."""
            return speed
