"""What is no graph of version 1 is refused, with every finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.errors import Finding, GraphError
from studio.graph import load_graph, parse_graph, parse_json

SMALL: dict[str, Any] = {
    "studio": 1,
    "nodes": {"a": {"type": "image.new", "inputs": {"width": 8}}},
    "outputs": {"o": {"from": "a"}},
}


def find(source: Any) -> list[Finding]:
    with pytest.raises(GraphError) as caught:
        parse_graph(source)
    return list(caught.value.findings)


def test_a_graph_is_parsed_from_text_bytes_and_objects() -> None:
    text = json.dumps(SMALL)

    graphs = [
        parse_graph(text),
        parse_graph(text.encode()),
        parse_graph(b"\xef\xbb\xbf" + text.encode()),
        parse_graph(SMALL),
    ]

    assert all(graph.document.nodes["a"].inputs == {"width": 8} for graph in graphs)


def test_a_parsed_graph_does_not_change_with_the_object_it_came_from() -> None:
    source = json.loads(json.dumps(SMALL))
    graph = parse_graph(source)

    source["nodes"]["a"]["inputs"]["width"] = 9

    assert graph.document.nodes["a"].inputs == {"width": 8}
    assert graph.json == SMALL


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "E100", "line 1 column 1"),
        ('{"studio": 1,}', "E100", "line 1"),
        (b"\xff\xfe", "E100", "not UTF-8"),
        ('{"studio": ' + "9" * 5000 + "}", "E100", "a whole number of more than 4300 digits"),
        ('{"studio": 1, "ui": NaN}', "E105", "NaN"),
        ('{"studio": 1, "ui": -Infinity}', "E105", "Infinity"),
        ('{"studio": 1, "ui": 1e999}', "E105", "1e999"),
        ('{"studio": 1, "ui": ' + "[" * 65 + "]" * 65 + "}", "E108", "nested"),
        ("[" * 100_000, "E108", "nested"),
        ("[1]", "E107", "object"),
        ("null", "E107", "object"),
        ("{}", "E101", "missing"),
        ('{"studio": 2}', "E101", "version 2"),
        ('{"studio": true}', "E101", "true"),
        ('{"studio": 1.0}', "E101", "1.0"),
        ('{"studio": "1"}', "E101", "'1'"),
    ],
)
def test_what_is_no_graph_of_version_1_is_refused(text: str | bytes, code: str, words: str) -> None:
    (finding,) = find(text)

    assert finding.code == code
    assert words in finding.message


def test_nesting_up_to_the_limit_is_taken() -> None:
    parse_graph('{"studio": 1, "ui": ' + "[" * 62 + "]" * 62 + "}")


def test_another_programs_file_is_recognised() -> None:
    (finding,) = find({"nodes": [], "links": []})

    assert "studio import FILE" in finding.hint


def test_every_duplicate_key_is_found_with_its_place() -> None:
    text = '{"studio": 1, "title": "", "title": "", "nodes": {"a/b": {"type": "x", "type": "y"}}}'

    findings = find(text)

    assert sorted((f.code, f.where) for f in findings) == [("E104", "/nodes/a~1b/type"), ("E104", "/title")]
    assert all(f.hint for f in findings)


def test_all_findings_of_the_form_come_at_once() -> None:
    source = {
        "studio": 1,
        "titel": "",
        "inputs": {"a": {"typ": "int"}, "b": {"type": "int", "optional": 1}},
        "nodes": {
            "x": {"type": "image.new", "input": {}},
            "1": {"type": "image.new"},
            "w": {"type": "t", "when": {"frm": "x"}},
        },
        "outputs": {"o": {"from": "a.b.c"}, "p": {}},
        "requires": {"studio-image": 1},
    }

    findings = {(f.code, f.where) for f in find(source)}

    assert findings == {
        ("E102", "/titel"),
        ("E102", "/inputs/a/typ"),
        ("E107", "/inputs/b/optional"),
        ("E102", "/nodes/x/input"),
        ("E127", "/nodes/1"),
        ("E102", "/nodes/w/when/frm"),
        ("E112", "/outputs/o/from"),
        ("E107", "/outputs/p/from"),
        ("E107", "/requires/studio-image"),
    }
    assert all(f.hint and f.expected and f.found for f in find(source))


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ({"titel": ""}, "'title'"),
        ({"nodes": {"a": {"type": "x", "input": {}}}}, "'inputs'"),
        ({"outputs": {"a": {"form": "x", "from": "x"}}}, "'from'"),
        ({"inputs": {"a": {"type": "int", "minimun": 1}}}, "'minimum'"),
        ({"nodes": {"a b": {"type": "x"}}}, "'a_b'"),
        ({"nodes": {"n" * 255: {"type": "x"}}}, "shorten it to 128 characters"),
    ],
)
def test_a_misspelt_key_gets_the_nearest_right_one(source: dict[str, Any], hint: str) -> None:
    (finding,) = find({"studio": 1, **source})

    assert hint in finding.hint


def test_a_key_unlike_any_gets_those_of_its_place() -> None:
    places = {"inputs": {"a": {"type": "int", "zzz": 1}}, "outputs": {"o": {"from": "n", "zzz": 1}}}

    hints = {finding.where: finding.hint for finding in find({"studio": 1, "zzz": 1, **places})}

    assert hints == {
        "/zzz": "known here: $schema, studio, title, description, inputs, nodes, outputs, requires, ui",
        "/inputs/a/zzz": "known here: type, default, optional, description, minimum, maximum, choices, origin",
        "/outputs/o/zzz": "known here: from, description",
    }


def test_ui_and_schema_are_kept_and_ignored() -> None:
    graph = parse_graph({"$schema": "studio.json", "studio": 1, "ui": {"any": ["thing", 1]}})

    assert graph.json["ui"] == {"any": ["thing", 1]}


def test_numbers_that_are_not_finite_are_refused_in_objects_too() -> None:
    (finding,) = find({"studio": 1, "ui": float("nan")})

    assert finding.code == "E105"


def test_objects_that_are_no_json_are_refused() -> None:
    cyclic: dict[str, Any] = {"studio": 1}
    cyclic["ui"] = cyclic

    assert find({"studio": 1, "ui": object()})[0].code == "E100"
    assert find(cyclic)[0].code in ("E100", "E108")


def test_a_file_is_loaded_with_its_folder_as_base(tmp_path: Path) -> None:
    (tmp_path / "poster.json").write_text(json.dumps(SMALL), encoding="utf-8")

    graph = load_graph(tmp_path / "poster.json")

    assert (graph.base, graph.name) == (tmp_path.resolve(), "poster")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_text(json.dumps({**SMALL, "title": "x" * 2000}), encoding="utf-8")

    with pytest.raises(GraphError) as caught:
        load_graph(tmp_path / "large.json", max_bytes=1000)

    assert caught.value.code == "E106"
    assert "STUDIO_MAX_GRAPH_BYTES" in caught.value.hint


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b", "x" * 5000])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GraphError) as caught:
        load_graph(str(tmp_path / name))

    assert caught.value.code == "E120"


def test_parse_json_names_its_source() -> None:
    with pytest.raises(GraphError) as caught:
        parse_json("{", "poster.json")

    assert str(caught.value).startswith("E100 poster.json#")


@pytest.mark.timeout(60)  # each duplicate is looked for in the whole document
def test_of_very_many_duplicate_keys_the_first_are_shown() -> None:
    text = "[" + ",".join(['{"a":1,"a":1}'] * 20_000) + "]"

    with pytest.raises(GraphError) as raised:
        parse_json(text)

    assert 0 < len(raised.value.findings) <= 100
