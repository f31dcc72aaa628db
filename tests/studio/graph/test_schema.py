"""Both JSON Schemas take every graph that validation takes, and say what is wrong with obviously wrong ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from studio.api import Context, Migration, node
from studio.graph import check_graph, parse_graph
from studio.graph.schema import create_format_schema, create_installed_schema
from studio.registry import Registry
from tests.studio.graph.catalogs import create_catalog

GRAPHS = sorted((Path(__file__).parents[3] / "graphs").glob("**/*.json"))
NEW = {"type": "image.new"}


@pytest.fixture(scope="module")
def format_schema() -> Draft202012Validator:
    return Draft202012Validator(create_format_schema())


@pytest.fixture(scope="module")
def installed_schema(registry: Registry) -> Draft202012Validator:
    return Draft202012Validator(create_installed_schema(registry))


def wrap(**node: Any) -> dict[str, Any]:
    return {"studio": 1, "nodes": {"a": node, "new": NEW}, "outputs": {"o": {"from": "a"}}}


def test_both_are_schemas_of_the_dialect_they_name(registry: Registry) -> None:
    for schema in (create_format_schema(), create_installed_schema(registry)):
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"]
        assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.stem)
def test_graphs_of_the_repository_pass_both(
    path: Path, format_schema: Draft202012Validator, installed_schema: Draft202012Validator
) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))

    assert list(format_schema.iter_errors(document)) == []
    assert list(installed_schema.iter_errors(document)) == []


EDGE = {"from": "new"}
ACCEPTED: list[dict[str, Any]] = [
    wrap(
        type="image.resize",
        inputs={"image": EDGE, "width": None, "height": [8, {"literal": 9}], "fit": {"literal": "contain"}},
    ),
    wrap(type="image.resize", inputs={"image": [EDGE, {"file": "photo.png"}], "fit": ["contain", "pad"], "scale": 2}),
    wrap(type="image.blur", inputs={"image": {"file": "photo.png"}, "radius": [1, 2.5]}, when=None, version=None),
    wrap(
        type="image.grid",
        inputs={"images": [EDGE, EDGE], "labels": ["a", {"literal": "b"}], "columns": {"literal": None}},
    ),
    wrap(type="logic.concatenate", inputs={"first": [1], "second": {"literal": [{"from": "x"}]}}),
    wrap(type="probe.migrated", version="2.3", inputs={"image": EDGE}),
    wrap(type="probe.migrated", version="3.0", inputs={"picture": EDGE}),
    *(
        wrap(type="probe.everything", inputs=inputs)
        for inputs in (
            {"file": "photo.png"},
            {"file": {"file": "photo.png"}},
            {"file": ["photo.png"]},
            {"file": {"literal": "photo.png"}},
            {"files": ["photo.png", {"file": "photo.png"}]},
            {"files": {"files": "photo*.png"}},
            {"mask": {"files": "p?oto.png"}},
            {"model": "builtin:x"},
            {"model": "local:x"},
            {"model": {"model": "local:x", "options": {}}},
            {"model": ["builtin:x", {"literal": "file:x"}]},
            {"model": {"model": "hub:a/b", "options": {"half": True, "n": None}}},
            {"models": []},
            {"path": "a/b.png"},
            {"data": {"from": 1, "b": 2}},
            {"data": {"literal": {"from": "x"}}},
            {"data": [[1, {"a": []}], None]},
            {"grid": [[1], []]},
            {"grid": None},
            {"mask": None},
            {"mask": {"literal": None}},
            {"short": {"literal": ["abc"]}},
            {"names": {"literal": ["a"]}},
            {"anything": {"file": "x"}},
            {"code": "abc"},
        )
    ),
    {
        "studio": 1,
        "nodes": {"new": NEW},
        "outputs": {"o": {"from": "new"}},
        "inputs": {
            "a": {"type": "image", "default": {"file": "photo.png"}},
            "b": {"type": "int", "choices": ["x", 2], "default": "x"},
            "c": {"type": "list[list[text]]", "default": [["a"]]},
            "d": {"type": "mask", "optional": True},
            "m": {"type": "any"},
            "e": {"type": "float", "default": 1, "minimum": 0, "maximum": None},
            "f": {"type": "model", "default": "builtin:x"},
            "g": {"type": "json", "default": {"from": "x"}},
            "h": {"type": "file", "default": "photo.png"},
            "i": {"type": "text", "default": {"literal": "x"}},
            "j": {"type": "path", "default": "a.png"},
        },
    },
    {"$schema": None, "studio": 1, "title": "", "nodes": {"new": NEW}, "outputs": {"o": {"from": "new"}}, "ui": 3},
]


@pytest.mark.parametrize("document", ACCEPTED, ids=lambda d: json.dumps(d["nodes"].get("a", d))[:80])
def test_what_validation_takes_passes_both(
    document: dict[str, Any],
    registry: Registry,
    folder: Path,
    format_schema: Draft202012Validator,
    installed_schema: Draft202012Validator,
) -> None:
    findings = check_graph(parse_graph(document, base=folder), registry)

    assert [f for f in findings if f.severity == "error"] == []
    assert list(format_schema.iter_errors(document)) == []
    assert list(installed_schema.iter_errors(document)) == []


BROKEN_FORM: list[tuple[dict[str, Any], str]] = [
    ({"studio": 2}, "1 was expected"),
    ({}, "'studio' is a required property"),
    ({"studio": 1, "titel": ""}, "'titel' was unexpected"),
    ({"studio": 1, "nodes": {"a b": NEW}}, "'a b' does not match"),
    ({"studio": 1, "nodes": {"a": {}}}, "'type' is a required property"),
    ({"studio": 1, "nodes": {"a": {"type": "x", "input": {}}}}, "'input' was unexpected"),
    ({"studio": 1, "outputs": {"o": {"from": "a.b.c"}}}, "does not match"),
    ({"studio": 1, "inputs": {"i": {"type": "list[Image]"}}}, "does not match"),
    ({"studio": 1, "inputs": {"i": {"type": "int", "choices": [1.5]}}}, "1.5 is not of type"),
    ({"studio": 1, "inputs": {"i": {"type": "image", "origin": "found"}}}, "'found' is not one of"),
    (wrap(type="graph:x.json", inputs={"z": {"from": 3}}), "3 is not of type 'string'"),
    (wrap(type="graph:x.json", inputs={"z": [{"from": "1"}]}), "'1' does not match"),
]


@pytest.mark.parametrize(("document", "words"), BROKEN_FORM)
def test_a_wrong_form_fails_both(
    document: dict[str, Any], words: str, format_schema: Draft202012Validator, installed_schema: Draft202012Validator
) -> None:
    for schema in (format_schema, installed_schema):
        assert words in best_match(schema.iter_errors(document)).message


@pytest.mark.parametrize(
    ("node", "place", "words"),
    [
        ({"type": "image.resise"}, "$.nodes.a.type", "'image.resise' is not one of"),
        ({"type": "image.invert"}, "$.nodes.a", "'inputs' is a required property"),
        ({"type": "image.invert", "inputs": {}}, "$.nodes.a.inputs", "'image' is a required property"),
        ({"type": "image.new", "inputs": {"widht": 3}}, "$.nodes.a.inputs", "'widht' was unexpected"),
        (
            {"type": "image.new", "inputs": {"width": "wide"}},
            "$.nodes.a.inputs.width",
            "'wide' is not of type 'integer'",
        ),
        ({"type": "image.new", "inputs": {"width": 0}}, "$.nodes.a.inputs.width", "less than the minimum of 1"),
        ({"type": "image.new", "inputs": {"width": [8, 0]}}, "$.nodes.a.inputs.width[1]", "less than the minimum"),
        ({"type": "image.new", "inputs": {"width": [[8]]}}, "$.nodes.a.inputs.width[0]", "is not of type 'integer'"),
        (
            {"type": "image.new", "inputs": {"channels": "rbg"}},
            "$.nodes.a.inputs.channels",
            "'rbg' is not one of ['auto'",
        ),
        (
            {"type": "image.invert", "inputs": {"image": "photo.png"}},
            "$.nodes.a.inputs.image",
            "is not of type 'object'",
        ),
        (
            {"type": "image.invert", "inputs": {"image": {"form": "x"}}},
            "$.nodes.a.inputs.image",
            "'form' was unexpected",
        ),
        ({"type": "image.invert", "inputs": {"image": None}}, "$.nodes.a.inputs.image", "None is not of type"),
        ({"type": "image.grid", "inputs": {"images": []}}, "$.nodes.a.inputs.images", "non-empty"),
        ({"type": "logic.not", "inputs": {"condition": 1}}, "$.nodes.a.inputs.condition", "1 is not of type 'boolean'"),
        ({"type": "probe.everything", "inputs": {"model": "tiny"}}, "$.nodes.a.inputs.model", "'tiny' does not match"),
        ({"type": "probe.everything", "inputs": {"short": "abcd"}}, "$.nodes.a.inputs.short", "'abcd' is too long"),
        ({"type": "probe.everything", "inputs": {"code": "A"}}, "$.nodes.a.inputs.code", "'A' does not match"),
        (
            {"type": "probe.migrated", "version": "3.0", "inputs": {"image": EDGE}},
            "$.nodes.a.inputs",
            "'picture' is a required property",
        ),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
def test_wrong_inputs_fail_the_installed_schema_with_errors_that_help(
    node: dict[str, Any],
    place: str,
    words: str,
    installed_schema: Draft202012Validator,
    format_schema: Draft202012Validator,
) -> None:
    errors = {(error.json_path, error.message) for error in installed_schema.iter_errors(wrap(**node))}

    assert any(path == place and words in message for path, message in errors), errors
    assert list(format_schema.iter_errors(wrap(**node))) == []


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"type": "imag"}, "'imag' is not one of"),
        ({"type": "int", "default": "x"}, "'x' is not of type 'integer'"),
        ({"type": "image", "default": "photo.png"}, "is not of type 'object'"),
    ],
)
def test_wrong_graph_inputs_fail_the_installed_schema(
    declared: dict[str, Any], words: str, installed_schema: Draft202012Validator
) -> None:
    errors = installed_schema.iter_errors({"studio": 1, "inputs": {"i": declared}})

    assert any(words in error.message for error in errors)


def test_inputs_carry_their_documentation_for_editors(registry: Registry) -> None:
    inputs = create_installed_schema(registry)["$defs"]["image.resize"]["properties"]

    assert inputs["fit"]["anyOf"][0]["enum"] == ["contain", "cover", "stretch", "pad"]
    assert inputs["fit"]["default"] == "stretch"
    assert inputs["width"]["description"] == "Width of the result; null follows from the height or the scale."
    assert (inputs["width"]["minimum"], inputs["width"]["maximum"]) == (1, 65_535)


def test_old_ids_and_old_names_pass_and_deprecated_types_are_marked() -> None:
    @node("probe.dot", version="2.0", migrations={1: Migration(inputs={"n": "count"})}, replaces="probe.spot")
    def dot(ctx: Context, count: int) -> str:
        """Dot."""
        return ""

    @node("probe.old", deprecated="use probe.dot")
    def old(ctx: Context) -> str:
        """Age."""
        return ""

    schema = create_installed_schema(create_catalog(dot, old))
    validator = Draft202012Validator(schema)

    for good in ({"type": "probe.dot", "inputs": {"n": 2}}, {"type": "probe.spot"}, {"type": "probe.old"}):
        assert not list(validator.iter_errors({"studio": 1, "nodes": {"a": good}})), good
    for bad in ({"type": "probe.dot", "inputs": {"m": 2}}, {"type": "probe.dash"}):
        assert list(validator.iter_errors({"studio": 1, "nodes": {"a": bad}})), bad
    assert schema["$defs"]["probe.old"]["deprecated"] is True
    assert "deprecated" not in schema["$defs"]["probe.dot"]
    (rule,) = (r for r in schema["$defs"]["node"]["allOf"] if r["if"]["properties"]["type"]["const"] == "probe.old")
    assert rule["then"]["properties"]["type"]["deprecated"] is True
    described = schema["$defs"]["node"]["properties"]["type"]["anyOf"][0]
    assert described["enumDescriptions"][described["enum"].index("probe.old")] == "Deprecated: use probe.dot\n\nAge."
