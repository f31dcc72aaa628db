"""Names of output files before a run."""

from __future__ import annotations

import pytest

from studio.api import TypeSpec
from studio.api.builtin import create_builtin_value_types
from studio.provenance.file_names import FileNameProblem, list_file_names

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
