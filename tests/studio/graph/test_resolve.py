"""Everything that can be wrong with a graph is found before it runs: code, place, expectation, finding, hint."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import studio.graph
from studio.errors import Finding
from studio.graph import check_graph, parse_graph, resolve_graph
from studio.graph.requires import check_requires
from studio.graph.resolved import ResolvedGraph
from studio.graph.source import Collected, Constant
from studio.registry import Registry

NEW = {"type": "image.new"}


def find(registry: Registry, folder: Path, **parts: Any) -> list[Finding]:
    return check_graph(parse_graph({"studio": 1, **parts}, base=folder, path=folder / "graph.json"), registry)


def put(kind: str, **inputs: Any) -> dict[str, Any]:
    """Parts of a graph with one node under test, `a`, beside a few to lead edges from."""
    nodes = {
        "a": {"type": kind, "inputs": inputs},
        "new": NEW,
        "rgba": {"type": "probe.make_rgba"},
        "maybe": {"type": "probe.make_maybe"},
        "words": {"type": "logic.template", "inputs": {"template": "x"}},
        "list": {"type": "logic.collect", "inputs": {"items": [{"from": "new"}, {"from": "new"}]}},
    }
    return {"nodes": nodes, "outputs": {name: {"from": name} for name in nodes}}


def declare(**fields: Any) -> dict[str, Any]:
    """Parts of a graph with one input under test."""
    return {"inputs": {"i": fields}, **put("logic.collect", items=[{"from": "inputs.i"}])}


CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "unknown node type": (put("image.resise"), "E103", "/nodes/a/type", "image.resize"),
    "unknown plugin": (put("audioworks.cut"), "E103", "/nodes/a/type", "install the plugin"),
    "nothing near": (put("image.qqqqqqqqqq"), "E103", "/nodes/a/type", "studio nodes"),
    "unknown input": (
        put("image.invert", image={"from": "new"}, imagee=1),
        "E110",
        "/nodes/a/inputs/imagee",
        "'image'",
    ),
    "unknown input, nothing near": (put("image.new", zzz=1), "E110", "/nodes/a/inputs/zzz", "width"),
    "missing input": (put("image.invert"), "E111", "/nodes/a/inputs", '"image"'),
    "no such node": (put("image.invert", image={"from": "neew"}), "E112", "/nodes/a/inputs/image/from", "'new'"),
    "no such graph input": (
        put("image.invert", image={"from": "inputs.x"}),
        "E112",
        "/nodes/a/inputs/image/from",
        "declare",
    ),
    "edge that is no text": (put("image.invert", image={"from": 3}), "E112", "/nodes/a/inputs/image/from", "literal"),
    "edge with an empty output": (
        put("image.invert", image={"from": "new."}),
        "E112",
        "/nodes/a/inputs/image/from",
        "literal",
    ),
    "no such output": (
        put("image.invert", image={"from": "new.imag"}),
        "E113",
        "/nodes/a/inputs/image/from",
        "'image'",
    ),
    "wrong type over an edge": (
        put("image.invert", image={"from": "words"}),
        "E114",
        "/nodes/a/inputs/image/from",
        "between",
    ),
    "one into a list": (put("image.grid", images={"from": "new"}), "E114", "/nodes/a/inputs/images/from", "[{"),
    "a file name as it stands": (
        put("image.invert", image="photo.png"),
        "E114",
        "/nodes/a/inputs/image",
        '{"file": "photo.png"}',
    ),
    "a wrong literal": (put("logic.not", condition="yes"), "E114", "/nodes/a/inputs/condition", "give"),
    "a file where none fits": (
        put("logic.not", condition={"file": "photo.png"}),
        "E114",
        "/nodes/a/inputs/condition",
        "give",
    ),
    "a list in a list": (put("image.invert", image=[{"from": "list"}]), "E114", "/nodes/a/inputs/image", "concatenate"),
    "a literal list in a list": (put("image.new", width=[8, [9]]), "E114", "/nodes/a/inputs/width/1", "concatenate"),
    "no model": (put("probe.everything", model="tiny"), "E114", "/nodes/a/inputs/model", "builtin:NAME"),
    "a number as a model": (put("probe.everything", model=5), "E114", "/nodes/a/inputs/model", "local:NAME"),
    "no model options": (
        put("probe.everything", model={"model": "builtin:x", "options": {"a": []}}),
        "E114",
        "/nodes/a/inputs/model",
        "",
    ),
    "optional into required": (
        put("image.invert", image={"from": "maybe"}),
        "E115",
        "/nodes/a/inputs/image/from",
        "default",
    ),
    "RGBA into RGB": (
        put("probe.take_rgb", image={"from": "rgba"}),
        "E116",
        "/nodes/a/inputs/image/from",
        "image.convert",
    ),
    "out of limits": (put("image.new", width=0), "E117", "/nodes/a/inputs/width", "studio nodes"),
    "an entry out of limits": (put("image.new", width=[8, 0]), "E117", "/nodes/a/inputs/width/1", "studio nodes"),
    "an entry too long": (
        put("probe.everything", short=["abc", "abcd"]),
        "E117",
        "/nodes/a/inputs/short/1",
        "studio nodes",
    ),
    "a list too long": (put("probe.everything", names=["a"] * 4), "E117", "/nodes/a/inputs/names", "studio nodes"),
    "a list of edges too long": (
        put("probe.everything", names=[{"from": "words"}] * 4),
        "E117",
        "/nodes/a/inputs/names",
        "studio nodes",
    ),
    "against the pattern": (put("probe.everything", code="A"), "E117", "/nodes/a/inputs/code", "studio nodes"),
    "no such choice": (
        put("image.resize", image={"from": "new"}, fit="contan"),
        "E118",
        "/nodes/a/inputs/fit",
        "'contain'",
    ),
    "itself": (put("graph:graph.json"), "E121", "/nodes/a/type", "another graph"),
    "a plugin that failed": (put("broken.thing"), "E123", "/nodes/a/type", "studio plugins"),
    "not installed": (
        {**put("image.new"), "requires": {"studio-none": ">=1"}},
        "E123",
        "/requires/studio-none",
        "pip install",
    ),
    "too old": (
        {**put("image.new"), "requires": {"studio_image": ">=9"}},
        "E124",
        "/requires/studio_image",
        "pip install",
    ),
    "no version range": (
        {**put("image.new"), "requires": {"studio-image": "new"}},
        "E124",
        "/requires/studio-image",
        "pip",
    ),
    "no outputs": ({"nodes": {}}, "E125", "/outputs", '"outputs"'),
    "a file that is missing": (
        put("image.invert", image={"file": "none.png"}),
        "E129",
        "/nodes/a/inputs/image",
        "--set",
    ),
    "a file name that is too long": (
        put("image.invert", image={"file": "n" * 300}),
        "E129",
        "/nodes/a/inputs/image",
        "--set",
    ),
    "a file outside": (put("image.invert", image={"file": "../photo.png"}), "E130", "/nodes/a/inputs/image", "--root"),
    "a folder outside": (put("image.invert", image={"files": "../*"}), "E130", "/nodes/a/inputs/image", "--root"),
    "a pattern that nothing fits": (
        put("image.invert", image={"files": "none/*.png"}),
        "E129",
        "/nodes/a/inputs/image",
        "%05d",
    ),
    "files where one text is taken": (
        put("logic.template", template={"files": "*"}),
        "E114",
        "/nodes/a/inputs/template",
        "",
    ),
    "a file with a lone surrogate": (
        put("image.invert", image={"file": "\ud800"}),
        "E130",
        "/nodes/a/inputs/image",
        "surrogates",
    ),
    "an absolute output": (put("probe.everything", path="/etc/passwd"), "E130", "/nodes/a/inputs/path", "without .."),
    "an output outside": (put("probe.everything", path="a/../../b"), "E130", "/nodes/a/inputs/path", "without .."),
    "a graph outside": (put("graph:../x.json"), "E130", "/nodes/a/type", "--root"),
    "a graph with a zero byte": (put("graph:\0"), "E130", "/nodes/a/type", "--root"),
    "a graph that is missing": (put("graph:none.json"), "E120", "/nodes/a/type#", "graph file"),
    "unknown type": (declare(type="imag", optional=True), "E131", "/inputs/i/type", "'image'"),
    "a malformed type": (
        declare(type="list[list[list[list[list[image]]]]]", optional=True),
        "E131",
        "/inputs/i/type",
        "",
    ),
    "choices with float": (declare(type="float", choices=["a"]), "E131", "/inputs/i/choices", "correct"),
    "a choice without choices": (declare(type="choice"), "E131", "/inputs/i", '"choices"'),
    "limits with text": (declare(type="text", minimum=1), "E131", "/inputs/i", "correct"),
    "a limit beyond floats": (declare(type="int", maximum=10**400), "E131", "/inputs/i/maximum", "correct"),
    "a default of a wrong type": (declare(type="text", default=3), "E114", "/inputs/i/default", "give"),
    "a default out of limits": (declare(type="int", default=3, maximum=2), "E117", "/inputs/i/default", "give"),
    "a default that is a list": (declare(type="int", default=[3]), "E114", "/inputs/i/default", "give"),
    "a default that is no choice": (
        declare(type="choice", default="c", choices=["a", "b"]),
        "E118",
        "/inputs/i/default",
        "give",
    ),
    "an output that leads nowhere": (
        {"nodes": {"a": NEW}, "outputs": {"o": {"from": "b"}}},
        "E112",
        "/outputs/o/from",
        "name a node",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_found(name: str, registry: Registry, folder: Path) -> None:
    parts, code, where, hint = CASES[name]

    findings = [f for f in find(registry, folder, **parts) if f.severity == "error"]

    found = [f for f in findings if f.code == code and f.where.startswith(where)]
    assert found, findings
    assert hint in found[0].hint
    assert found[0].hint
    assert found[0].expected
    assert found[0].found


def test_a_cycle_is_found_with_its_path(registry: Registry, folder: Path) -> None:
    nodes = {
        name: {"type": "image.invert", "inputs": {"image": {"from": source}}}
        for name, source in ("ab", "bc", "ca", "da")
    }

    findings = find(registry, folder, nodes=nodes, outputs={"o": {"from": "d"}})

    (cycle,) = [f for f in findings if f.code == "E119"]
    assert re.search(r"a -> c -> b -> a|c -> b -> a -> c|b -> a -> c -> b", cycle.message)
    assert cycle.where in ("/nodes/a", "/nodes/b", "/nodes/c")
    assert [f.code for f in findings] == ["E119"]


def test_lists_of_unequal_length_are_found(registry: Registry, folder: Path) -> None:
    nodes = {"a": {"type": "logic.compare", "inputs": {"a": [1, 2], "b": [1, 2, 3]}}}

    (finding,) = find(registry, folder, nodes=nodes, outputs={"o": {"from": "a"}})

    assert (finding.code, finding.where) == ("E128", "/nodes/a/inputs")
    assert "a: 2, b: 3" in finding.message


def test_a_cycle_through_a_nested_list_is_found(registry: Registry, folder: Path) -> None:
    nodes = {"a": {"type": "logic.collect", "inputs": {"items": [[{"from": "a"}], 1]}}}

    assert "E119" in [f.code for f in find(registry, folder, nodes=nodes, outputs={"o": {"from": "a"}})]


def test_a_node_on_itself_and_one_named_inputs_are_found(registry: Registry, folder: Path) -> None:
    nodes = {"inputs": {"type": "image.invert", "inputs": {"image": {"from": "a"}}}, "a": NEW}

    findings = find(registry, folder, nodes=nodes, outputs={"o": {"from": "a"}})

    assert ("E127", "/nodes/inputs") in [(f.code, f.where) for f in findings]


def test_when_takes_a_bool(registry: Registry, folder: Path) -> None:
    nodes = {"a": NEW, "b": {"type": "image.new", "when": {"from": "a"}}}

    (finding,) = find(registry, folder, nodes=nodes, outputs={"a": {"from": "a"}, "b": {"from": "b"}})

    assert (finding.code, finding.where, finding.found) == ("E126", "/nodes/b/when", "image")
    assert "logic.compare" in finding.hint


def test_what_nothing_needs_is_a_warning(registry: Registry, folder: Path) -> None:
    findings = find(
        registry,
        folder,
        inputs={"i": {"type": "int", "default": 1}},
        nodes={"a": NEW, "b": NEW},
        outputs={"o": {"from": "a"}},
    )

    assert [(f.code, f.where, f.severity) for f in findings] == [
        ("W101", "/nodes/b", "warning"),
        ("W102", "/inputs/i", "warning"),
    ]
    assert all(f.hint for f in findings)


def test_versions_are_migrated_or_refused(registry: Registry, folder: Path) -> None:
    def resolve(version: str | None, **inputs: Any) -> ResolvedGraph:
        node = {"type": "probe.migrated", "version": version, "inputs": inputs}
        source = {"studio": 1, "nodes": {"a": node, "new": NEW}, "outputs": {"o": {"from": "a"}}}
        return resolve_graph(parse_graph(source, base=folder), registry)

    edge = {"from": "new"}
    assert list(resolve("2.0", image=edge).nodes["a"].inputs) == ["picture"]
    assert not resolve("2.0", image=edge).errors
    assert not resolve("3", picture=edge).errors
    assert not resolve(None, picture=edge).errors
    for version, inputs in (("1.0", {"picture": edge}), ("4.0", {"picture": edge}), ("2.0", {"typo": edge})):
        assert "E124" in [f.code for f in resolve(version, **inputs).errors]


def test_a_plugin_from_a_folder_meets_any_range() -> None:
    assert check_requires({"studio-sparkle": ">=9"}, {"studio_sparkle": "0+local.4e40879b8d1c"}) == []


def test_graphs_in_graphs_are_checked_where_they_stand(registry: Registry, folder: Path) -> None:
    inner = {
        "studio": 1,
        "nodes": {"x": {"type": "image.new", "inputs": {"width": 0}}},
        "outputs": {"o": {"from": "x"}},
    }
    (folder / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    (folder / "loop.json").write_text(
        json.dumps({**inner, "nodes": {"x": {"type": "graph:graph.json"}}}), encoding="utf-8"
    )
    (folder / "torn.json").write_text("{", encoding="utf-8")
    nodes = {name: {"type": f"graph:{name}.json"} for name in ("inner", "loop", "torn")}

    findings = find(registry, folder, nodes=nodes, outputs={"o": {"from": "inner"}})

    assert {(f.code, f.where) for f in findings if f.severity == "error"} == {
        ("E117", "/nodes/inner/type#/nodes/x/inputs/width"),
        ("E121", "/nodes/loop/type#/nodes/x/type"),
        ("E100", "/nodes/torn/type#"),
    }


def test_an_embedded_graph_may_contain_itself_no_more_than_a_file_may(registry: Registry, folder: Path) -> None:
    inner = {"studio": 1, "nodes": {"x": {"type": "graph:inner"}}, "outputs": {"o": {"from": "x"}}}
    document = {"studio": 1, "nodes": {"a": {"type": "graph:inner"}}, "outputs": {"o": {"from": "a"}}}
    invalid = {"studio": 1, "nodes": {"x": {"type": "graph:\0"}}, "outputs": {"o": {"from": "x"}}}

    loop = resolve_graph(parse_graph(document, base=folder, embedded={"inner": inner}), registry).findings
    other = resolve_graph(parse_graph(document, base=folder, embedded={"inner": invalid}), registry).findings

    assert [(f.code, f.where) for f in loop] == [("E121", "/nodes/a/type#/nodes/x/type")]
    assert [(f.code, f.where) for f in other] == [("E130", "/nodes/a/type#/nodes/x/type")]


def test_a_graph_from_a_file_uses_no_graph_that_did_not_come_with_it(registry: Registry, folder: Path) -> None:
    part = {"studio": 1, "nodes": {"o": NEW}, "outputs": {"o": {"from": "o"}}}
    (folder / "part.json").write_text(json.dumps(part), encoding="utf-8")
    document = {"studio": 1, "nodes": {"a": {"type": "graph:part.json"}}, "outputs": {"o": {"from": "a"}}}

    def find_codes(**carried: Any) -> list[str]:
        graph = parse_graph(document, base=folder, **carried)
        return [finding.code for finding in resolve_graph(graph, registry).findings]

    assert find_codes() == []
    assert find_codes(file_digests={}) == ["E134"]
    assert find_codes(file_digests={}, embedded={"part.json": part}) == []


def test_graphs_too_deep_in_graphs_are_refused(registry: Registry, folder: Path) -> None:
    for level in range(20):
        node = {"type": f"graph:g{level + 1}.json"} if level < 19 else NEW
        document = {"studio": 1, "nodes": {"x": node}, "outputs": {"o": {"from": "x"}}}
        (folder / f"g{level}.json").write_text(json.dumps(document), encoding="utf-8")

    findings = find(registry, folder, nodes={"x": {"type": "graph:g0.json"}}, outputs={"o": {"from": "x"}})

    (deep,) = [f for f in findings if f.code == "E121"]
    assert "16" in deep.message
    assert deep.hint


def test_all_findings_come_at_once(registry: Registry, folder: Path) -> None:
    findings = find(
        registry,
        folder,
        inputs={"size": {"type": "int", "default": "x"}, "kind": {"type": "imag"}},
        nodes={
            "a": {"type": "image.resise"},
            "b": {"type": "image.resize", "inputs": {"image": {"from": "c"}, "widht": 3, "fit": "fitt", "height": -1}},
            "d": {"type": "image.invert", "inputs": {"image": {"file": "none.png"}}, "when": {"from": "e"}},
        },
        outputs={"o": {"from": "b"}, "p": {"from": "d.picture"}, "q": {"from": "a"}},
        requires={"studio-none": ">=1"},
    )

    assert {(f.code, f.where) for f in findings if f.severity == "error"} == {
        ("E123", "/requires/studio-none"),
        ("E114", "/inputs/size/default"),
        ("E131", "/inputs/kind/type"),
        ("E103", "/nodes/a/type"),
        ("E112", "/nodes/b/inputs/image/from"),
        ("E110", "/nodes/b/inputs/widht"),
        ("E118", "/nodes/b/inputs/fit"),
        ("E117", "/nodes/b/inputs/height"),
        ("E129", "/nodes/d/inputs/image"),
        ("E112", "/nodes/d/when/from"),
        ("E113", "/outputs/p/from"),
    }


def test_every_code_that_can_be_reported_is_tested_here() -> None:
    modules = Path(str(studio.graph.__file__)).parent.glob("*.py")
    reported = {code for module in modules for code in re.findall(r'"([EW]1\d\d)"', module.read_text(encoding="utf-8"))}
    tests = [*Path(__file__).parent.glob("test_*.py"), Path(__file__).parents[1] / "test_app.py"]
    tested = {code for path in tests for code in re.findall(r"\b([EW]1\d\d)\b", path.read_text(encoding="utf-8"))}

    assert reported - tested == set()


# -- what fits is bound as it was meant -----------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [
        {"file": "photo.png"},
        {"file": {"file": "photo.png"}},
        {"file": ["photo.png", "photo.png"]},
        {"files": ["photo.png", {"file": "photo.png"}]},
        {"files": ["photo.png"]},
        {"files": []},
        {"model": "builtin:tiny"},
        {"model": {"model": "builtin:tiny", "options": {"a": 1, "b": None}}},
        {"models": ["builtin:a", "hub:a/b@c"]},
        {"model": ["builtin:a", "builtin:b"]},
        {"path": "out/a.png"},
        {"data": {"from": "a", "to": "b"}},
        {"data": {"literal": {"from": "a"}}},
        {"data": {"file": "none.png"}},
        {"data": [[{"from": "new"}], {"a": [{"from": "nowhere"}]}]},
        {"grid": [[1, 2], [3]]},
        {"short": ["abc", "d"]},
        {"names": ["long enough", {"from": "words"}]},
        {"mask": None},
        {"data": None},
        {"code": {"literal": "abc"}},
        {"anything": [1, {"from": "new"}]},
    ],
    ids=str,
)
def test_what_fits_is_taken(inputs: dict[str, Any], registry: Registry, folder: Path) -> None:
    parts = put("probe.everything", **inputs)

    errors = [f for f in find(registry, folder, **parts) if f.severity == "error"]

    # a picture cannot be JSON: the one case with an edge to one is there for its nested list
    assert [f for f in errors if not (f.code == "E114" and f.found == "image")] == []


def resolve_node(registry: Registry, folder: Path, kind: str, **inputs: Any) -> Any:
    return resolve_graph(parse_graph({"studio": 1, **put(kind, **inputs)}, base=folder), registry).nodes["a"]


def test_lists_map_a_node_that_takes_one(registry: Registry, folder: Path) -> None:
    node = resolve_node(registry, folder, "image.new", width=[8, 9])

    assert node.inputs["width"].source == Constant([8, 9])
    assert (node.depth, str(node.outputs["image"])) == (1, "list[image]")


def test_a_list_of_edges_at_an_input_that_takes_a_list_does_not_map(registry: Registry, folder: Path) -> None:
    node = resolve_node(registry, folder, "image.grid", images=[{"from": "new"}, {"file": "photo.png"}])

    assert isinstance(node.inputs["images"].source, Collected)
    assert (node.depth, str(node.outputs["image"])) == (0, "image")


def test_a_whole_number_becomes_a_float_where_one_is_wanted(registry: Registry, folder: Path) -> None:
    node = resolve_node(registry, folder, "image.blur", image={"from": "new"}, radius=2)

    assert type(node.inputs["radius"].source.value) is float


def test_type_variables_follow_the_edges(registry: Registry, folder: Path) -> None:
    node = resolve_node(registry, folder, "logic.collect", items=[{"from": "new"}, {"from": "new"}])

    assert str(next(iter(node.outputs.values()))) == "list[image]"


def test_further_roots_may_be_read(registry: Registry, folder: Path) -> None:
    (folder / "deep").mkdir()
    source = {
        "studio": 1,
        "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"file": "../photo.png"}}}},
        "outputs": {"o": {"from": "a"}},
    }
    graph = parse_graph(source, base=folder / "deep")

    assert [f.code for f in check_graph(graph, registry)] == ["E130"]
    assert check_graph(graph, registry, roots=[folder]) == []


def test_a_link_out_of_the_folder_is_followed_before_it_is_judged(registry: Registry, folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "link.png").symlink_to(folder / "photo.png")
    source = {
        "studio": 1,
        "nodes": {"a": {"type": "image.invert", "inputs": {"image": {"file": "link.png"}}}},
        "outputs": {"o": {"from": "a"}},
    }

    assert [f.code for f in check_graph(parse_graph(source, base=folder / "deep"), registry)] == ["E130"]
