"""Models that a plan is sure to need, and what node types' own checks find, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fake_models import CountingOpener, write_weights
from fakes import create_settings

from studio.api import Context, Lazy, Model, ModelError, ModelKinds, StudioError, get_node_type, hookimpl, node
from studio.app import Studio
from studio.batch.python_call import batch as studio_batch
from studio.errors import GraphError
from studio.execution.needed_models import find_input_problems, find_model_problems, find_needed_models
from studio.execution.plan import Choice, Plan
from studio.graph import parse_graph

DEFAULT = Model("builtin:default")
GIVEN = {"type": "int", "default": 1}


def _check(inputs: Any, find_path: Any) -> Iterator[tuple[str, Any]]:
    if inputs.get("size") == 13:
        yield "size", StudioError("E010", "13 brings bad luck", hint="take 14")
    if inputs.get("size") == 14:
        yield "size", StudioError("W010", "14 is nearly 13", hint="take 15")
    if inputs.get("size") == 99:
        raise ValueError("the check itself is broken")


@node("paint.draw", code=1, check=_check)
def draw(ctx: Context, model: Model = DEFAULT, size: int = 8, more: list[Model] | None = None) -> int:
    """Draw with a model."""
    return size


@node("paint.choose", code=1, needs=lambda first, **_: ("a",) if first else ("b",))
def choose(
    ctx: Context, first: bool = True, a: Annotated[Model | None, Lazy] = None, b: Annotated[int | None, Lazy] = None
) -> int:
    """Take one of two."""
    return 0


@node("paint.is_big", code=1)
def is_big(ctx: Context, size: int = 1) -> bool:
    """Say whether a size is big."""
    return size > 1


@node("paint.is_lucky", code=1, check=_check)
def is_lucky(ctx: Context, size: int = 1) -> bool:
    """Say whether a size is lucky."""
    return True


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with node types that take models."""
    plugin = SimpleNamespace(studio_node_types=hookimpl(lambda: [draw, choose, is_big, is_lucky]))
    with Studio(create_settings(tmp_path), plugins=[("paint", plugin)], discover=False, on_disk=False) as made:
        yield made


def plan(studio: Studio, nodes: dict[str, Any], *outputs: str) -> Plan:
    document = {"studio": 1, "nodes": nodes, "outputs": {name: {"from": name} for name in outputs}}
    return studio.plan(parse_graph(document))


def list_needed(studio: Studio, nodes: dict[str, Any], *outputs: str) -> list[tuple[str, str, str]]:
    return sorted((n, name, model.reference) for n, name, model in find_needed_models(plan(studio, nodes, *outputs)))


def put(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"type": kind, "inputs": inputs}


def test_models_come_from_literals_lists_and_defaults(studio: Studio) -> None:
    nodes = {"d": put("paint.draw", more=["builtin:a", "builtin:b"]), "e": put("paint.draw", model="builtin:c")}

    assert list_needed(studio, nodes, "d", "e") == [
        ("d", "model", "builtin:default"),
        ("d", "more", "builtin:a"),
        ("d", "more", "builtin:b"),
        ("e", "model", "builtin:c"),
    ]


def test_a_node_that_feeds_a_needed_one_is_needed_too(studio: Studio) -> None:
    nodes = {"d": put("paint.draw", model="builtin:a"), "e": put("paint.draw", size={"from": "d"})}

    assert ("d", "model", "builtin:a") in list_needed(studio, nodes, "e")


def test_what_stands_behind_a_condition_or_a_choice_may_never_be_needed(studio: Studio) -> None:
    nodes = {
        "d": put("paint.draw", model="builtin:a"),
        "c": put("paint.choose", a="builtin:b", b={"from": "d"}),
        "big": put("paint.is_big"),
        "w": {**put("paint.draw", model="builtin:c"), "when": {"from": "big"}},
    }

    assert list_needed(studio, nodes, "c", "w") == []


def test_each_model_that_cannot_be_used_is_a_finding(studio: Studio) -> None:
    nodes = {"d": put("paint.draw", model="builtin:good", more=["builtin:bad", "builtin:worse"])}

    def check(model: Model) -> None:
        if model.reference != "builtin:good":
            raise ModelError("E603", f"no {model.reference}", hint="fetch it")

    findings = find_model_problems(plan(studio, nodes, "d"), check)

    assert [(f.code, f.where, f.message, f.hint) for f in findings] == [
        ("E603", "/nodes/d/inputs/more", "no builtin:bad", "fetch it"),
        ("E603", "/nodes/d/inputs/more", "no builtin:worse", "fetch it"),
    ]


def test_a_node_types_own_check_sees_the_values_that_are_known(studio: Studio) -> None:
    def find(value: int = 1, **inputs: Any) -> list[tuple[str, str]]:
        nodes = {"n": put("paint.draw", **inputs), "big": put("paint.draw", size=2)}
        document = {"studio": 1, "inputs": {"x": GIVEN}, "nodes": nodes, "outputs": {"n": {"from": "n"}}}
        found = find_input_problems(studio.plan(parse_graph(document), {"x": value}), lambda model: None)
        return [(finding.code, finding.where) for finding in found]

    given = {"from": "inputs.x"}
    assert find(13, size=given) == [("E010", "/nodes/n/inputs/size")]
    assert find(15, size=given) == []
    assert find(99, size=given) == [("W107", "/nodes/n")]
    assert find(size={"from": "big"}) == []


def test_a_check_that_fails_is_a_warning_that_names_it_and_the_node_runs(studio: Studio) -> None:
    document = {"studio": 1, "nodes": {"n": put("paint.is_lucky", size=99)}, "outputs": {"n": {"from": "n"}}}

    (finding,) = studio.validate(parse_graph(document))
    with pytest.warns(RuntimeWarning, match="the check of paint.is_lucky raised ValueError: the check itself is"):
        result = studio.run(document)

    assert (finding.code, finding.severity) == ("W107", "warning")
    assert "test_needed_models.py:" in finding.message
    assert "report it to the authors of paint" in finding.hint
    assert result["n"] is True


class KindOpener(CountingOpener):
    """An opener that says what weights are by the first letter of their name."""

    def find_kind(self, path: Path, model: Model) -> str | None:
        """Say the kind."""
        if path.stem.startswith("x"):
            raise LookupError("cannot see")
        if path.stem.startswith("l"):
            return ["lora"]  # type: ignore[return-value]
        return {"c": "controlnet", "p": "pipeline"}.get(path.stem[0])


PIPE = Model("builtin:pipe")


@node("paint.follow")
def follow(
    ctx: Context,
    *,
    controlnet: Annotated[Model, ModelKinds("controlnet")],
    model: Annotated[Model, ModelKinds("pipeline", "checkpoint")] = PIPE,
    loras: list[Annotated[Model, ModelKinds("lora")]] | None = None,
) -> int:
    """Follow a sketch."""
    return 1


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with a node type that takes models of some kinds, and models of several."""
    weights = {
        name: write_weights(tmp_path / f"{name}.safetensors", 1) for name in ("control", "pipe", "odd", "xray", "list")
    }
    plugin = SimpleNamespace(
        studio_node_types=hookimpl(lambda: [follow]),
        studio_models=hookimpl(lambda: weights),
        studio_model_openers=hookimpl(lambda: [KindOpener()]),
    )
    with Studio(create_settings(tmp_path), plugins=[("paint", plugin)], discover=False, on_disk=False) as made:
        yield made


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"controlnet": "builtin:control"}, []),
        ({"controlnet": "builtin:odd"}, []),  # nobody knows what it is
        (
            {"controlnet": "builtin:pipe"},
            [("controlnet", "'builtin:pipe' is a pipeline, and 'controlnet' takes a controlnet")],
        ),
        (
            {"controlnet": "builtin:control", "model": "builtin:control"},
            [("model", "'builtin:control' is a controlnet, and 'model' takes a checkpoint or pipeline")],
        ),
        (
            {"controlnet": "builtin:control", "loras": ["builtin:odd", "builtin:pipe"]},
            [("loras", "'builtin:pipe' is a pipeline, and 'loras' takes a lora")],
        ),
    ],
)
def test_a_model_of_another_kind_is_found_before_a_run(
    following: Studio, inputs: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    document = {"studio": 1, "nodes": {"n": put("paint.follow", **inputs)}, "outputs": {"n": {"from": "n"}}}

    findings = following.validate(parse_graph(document))

    assert [(f.code, f.where, f.message) for f in findings] == [("E600", f"/nodes/n/inputs/{n}", m) for n, m in found]
    if found:
        with pytest.raises(GraphError, match="E600"):
            following.run(document)
    else:
        assert following.run(document)["n"] == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [("xray", "raised LookupError: cannot see"), ("list", "returned a list, not a text or None")],
)
def test_an_opener_that_cannot_say_a_kind_is_named_and_the_model_is_taken(
    following: Studio, name: str, said: str
) -> None:
    nodes = {"n": put("paint.follow", controlnet=f"builtin:{name}")}

    with pytest.warns(RuntimeWarning, match=f"find_kind of KindOpener .* {said}"):
        findings = following.validate(parse_graph({"studio": 1, "nodes": nodes, "outputs": {"n": {"from": "n"}}}))

    assert findings == []


def test_a_model_input_says_its_kinds() -> None:
    inputs = get_node_type(follow).inputs

    assert str(inputs["model"].spec) == "model of kind checkpoint or pipeline"
    assert str(inputs["loras"].spec) == "list[model of kind lora] or null"


def test_items_of_a_batch_are_checked_as_a_run_is(studio: Studio) -> None:
    document = {
        "studio": 1,
        "inputs": {"size": {"type": "int"}},
        "nodes": {"n": put("paint.draw", model="file:missing.safetensors", size={"from": "inputs.size"})},
        "outputs": {"n": {"from": "n"}},
    }
    sure = {**document, "nodes": {"n": put("paint.is_lucky", size={"from": "inputs.size"})}}

    (unlucky,) = studio_batch(sure, [{"size": 13}], studio=studio)
    (missing,) = studio_batch(document, [{"size": 1}], studio=studio)

    assert (unlucky.state, unlucky.error["code"], unlucky.error["where"]) == ("failed", "E010", "/nodes/n/inputs/size")
    assert (missing.state, missing.error["where"]) == ("failed", "/nodes/n/inputs/model")


def test_a_check_whose_code_begins_with_w_warns_and_the_run_goes_on(studio: Studio) -> None:
    document = {"studio": 1, "nodes": {"n": put("paint.is_lucky", size=14)}, "outputs": {"o": {"from": "n"}}}
    graph = parse_graph(document)

    assert [(f.code, f.severity) for f in studio.validate(graph)] == [("W010", "warning")]
    assert studio.run(graph)["o"] is True


def test_a_model_of_the_catalog_that_a_node_cannot_do_without_is_found_with_the_command(studio: Studio) -> None:
    found = plan(studio, {"a": put("paint.draw"), "b": put("paint.draw")}, "a")
    choice = Choice("a", "paint.draw", "model", "ink", "finer lines", "studio models get ink", False, is_needed=True)
    choices = (choice, replace(choice, input="more", is_needed=False), replace(choice, node="b"))

    findings = find_model_problems(replace(found, choices=choices), lambda model: None)

    assert [(f.code, f.where, f.hint) for f in findings] == [("E602", "/nodes/a/inputs", "studio models get ink")]
    assert "local:ink for finer lines" in findings[0].message


def test_a_needed_model_that_was_fetched_is_no_problem(studio: Studio) -> None:
    found = plan(studio, {"a": put("paint.draw")}, "a")
    choice = Choice("a", "paint.draw", "model", "ink", "finer lines", "", True, is_needed=True)

    assert find_model_problems(replace(found, choices=(choice,)), lambda model: None) == []
