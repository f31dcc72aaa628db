"""The inputs that a graph declares: types, limits, choices, defaults, and what cannot be declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import Input, TypeSpec
from studio.errors import Finding
from studio.graph.bind import Binder
from studio.graph.declared_inputs import DeclaredInputs, parse_declared_type
from studio.graph.document import GraphInputDocument
from studio.graph.findings import Findings
from studio.graph.paths import Paths
from studio.graph.source import Collected, Constant, FileSource
from studio.registry import PluginRow, Registry


def resolve(
    registry: Registry, folder: Path, given: TypeSpec | None = None, **fields: Any
) -> tuple[Input, list[Finding]]:
    findings = Findings()
    binder = Binder(registry.classes, Paths(folder, (folder,)), findings)
    declared = GraphInputDocument(**fields)
    end = DeclaredInputs(registry, binder, findings).resolve("i", declared, given)
    return end, findings.found


def list_codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings]


def test_an_input_without_a_default_is_required_unless_it_is_optional(registry: Registry, folder: Path) -> None:
    assert resolve(registry, folder, type="int")[0].required
    assert not resolve(registry, folder, type="int", optional=True)[0].required
    assert not resolve(registry, folder, type="int", default=0)[0].required


def test_a_default_is_bound_as_what_it_is_given_as(registry: Registry, folder: Path) -> None:
    folder = folder.resolve()
    file = FileSource(folder / "photo.png", "image", "photo.png")

    assert resolve(registry, folder, type="float", default=2)[0].default == Constant(2.0)
    assert resolve(registry, folder, type="image", default={"file": "photo.png"})[0].default == file
    assert resolve(registry, folder, type="list[image]", default={"files": "*.png"})[0].default == Collected((file,))
    assert resolve(registry, folder, type="json", default={"from": "a"})[0].default == Constant({"from": "a"})


def test_limits_and_choices_hold_for_the_default(registry: Registry, folder: Path) -> None:
    assert list_codes(resolve(registry, folder, type="int", minimum=1, default=0)[1]) == [("E117", "/inputs/i/default")]
    assert list_codes(resolve(registry, folder, type="int", maximum=1, default=2)[1]) == [("E117", "/inputs/i/default")]
    wrong = resolve(registry, folder, type="text", choices=["a", "b"], default="c")
    assert list_codes(wrong[1]) == [("E118", "/inputs/i/default")]
    assert wrong[0].default is None


def test_an_origin_goes_with_media_and_files_only(registry: Registry, folder: Path) -> None:
    for name in ("image", "file", "list[image]"):
        assert resolve(registry, folder, type=name, origin="captured")[1] == []
    for name in ("int", "text", "model"):
        found = resolve(registry, folder, type=name, origin="captured")[1]
        assert list_codes(found) == [("E131", "/inputs/i/origin")]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"type": "imag"}, "/inputs/i/type"),
        ({"type": "list[list[list[list[list[int]]]]]"}, "/inputs/i/type"),
        ({"type": "float", "choices": ["a"]}, "/inputs/i/choices"),
        ({"type": "choice"}, "/inputs/i"),
        ({"type": "text", "minimum": 1}, "/inputs/i"),
        ({"type": "int", "minimum": -(10**400)}, "/inputs/i/minimum"),
        ({"type": "int", "maximum": 10**400}, "/inputs/i/maximum"),
    ],
)
def test_a_declaration_that_means_nothing_is_found(
    fields: dict[str, Any], where: str, registry: Registry, folder: Path
) -> None:
    end, findings = resolve(registry, folder, **fields)

    assert list_codes(findings) == [("E131", where)]
    assert findings[0].hint
    assert end.required


def test_an_input_of_unknown_type_takes_anything_so_that_nothing_follows(registry: Registry, folder: Path) -> None:
    end, findings = resolve(registry, folder, type="imag", default=[1, {"a": 2}])

    assert end.spec.name == "any"
    assert [finding.hint for finding in findings] == ["did you mean 'image'?"]


def test_an_input_that_is_given_a_video_has_its_type_and_no_default(registry: Registry, folder: Path) -> None:
    end, _ = resolve(registry, folder, TypeSpec("video"), type="image", default={"file": "photo.png"})

    assert (end.spec, end.required, end.default) == (TypeSpec("video"), True, None)


def test_the_type_to_read_text_by_needs_no_catalog() -> None:
    def parse(**fields: Any) -> TypeSpec:
        return parse_declared_type(GraphInputDocument(**fields))

    assert parse(type="list[image]") == TypeSpec("image", 1)
    assert parse(type="int", choices=[1, 2], optional=True) == TypeSpec("choice", choices=(1, 2), optional=True)
    assert parse(type="list[list[list[list[list[int]]]]]") == TypeSpec("json")


def test_a_type_of_a_plugin_that_does_not_work_names_it(
    registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "plugins", [PluginRow("studio-palette", status="disabled"), PluginRow("image")])

    _, (finding,) = resolve(registry, folder, type="palette")

    assert finding.hint == "install the plugin of this type; these are not available: palette (disabled)"
