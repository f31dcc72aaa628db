"""The one binder: a graph file, Python, a table's cell and --set get the same value or the same finding."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import open_studio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from studio.api import Image, Model, TypeSpec
from studio.app import InputFile, Studio
from studio.batch.columns import Columns
from studio.batch.groups import list_rows
from studio.batch.tables import open_table
from studio.cli.options import parse_inputs
from studio.errors import Finding, GraphError, UsageError
from studio.graph import Graph, parse_graph
from studio.graph.bind import Binder
from studio.graph.findings import Findings
from studio.graph.given import bind_inputs, restore_inputs
from studio.graph.paths import Paths
from studio.graph.source import Collected, Constant, FileSource, NamedPath

TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "text"},
    "whole": {"type": "int", "minimum": 0},
    "count": {"type": "int"},
    "real": {"type": "float"},
    "flag": {"type": "bool"},
    "word": {"type": "choice", "choices": ["red", "blue", 3]},
    "numbers": {"type": "list[int]"},
    "rows": {"type": "list[list[int]]"},
    "data": {"type": "json"},
    "photo": {"type": "image"},
    "photos": {"type": "list[image]"},
    "file": {"type": "file"},
    "path": {"type": "path"},
    "model": {"type": "model"},
    "models": {"type": "list[model]"},
    "free": {"type": "any"},
}
NODES = {"sum": {"type": "fake.add", "inputs": {"a": 1}}}
OUTPUTS = {"sum": {"from": "sum"}}
Channel = Callable[[Any], list[Finding]]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A Studio, in a folder with two pictures."""
    folder = tmp_path / "here"
    (folder / "frames").mkdir(parents=True)
    for name in ("photo.png", "frames/1.png", "frames/10.png", "frames/9.png"):
        Pictures.new("RGB", (4, 4)).save(folder / name)
    (folder / "note.txt").write_text("a note", encoding="utf-8")
    monkeypatch.chdir(folder)
    with open_studio(tmp_path / "studio", on_disk=False) as opened:
        yield opened


def make_graph(name: str, **more: Any) -> Graph:
    declared = {**TYPES[name], **more}
    if "default" not in more:
        declared["optional"] = True
    document = {"studio": 1, "inputs": {"x": declared}, "nodes": NODES, "outputs": OUTPUTS}
    return parse_graph(document, base=Path.cwd())


def find_in_graph(studio: Studio, name: str, value: Any) -> list[Finding]:
    return studio.resolve(make_graph(name, default=value, optional=True)).errors


def find_in_python(studio: Studio, name: str, value: Any) -> list[Finding]:
    try:
        studio.plan(make_graph(name), {"x": value})
    except GraphError as error:
        return list(error.findings)
    return []


def find_in_table(studio: Studio, name: str, table: Path) -> list[Finding]:
    columns = Columns(studio.resolve(make_graph(name)), studio.registry.classes, {})
    findings: list[Finding] = []
    for index, row in enumerate(open_table(table)()):
        columns.read([row], index, findings)
    return findings


def find_in_json_lines(studio: Studio, name: str, value: Any) -> list[Finding]:
    Path("items.jsonl").write_text(json.dumps({"x": value}) + "\n", encoding="utf-8")
    return find_in_table(studio, name, Path("items.jsonl"))


def find_in_csv(studio: Studio, name: str, text: str) -> list[Finding]:
    with Path("items.csv").open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        csv.writer(file).writerows([["x"], [text]])
    return find_in_table(studio, name, Path("items.csv"))


def find_on_command_line(studio: Studio, name: str, text: str) -> list[Finding]:
    try:
        values = parse_inputs(make_graph(name), [f"x={text}"])
    except UsageError as error:
        return [Finding(error.code, "", error.message)]
    return find_in_python(studio, name, values["x"])


def describe(finding: Finding) -> tuple[str, ...]:
    """Return all of a finding but its place, and what follows the input's own pointer in it."""
    rest = finding.where.partition("/x")[2].removeprefix("/default")
    return (finding.code, rest, finding.message, finding.expected, finding.found, finding.hint)


def find_everywhere(studio: Studio, name: str, value: Any, text: str) -> dict[str, list[tuple[str, ...]]]:
    return {
        "graph": [describe(finding) for finding in find_in_graph(studio, name, value)],
        "python": [describe(finding) for finding in find_in_python(studio, name, value)],
        "jsonl": [describe(finding) for finding in find_in_json_lines(studio, name, value)],
        "csv": [describe(finding) for finding in find_in_csv(studio, name, text)],
        "--set": [describe(finding) for finding in find_on_command_line(studio, name, text)],
    }


# -- one graph of errors, given four ways --------------------------------------------------------------

LONG = "\u00fc" * (256 // len(os.fsencode("\u00fc")))
"""256 bytes as names of files are encoded, which may be 128 characters."""

ERRORS: list[tuple[str, Any, str, str]] = [
    ("whole", -1, "-1", "E117"),
    ("whole", "many", "many", "E114"),
    ("whole", 1.5, "1.5", "E114"),
    ("count", "many", "many", "E114"),
    ("count", 1.5, "1.5", "E114"),
    ("count", [1, 2], "[1, 2]", "E114"),
    ("count", {"a": 1}, '{"a": 1}', "E114"),
    ("real", "NaN", "NaN", "E114"),
    ("real", "Infinity", "Infinity", "E114"),
    ("real", 10**400, "1" + "0" * 400, "E114"),
    ("flag", "maybe", "maybe", "E114"),
    ("flag", 2, "2", "E114"),
    ("word", "green", "green", "E118"),
    ("word", "rde", "rde", "E118"),
    ("word", 4, "4", "E118"),
    ("numbers", 5, "5", "E114"),
    ("numbers", [1, "a"], '[1, "a"]', "E114"),
    ("numbers", [1, [2]], "[1, [2]]", "E114"),
    ("rows", [[1], 2], "[[1], 2]", "E114"),
    ("photo", {"file": "gone.png"}, "gone.png", "E129"),
    ("photo", {"file": "frames"}, "frames", "E129"),
    ("photo", {"file": "."}, ".", "E129"),
    ("photo", {"file": "."}, ".", "E129"),
    ("file", {"file": "gone.txt"}, "gone.txt", "E129"),
    ("photos", {"files": "*.nix"}, "*.nix", "E129"),
    ("photos", {"files": "none/*.png"}, "none/*.png", "E129"),
    ("path", "../x.png", "../x.png", "E130"),
    ("path", "/etc/passwd", "/etc/passwd", "E130"),
    ("path", "a\0b", "a\0b", "E130"),
    ("path", ".", ".", "E130"),
    ("path", "out/", "out/", "E130"),
    ("path", "n" * 256, "n" * 256, "E130"),
    ("path", LONG, LONG, "E130"),
    ("path", "a/" * 600 + "b", "a/" * 600 + "b", "E130"),
    ("model", "tiny", "tiny", "E114"),
    ("model", {"x": 1}, '{"x": 1}', "E114"),
    ("model", {"model": 5}, '{"model": 5}', "E114"),
    ("model", {"model": "builtin:a", "options": {"a": []}}, '{"model": "builtin:a", "options": {"a": []}}', "E114"),
    ("model", {"model": "builtin:a", "more": 1}, '{"model": "builtin:a", "more": 1}', "E114"),
    ("models", ["builtin:a", {"x": 1}], '["builtin:a", {"x": 1}]', "E114"),
    ("models", "builtin:a", "builtin:a", "E114"),
]


@pytest.mark.parametrize(("name", "value", "text", "code"), ERRORS, ids=[f"{e[0]} {e[2][:40]!r}" for e in ERRORS])
def test_an_error_given_four_ways_is_one_finding(name: str, value: Any, text: str, code: str, studio: Studio) -> None:
    found = find_everywhere(studio, name, value, text)

    assert [finding[0] for finding in found["graph"]] == [code]
    assert {channel: finding for channel, finding in found.items() if finding != found["graph"]} == {}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_inside_json_that_is_not_finite_is_one_finding(word: str, studio: Studio) -> None:
    value, text = {"a": [float(word)]}, f'{{"a": [{word}]}}'

    (python,) = find_in_python(studio, "data", value)

    assert python.code == "E114"
    for found in (
        find_in_json_lines(studio, "data", value),
        find_in_csv(studio, "data", text),
        find_on_command_line(studio, "data", text),
    ):
        assert [describe(finding) for finding in found] == [describe(python)]


def test_a_row_error_names_the_row_and_the_column(studio: Studio) -> None:
    Path("items.jsonl").write_text('{"x": 1}\n{"x": "many"}\n', encoding="utf-8")

    (finding,) = find_in_table(studio, "count", Path("items.jsonl"))

    assert (finding.code, finding.where) == ("E114", "items.jsonl:2#/x")


def test_an_unknown_name_is_one_code_for_a_node_a_caller_and_a_table(studio: Studio) -> None:
    graph = make_graph("count")
    with pytest.raises(GraphError) as python:
        studio.plan(graph, {"y": 1})
    with pytest.raises(GraphError) as on_command_line:
        studio.plan(graph, parse_inputs(graph, ["y=1"]))
    Path("items.jsonl").write_text('{"y": 1}\n', encoding="utf-8")
    (row,) = find_in_table(studio, "count", Path("items.jsonl"))
    node = {"type": "fake.add", "inputs": {"a": 1, "y": 1}}
    document = {"studio": 1, "nodes": {"sum": node}, "outputs": OUTPUTS}
    (in_graph,) = studio.validate(parse_graph(document))

    findings = [*python.value.findings, *on_command_line.value.findings, row, in_graph]
    assert {(finding.code, finding.message) for finding in findings} == {("E110", "unknown input 'y'")}


# -- one value, given four ways ------------------------------------------------------------------------

VALUES: list[tuple[str, Any, str]] = [
    ("text", "5", "5"),
    ("text", "true", "true"),
    ("text", '{"a": 1}', '{"a": 1}'),
    ("count", 5, "5"),
    ("real", 5, "5"),
    ("flag", True, "yes"),
    ("flag", True, "On"),
    ("flag", True, "1"),
    ("flag", False, "0"),
    ("flag", False, "no"),
    ("word", "red", "red"),
    ("word", 3, "3"),
    ("numbers", [1, 2], "[1, 2]"),
    ("rows", [[1], [2, 3]], "[[1], [2, 3]]"),
    ("data", {"file": "photo.png"}, '{"file": "photo.png"}'),
    ("data", "plain", "plain"),
    ("data", [{"literal": {"literal": 1}}], '[{"literal": {"literal": 1}}]'),
    ("photo", {"file": "photo.png"}, "photo.png"),
    ("photos", {"files": "frames/*.png"}, "frames/*.png"),
    ("photos", [{"file": "photo.png"}, {"file": "frames/1.png"}], '[{"file": "photo.png"}, {"file": "frames/1.png"}]'),
    ("file", {"file": "note.txt"}, "note.txt"),
    ("path", "out/a.png", "out/a.png"),
    ("path", "123", "123"),
    ("model", "builtin:a", "builtin:a"),
    ("model", {"model": "builtin:a", "options": {"n": 1}}, '{"model": "builtin:a", "options": {"n": 1}}'),
    ("models", ["builtin:a", "hub:a/b@c"], '["builtin:a", "hub:a/b@c"]'),
    ("free", {"literal": {"from": "x"}}, '{"literal": {"from": "x"}}'),
]


def name_source(source: Any) -> Any:
    """Return what a source gives, whoever wrote it: its value, or the file it reads."""
    match source:
        case Constant(list(entries)):
            return [name_source(Constant(entry)) for entry in entries]
        case Constant(value):
            return type(value).__name__, value
        case FileSource(path=path, type_name=type_name):
            return path.resolve(), type_name
        case NamedPath(name):
            return "path", name
        case Collected(entries):
            return [name_source(entry) for entry in entries]


@pytest.mark.parametrize(("name", "value", "text"), VALUES, ids=[f"{v[0]} {v[2]!r}" for v in VALUES])
def test_a_value_given_four_ways_is_one_source(name: str, value: Any, text: str, studio: Studio) -> None:
    bound: dict[str, Any] = {}
    findings = Findings()
    resolved = studio.resolve(make_graph(name))

    def bind(inputs: dict[str, Any]) -> Any:
        return bind_inputs(resolved, inputs, studio.registry.classes, findings, lambda source, digests: source)["x"]

    bound["graph"] = studio.resolve(make_graph(name, default=value)).inputs["x"].default
    bound["python"] = bind({"x": value})
    bound["--set"] = bind(parse_inputs(make_graph(name), [f"x={text}"]))
    Path("items.jsonl").write_text(json.dumps({"x": value}), encoding="utf-8")
    with Path("items.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["x"], [text]])
    for table in (Path("items.jsonl"), Path("items.csv")):
        (row,) = open_table(table)()
        item = Columns(resolved, studio.registry.classes, {}).read([row], 0, findings.found)
        assert item is not None, findings.found
        bound[table.name] = bind(restore_inputs(resolved, json.loads(json.dumps(item.values))))

    assert not findings.found
    expected = name_source(bound["graph"])
    assert {channel: name_source(source) for channel, source in bound.items()} == dict.fromkeys(bound, expected)


def test_text_and_paths_for_a_medium_are_files_in_python(studio: Studio) -> None:
    graph = make_graph("photo")

    plans = [
        studio.plan(graph, {"x": value})
        for value in ("photo.png", Path("photo.png"), InputFile(Path("photo.png")), {"file": Path("photo.png")})
    ]

    assert [list(plan.nodes) for plan in plans] == [["sum"]] * 4
    assert find_in_python(studio, "photos", ["photo.png", Path("frames/1.png"), InputFile("photo.png")]) == []  # type: ignore[arg-type]  # as a caller may write it
    assert find_in_python(studio, "photos", {"files": Path("frames")}) == []
    assert [finding.code for finding in find_in_python(studio, "text", Path("photo.png"))] == ["E114"]


def test_a_list_of_models_works_as_the_default_of_a_graph_does(studio: Studio) -> None:
    assert find_in_python(studio, "models", ["builtin:a", Model("builtin:b")]) == []
    assert find_in_python(studio, "models", ()) == []


PYTHON_ONLY = {
    "NaN": ("real", math.nan, "E114"),
    "infinity": ("data", [math.inf], "E114"),
    "bytes": ("text", b"abc", "E114"),
    "nothing": ("count", object(), "E114"),
    "a mapping with odd keys": ("data", {1: 2}, "E114"),
    "options with odd keys": ("model", {"model": "builtin:a", "options": {1: 2, "a": 3}}, "E114"),
    "options that are no numbers": ("model", {"model": "builtin:a", "options": {"a": math.nan}}, "E114"),
    "a huge number where a choice is": ("word", 10**5000, "E118"),
    "another medium": ("photo", np.zeros((4, 4, 3)), "E114"),
    "a picture among numbers": ("numbers", [1, Image(np.zeros((4, 4, 3), np.uint8))], "E114"),
    "a file among numbers": ("numbers", [InputFile(Path("photo.png"))], "E114"),
    "a path with a zero byte": ("photo", "a\0b", "E130"),
    "a path with a lone surrogate": ("photo", Path("\ud800"), "E130"),
    "a file name that is too long": ("photo", "n" * 3000, "E129"),
    "an empty file name": ("photo", "", "E129"),
    "an empty path": ("path", "", "E130"),
    "a list that is too deep": ("data", json.loads("[" * 100 + "]" * 100), "E108"),
    "a list for one picture": ("photo", ["photo.png", "photo.png"], "E114"),
}


@pytest.mark.parametrize("case", PYTHON_ONLY)
def test_what_only_python_can_give_is_a_finding_too(case: str, studio: Studio) -> None:
    name, value, code = PYTHON_ONLY[case]

    assert [finding.code for finding in find_in_python(studio, name, value)] == [code]


def test_a_list_that_contains_itself_is_a_finding(studio: Studio) -> None:
    loop: list[Any] = []
    loop.append(loop)

    for name in ("data", "numbers", "photos", "rows"):
        assert [finding.code for finding in find_in_python(studio, name, loop)] == ["E108"]


def test_none_is_what_is_left_out_in_a_table_and_a_finding_elsewhere(studio: Studio) -> None:
    document = {"studio": 1, "inputs": {"x": {"type": "int", "default": 3}}, "nodes": NODES, "outputs": OUTPUTS}
    graph = parse_graph(document)
    findings: list[Finding] = []
    Path("items.jsonl").write_text('{"x": null}\n', encoding="utf-8")
    (row,) = open_table(Path("items.jsonl"))()

    item = Columns(studio.resolve(graph), studio.registry.classes, {}).read([row], 0, findings)

    assert item is not None
    assert "x" not in item.values
    with pytest.raises(GraphError, match=r"E114 .*expected int, found null"):
        studio.plan(graph, {"x": None})


def test_a_table_holds_no_objects(studio: Studio) -> None:
    columns = Columns(studio.resolve(make_graph("photo")), studio.registry.classes, {})
    findings: list[Finding] = []
    (row,) = list_rows([{"x": Image(np.zeros((4, 4, 3), np.uint8))}])()

    assert columns.read([row], 0, findings) is None
    assert [(finding.code, finding.where) for finding in findings] == [("E114", "items[0]#/x")]


# -- whatever is given ---------------------------------------------------------------------------------

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.sampled_from(
        ["photo.png", "frames", "frames/*", "../x", "a\0b", "\ud800", "builtin:a", "hub:a/b", "file:", "~"]
    ),
)
_KEYS = st.sampled_from(["file", "files", "from", "literal", "model", "options", "x", ""])
JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=2),
    max_leaves=6,
)
OBJECTS = st.recursive(
    _SCALARS
    | st.binary(max_size=4)
    | st.sampled_from(
        [Path("photo.png"), Path("\0"), InputFile(Path("gone")), Model("builtin:a"), object(), 3 + 4j, {1}]
    )
    | st.just(Image(np.zeros((2, 2, 3), np.uint8))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(_KEYS | st.integers() | st.none(), inner, max_size=2)
    ),
    max_leaves=6,
)
ANY_EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@given(st.sampled_from(list(TYPES)), OBJECTS)
@ANY_EXAMPLES
def test_whatever_python_gives_is_a_value_or_a_finding(studio: Studio, name: str, value: Any) -> None:
    for finding in find_in_python(studio, name, value):
        assert finding.where.startswith("/inputs/x")
        assert finding.hint


@given(st.sampled_from(list(TYPES)), JSON)
@ANY_EXAMPLES
def test_whatever_a_row_holds_is_a_value_or_a_finding(studio: Studio, name: str, value: Any) -> None:
    for finding in find_in_json_lines(studio, name, value):
        assert finding.where.startswith("items.jsonl:1")
        assert finding.hint


@given(st.sampled_from(list(TYPES)), JSON)
@ANY_EXAMPLES
def test_what_a_graph_takes_a_caller_may_give_too(studio: Studio, name: str, value: Any) -> None:
    try:
        in_graph = find_in_graph(studio, name, value)
    except GraphError:
        return  # NaN and the like are no JSON
    if name == "photo" or name == "photos" or name == "file":
        return  # text names a file for a caller, and a graph writes {"file": ...}
    if value is not None:
        assert [describe(f) for f in find_in_python(studio, name, value)] == [describe(f) for f in in_graph]


@given(
    st.sampled_from(list(TYPES)), st.text(st.characters(exclude_characters="\r\n"), max_size=10) | JSON.map(json.dumps)
)
@ANY_EXAMPLES
def test_whatever_text_a_cell_and_the_command_line_give_is_the_same(studio: Studio, name: str, text: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([text])
    cell = next(csv.reader([written.getvalue()], strict=True), [""])
    if not text.strip() or text.startswith("@") or cell != [text] or not text.isprintable():
        return  # a row of empty cells is none, @ reads a file, and not every text can stand in a table

    in_table, on_command_line = find_in_csv(studio, name, text), find_on_command_line(studio, name, text)

    assert [finding.code for finding in in_table] == [finding.code for finding in on_command_line]


# -- the binder itself ---------------------------------------------------------------------------------


def test_a_name_where_a_file_is_read_is_shown_as_a_graph_writes_it(tmp_path: Path) -> None:
    findings = Findings()
    binder = Binder({"image": Image}, Paths(tmp_path), findings)

    binder.bind("photo.png", TypeSpec("image"), "/x")
    binder.bind("frames/*.png", TypeSpec("image", 1), "/x")

    hints = ['write {"file": "photo.png"} to read a file', 'write {"files": "frames/*.png"} to read files']
    assert [finding.hint for finding in findings.found] == hints


def test_a_file_whose_digest_is_recorded_may_be_gone(tmp_path: Path) -> None:
    findings = Findings()
    binder = Binder({"image": Image}, Paths(tmp_path, digests={"gone.png": "ab"}), findings)

    assert binder.bind_whole({"file": "gone.png"}, TypeSpec("image"), "/x") is not None
    assert binder.bind_whole({"file": "other.png"}, TypeSpec("image"), "/x") is None
    assert [finding.code for finding in findings.found] == ["E129"]


@pytest.mark.parametrize(
    ("pattern", "code", "message"),
    [
        ("s.####.png 1-4", "E129", "2 of 4 frames of 's.####.png' are missing: 3-4"),
        ("s.####.png 1-4o", "E135", "invalid frames '1-4o': expected 'x' or ',' at character 4, found 'o'"),
        ("../s.####.png 1-2", "E130", "'../s.####.png 1-2' leaves the graph's folder"),
    ],
)
def test_frames_that_are_not_there_or_written_wrong_are_one_finding(
    tmp_path: Path, pattern: str, code: str, message: str
) -> None:
    for number in (1, 2, 7):
        (tmp_path / f"s.{number:04d}.png").touch()
    findings = Findings()
    binder = Binder({"image": Image}, Paths(tmp_path, (tmp_path,)), findings)

    assert binder.bind({"files": pattern}, TypeSpec("image", 1), "/x") is None
    assert [(found.code, found.where, found.message) for found in findings.found] == [(code, "/x", message)]


def test_a_text_that_should_be_frames_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    findings = Findings()

    Binder({}, Paths(tmp_path), findings).bind("1-10y", TypeSpec("int", 1), "/x")

    assert "expected 'x' or ',' at character 5, found 'y'" in findings.found[0].hint


def test_a_binder_without_edges_takes_what_looks_like_one_as_a_literal(tmp_path: Path) -> None:
    findings = Findings()
    binder = Binder({}, Paths(tmp_path), findings)

    assert binder.bind_whole({"from": "a"}, TypeSpec("json"), "/x") == Constant({"from": "a"})
    assert binder.bind_whole({"literal": {"from": "a"}}, TypeSpec("json"), "/x") == Constant({"from": "a"})
    assert findings.found == []


def test_a_list_maps_in_a_node_and_does_not_fit_a_graphs_input(tmp_path: Path) -> None:
    findings = Findings()
    binder = Binder({}, Paths(tmp_path), findings)

    bound = binder.bind([1, 2], TypeSpec("int"), "/x")

    assert bound is not None
    assert (bound.source, bound.depth) == (Constant([1, 2]), 1)
    assert binder.bind_whole([1, 2], TypeSpec("int"), "/x") is None
    assert [finding.code for finding in findings.found] == ["E114"]


@pytest.mark.parametrize("name", ["photo.png", "it's.png", 'a "b".png', "a\\b.png", "\u00fc.png", "\ud800"])
def test_the_hint_for_a_text_at_a_medium_in_a_graph_is_json_that_names_the_file(name: str, studio: Studio) -> None:
    (finding,) = find_in_graph(studio, "photo", name)

    written = finding.hint.removeprefix("write ").removesuffix(" to read a file")
    assert json.loads(written) == {"file": name}
    assert written.isprintable()
