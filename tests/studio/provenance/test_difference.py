"""`find_differences`: on plain documents, odd and hostile ones too."""

from __future__ import annotations

from typing import Any

import pytest

from studio.provenance.difference import Made, find_differences


def describe(a: Made, b: Made) -> list[tuple[str, str, str, str]]:
    return [(one.node, one.part, one.a, one.b) for one in find_differences(a, b, {})]


def build(**nodes: Any) -> dict[str, Any]:
    return {"studio": 1, "nodes": nodes, "outputs": {"o": {"from": "last"}}}


LAST = {"type": "t.last", "inputs": {"image": {"from": "first"}}}


def test_a_value_of_the_graph_is_compared_where_it_arrives() -> None:
    document = build(last={"type": "t.last", "inputs": {"text": {"from": "inputs.words"}}})
    document["inputs"] = {"words": {"type": "text", "default": "x"}}

    assert describe(Made(document), Made(document, {"words": "y"})) == [("last", "input text", '"x"', '"y"')]
    assert describe(Made(document), Made(document, {"words": "x"})) == []


def test_files_are_compared_by_digest_and_shown_by_name() -> None:
    def make(name: str, digest: str) -> Made:
        return Made(build(last={"type": "t.l", "inputs": {"a": {"file": name}}}), {}, {}, {name: digest})

    assert describe(make("a.png", "1" * 64), make("b.png", "1" * 64)) == []
    assert describe(make("a.png", "1" * 64), make("a.png", "2" * 64)) == [
        ("last", "input a", f'"a.png" ({"1" * 12})', f'"a.png" ({"2" * 12})')
    ]


def test_whole_floats_are_integers_and_bools_are_not() -> None:
    def make(value: Any) -> Made:
        return Made(build(last={"type": "t.l", "inputs": {"a": value}}))

    assert describe(make(1), make(1.0)) == []
    assert describe(make(1), make(True)) == [("last", "input a", "1", "true")]


def test_renamed_nodes_are_recognized_along_the_way() -> None:
    a = Made(build(first={"type": "t.f"}, last=LAST))
    b = Made(build(begin={"type": "t.f"}, last={"type": "t.last", "inputs": {"image": {"from": "begin"}}}))

    assert describe(a, b) == [("first", "name", "first", "begin")]


def test_graphs_in_graphs_are_entered_with_their_values() -> None:
    part = {
        "inputs": {"n": {"type": "int", "default": 1}},
        "nodes": {"in": {"type": "t.in", "inputs": {"n": {"from": "inputs.n"}}}},
        "outputs": {"o": {"from": "in"}},
    }

    def make(n: int, when: str = "gate") -> Made:
        node = {"type": "graph:./p/part.json", "inputs": {"n": n}, "when": {"from": when}}
        return Made(build(last=node), {}, {"p/part.json": part})

    assert describe(make(2), make(3)) == [("last/in", "input n", "2", "3")]
    assert describe(make(2), make(2, "door")) == [("last", "when", "from gate", "from door")]


def test_only_what_the_output_needs_counts() -> None:
    def make(value: int, output: str) -> Made:
        document = build(last={"type": "t.l"}, side={"type": "t.s", "inputs": {"a": value}})
        document["outputs"]["side"] = {"from": "side.x"}
        return Made(document, output=output)

    assert describe(make(1, "o"), make(2, "o")) == []
    assert describe(make(1, ""), make(2, "side")) == [("side", "input a", "1", "2")]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"nodes": [], "outputs": 3, "inputs": "no"},
        build(last=3, b={"type": 4, "inputs": [1]}),
        build(last=LAST, first={"type": "t.f", "inputs": {"image": {"from": "last"}}}),  # a cycle
        build(last={"type": "graph:a.json"}),
        {"nodes": {"": {"type": "t"}, "a.b": {"inputs": {"x": {"from": 3}}}}, "outputs": {"o": {"from": ""}}},
    ],
)
def test_odd_documents_break_nothing(document: Any) -> None:
    whole = Made(build(first={"type": "t.f"}, last=LAST))
    odd = Made(document, {}, {"a.json": {"nodes": {"x": {"type": "graph:a.json"}}}})

    assert describe(odd, odd) == []
    assert describe(whole, odd) != []
    assert len(describe(odd, whole)) > 0


def test_python_system_and_device_of_two_runs_are_told() -> None:
    machine = {"device": "cpu", "dtype": "float32", "python": "3.11.9", "system": "Linux-6.1"}
    a = Made(build(), manifest={"machine": machine})
    b = Made(build(), manifest={"machine": machine | {"device": "cuda", "python": "3.13.1", "system": "macOS-15"}})

    assert describe(a, a) == []
    assert describe(a, b) == [
        ("", "device", "cpu", "cuda"),
        ("", "python", "3.11.9", "3.13.1"),
        ("", "system", "Linux-6.1", "macOS-15"),
    ]


def test_builds_of_distributions_are_told_in_both_directions() -> None:
    both = {"pillow": {"version": "11.0", "record": "aa"}, "studio": {"version": "0.1.0", "code": "cc"}}
    here = both | {"numpy": {"version": "2.4.5"}, "tint": {"version": "1.0", "record": "bb"}}
    there = both | {"numpy": {"version": "2.4.6"}, "pillow": {"version": "11.0", "record": "dd"}}
    a, b = (Made(build(), manifest={"distributions": builds}) for builds in (here, there))

    found = [
        ("", "distribution numpy", "2.4.5", "2.4.6"),
        ("", "distribution pillow", "11.0 (record aa)", "11.0 (record dd)"),
        ("", "distribution tint", "1.0", ""),
    ]
    assert describe(a, b) == found
    assert describe(b, a) == [(node, part, two, one) for node, part, one, two in found]


def test_another_version_of_studio_is_told_once() -> None:
    a, b = (
        Made(build(), manifest={"studio": version, "distributions": {"studio": {"version": version, "code": version}}})
        for version in ("0.1.0", "0.2.0")
    )

    assert describe(a, b) == [("", "studio", "0.1.0", "0.2.0")]


@pytest.mark.parametrize("builds", [None, [], {}, {"numpy": "2.4"}, "numpy"])
def test_manifests_without_builds_are_compared_in_the_rest(builds: Any) -> None:
    whole = Made(build(), manifest={"distributions": {"numpy": {"version": "2.4"}}})

    assert describe(whole, Made(build(), manifest={"distributions": builds, "studio": "1"})) == [
        ("", "studio", "", "1")
    ]
