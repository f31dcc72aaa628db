"""Names of output files before a run."""

from __future__ import annotations

from typing import ClassVar

import pytest

from studio.api import TypeSpec, ValueType
from studio.api.builtin import create_builtin_value_types
from studio.graph import parse_graph
from studio.graph.resolved import ResolvedGraph
from studio.graph.source import Constant
from studio.provenance.file_names import FileNameProblem, find_unwritable_outputs, list_file_names

VALUE_TYPES = {each.name: each for each in create_builtin_value_types()}


def test_the_type_of_an_output_decides_its_extension_and_any_may_be_each() -> None:
    types = {"a": TypeSpec("image"), "b": TypeSpec("any")}

    names = list_file_names("{graph}/{output}.{ext}", types, VALUE_TYPES, graph="g")

    assert names[0] == "g/a.png"
    assert {"g/b.txt", "g/b.json", "g/b.png"} < set(names[1:])


@pytest.mark.parametrize("template", ["{output}.xyz", ".STUDIO/{output}.{ext}", "a/.b-partial.{ext}"])
def test_a_name_that_cannot_be_written_says_what_to_do(template: str) -> None:
    with pytest.raises(FileNameProblem) as problem:
        list_file_names(template, {"a": TypeSpec("audio")}, VALUE_TYPES)
    assert problem.value.hint


@pytest.mark.parametrize("template", ["{output}.mp3", "all.gif", "{output}.PNG", "x.safetensors"])
@pytest.mark.parametrize("plain", ["json", "text", "int", "bool"])
def test_text_is_not_written_to_a_file_that_is_named_like_media(template: str, plain: str) -> None:
    with pytest.raises(FileNameProblem, match="of output 'facts': it contains no media") as problem:
        list_file_names(template, {"facts": TypeSpec(plain)}, VALUE_TYPES)
    assert problem.value.hint == "use .{ext}, .txt or .json"


@pytest.mark.parametrize("template", ["{output}.srt", "{output}.csv", "{output}.{ext}"])
def test_text_may_have_any_other_extension(template: str) -> None:
    assert list_file_names(template, {"facts": TypeSpec("text")}, VALUE_TYPES)


class Plan:
    """A value without files."""

    studio_type: ClassVar[str] = "plan"


class PlanType(ValueType[Plan]):
    """Plans, which no file holds."""

    name, python = "plan", Plan


class NamedPlanType(PlanType):
    """Plans that name an extension and write no file."""

    extensions = ("plan",)


@pytest.mark.parametrize("value_type", [PlanType(), NamedPlanType()])
def test_a_type_without_files_is_found_before_a_run_and_by_validate(value_type: PlanType) -> None:
    types = {**VALUE_TYPES, "plan": value_type}
    resolved = ResolvedGraph(parse_graph({"studio": 1, "nodes": {}, "outputs": {}}))
    source = Constant(None)
    resolved.outputs |= {"o/p": (source, TypeSpec("plan")), "i": (source, TypeSpec("image"))}

    with pytest.raises(FileNameProblem, match="output 'o/p': values of type 'plan' cannot be written to files"):
        list_file_names("{output}.{ext}", {"o/p": TypeSpec("plan")}, types)
    (finding,) = find_unwritable_outputs(resolved, types)

    assert (finding.code, finding.where, finding.severity) == ("W108", "/outputs/o~1p", "warning")
