"""Values that callers and tables give: missing and unknown ones, files in them, and the JSON that is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, TypeSpec
from studio.api.type_spec import ValueProblem
from studio.errors import Finding, RunError
from studio.graph import ResolvedGraph, parse_graph, resolve_graph
from studio.graph.bind import Binder
from studio.graph.findings import Findings
from studio.graph.given import (
    bind_given,
    bind_inputs,
    describe_given,
    find_given_files,
    name_inputs,
    restore_inputs,
    write_inputs,
    write_source,
)
from studio.graph.paths import InputFile, InputPattern, Paths
from studio.graph.source import Collected, Constant, FileSource, NamedPath, Source
from studio.registry import Registry


def resolve(registry: Registry, folder: Path, **inputs: Any) -> ResolvedGraph:
    nodes = {"a": {"type": "image.new"}}
    document = {"studio": 1, "inputs": inputs, "nodes": nodes, "outputs": {"o": {"from": "a"}}}
    return resolve_graph(parse_graph(document, base=folder), registry)


def bind(registry: Registry, resolved: ResolvedGraph, **values: Any) -> tuple[dict[str, Source], list[Finding]]:
    findings = Findings()
    sources = bind_inputs(resolved, values, registry.classes, findings, lambda source, digests: source)
    return sources, findings.found


def test_an_unknown_input_and_the_missing_one_that_is_meant_are_one_finding(registry: Registry, folder: Path) -> None:
    resolved = resolve(registry, folder, width={"type": "int"}, height={"type": "int"}, name={"type": "text"})

    sources, findings = bind(registry, resolved, widht=3, height=4)

    assert sources == {"height": Constant(4)}
    assert [(f.code, f.where, f.hint) for f in findings] == [
        ("E110", "/inputs/widht", "did you mean 'width'?"),
        ("E132", "/inputs/name", "give one with --set name=..."),
    ]


def test_what_goes_wrong_while_a_file_is_digested_is_a_finding(registry: Registry, folder: Path) -> None:
    resolved = resolve(registry, folder, photo={"type": "image"})
    findings = Findings()

    def settle(source: Source, digests: Any) -> Source:
        raise RunError("E311", "it has changed", hint="put it back")

    values = bind_inputs(resolved, {"photo": {"file": "photo.png"}}, registry.classes, findings, settle)

    assert values == {}
    assert [(f.code, f.where, f.hint) for f in findings.found] == [("E311", "/inputs/photo", "put it back")]


def test_a_callers_file_may_have_any_content_and_a_graphs_must_have_its_own(registry: Registry, folder: Path) -> None:
    resolved = resolve(registry, folder, photo={"type": "image"})

    by_caller, _ = bind(registry, resolved, photo=InputFile(folder / "photo.png"))
    by_graph, _ = bind(registry, resolved, photo={"file": "./photo.png"})

    assert by_caller["photo"] == FileSource(folder / "photo.png", "image", "photo.png", by_caller=True)
    assert by_graph["photo"] == FileSource(folder / "photo.png", "image", "photo.png")


def test_text_and_paths_become_files_where_files_are_read(registry: Registry, folder: Path) -> None:
    resolved = resolve(
        registry,
        folder,
        photo={"type": "image"},
        photos={"type": "list[image]"},
        place={"type": "path"},
        words={"type": "text"},
        free={"type": "any"},
    )
    values = {
        "photo": "a.png",
        "photos": ("a.png", Path("b.png"), InputFile(Path("c.png")), {"file": "d.png"}),
        "place": Path("out/x.png"),
        "words": "a.png",
        "free": ("a.png",),
        "unknown": "a.png",
    }

    named = name_inputs(resolved, values)

    assert named == {
        "photo": InputFile(Path("a.png")),
        "photos": [*(InputFile(Path(f"{letter}.png")) for letter in "abc"), {"file": "d.png"}],
        "place": "out/x.png",
        "words": "a.png",
        "free": ("a.png",),
        "unknown": "a.png",
    }
    assert name_inputs(resolved, named) == named


def test_a_list_of_constants_is_one_constant_and_one_of_files_is_not(registry: Registry, folder: Path) -> None:
    findings = Findings()
    binder = Binder(registry.classes, Paths(folder), findings)

    models = bind_given(binder, ["builtin:a", "builtin:b"], TypeSpec("model", 1), "/x", findings)
    files = bind_given(binder, [{"file": "photo.png"}], TypeSpec("image", 1), "/x", findings)

    assert models == Constant([Model("builtin:a"), Model("builtin:b")])
    assert files == Collected((FileSource(folder / "photo.png", "image", "photo.png"),))
    assert findings.found == []


def test_what_contains_itself_is_too_deep() -> None:
    findings = Findings()
    loop: dict[str, Any] = {}
    loop["again"] = [loop]

    assert bind_given(Binder({}, Paths(Path()), findings), loop, TypeSpec("json"), "/x", findings) is None
    assert [finding.code for finding in findings.found] == ["E108"]


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("json", {"a": [1, None]}),
        ("json", {"literal": {"literal": 1}}),
        ("json", [{"literal": {"literal": 1}}, 2]),
        ("json", [{"file": "photo.png"}]),
        ("json", {"from": "a"}),
        ("float", 2),
        ("path", "out/a.png"),
        ("model", {"model": "builtin:a", "options": {"n": 1}}),
        ("image", {"file": "photo.png"}),
    ],
)
def test_what_is_kept_of_a_value_binds_to_it_again(
    type_name: str, value: Any, registry: Registry, folder: Path
) -> None:
    findings = Findings()
    binder = Binder(registry.classes, Paths(folder), findings)
    source = bind_given(binder, value, TypeSpec(type_name), "/x", findings)
    assert source is not None

    again = bind_given(binder, write_source(source), TypeSpec(type_name), "/x", findings)

    assert again == source
    assert findings.found == []


def test_an_object_without_a_json_form_cannot_be_kept() -> None:
    with pytest.raises(ValueProblem, match="expected plain JSON"):
        write_source(Constant([Image(np.zeros((2, 2, 3), np.uint8))]))
    assert write_source(Collected((NamedPath("a"), FileSource(Path("/b"), "image", "b")))) == ["a", {"file": "/b"}]


def test_an_items_files_are_given_as_a_callers(registry: Registry, folder: Path) -> None:
    resolved = resolve(registry, folder, photos={"type": "list[image]"}, data={"type": "json"})
    values = {"photos": [{"file": "/a.png"}, {"file": "/b.png"}], "data": {"file": "/a.png"}}

    restored = restore_inputs(resolved, values)

    assert restored == {"photos": [InputFile(Path("/a.png")), InputFile(Path("/b.png"))], "data": {"file": "/a.png"}}
    assert write_inputs(restored) == values


def test_files_among_values_are_recorded_and_json_that_looks_like_one_is_not(registry: Registry, folder: Path) -> None:
    resolved = resolve(registry, folder, photo={"type": "image"}, photos={"type": "list[image]"}, data={"type": "json"})
    values = {
        "photo": InputFile(folder / "photo.png"),
        "photos": {"files": "*.png"},
        "data": {"file": "gone.png"},
    }

    files = list(find_given_files(resolved, values))

    assert [(file.written, file.by_caller) for file in files] == [("photo.png", True), ("photo.png", False)]


def test_the_json_form_of_what_a_caller_gives(folder: Path) -> None:
    graph = parse_graph({"studio": 1, "nodes": {}}, base=folder)
    picture = Image(np.zeros((2, 2, 3), np.uint8))

    assert describe_given(InputFile(folder / "deep" / "a.png"), graph) == {"file": "deep/a.png"}
    assert describe_given(("a", 1, None, {"b": 2}), graph) == ["a", 1, None, {"b": 2}]
    assert describe_given(Model("builtin:a"), graph) == "builtin:a"
    assert describe_given([picture], graph) == [{"described": repr(picture)}]


def test_a_callers_pattern_is_kept_with_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert write_inputs({"photos": InputPattern("x/*.nix")}) == {"photos": {"files": str(folder / "x" / "*.nix")}}


class Unprintable:
    """An object whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def test_an_object_whose_repr_fails_is_described_by_its_type(folder: Path) -> None:
    graph = parse_graph({"studio": 1, "nodes": {}}, base=folder)

    described = {"described": "an object of type Unprintable"}
    assert describe_given([Unprintable(), Unprintable()], graph) == [described, described]
