"""`NodeType`: found on functions, called, and its results taken apart."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from studio.api import Context, Image, Mask, find_node_types, get_node_type, node
from studio.api.node_type import call_node_type, locate_function
from studio.api.type_spec import ValueProblem
from studio.errors import NodeTypeError
from studio.testing import TestContext


class Pair(NamedTuple):
    """An image and a mask."""

    picture: Image
    mask: Mask


@node("test.split", version="2.1")
def split(ctx: Context, image: Image) -> Pair:
    """Split an image."""
    return Pair(image, Mask(image.pixels[:, :, 0]))


def test_a_generator_streams_a_list_and_steps_between_entries() -> None:
    @node("test.count")
    def count(ctx: Context) -> Iterator[int]:
        """Count."""
        yield from (1, 2)

    declared, ctx = get_node_type(count), TestContext()

    assert (declared.streams, str(declared.outputs["ints"].spec)) == (True, "list[int]")
    assert call_node_type(declared, ctx, {}) == [1, 2]
    assert ctx.steps == [(1, 0), (2, 0)]


def test_results_are_taken_apart_by_name() -> None:
    declared = get_node_type(split)

    assert declared.unpack_result((1, 2)) == {"picture": 1, "mask": 2}
    with pytest.raises(ValueProblem, match="picture, mask"):
        declared.unpack_result(7)


def test_find_node_types_returns_those_of_the_module_itself_in_order() -> None:
    module = types.ModuleType("made_here")
    exec("from studio.api import node\n"  # noqa: S102  (a module made for this test)
         "@node('made.b')\ndef b(ctx) -> int:\n    'Give.'\n    return 1\n"
         "@node('made.a')\ndef a(ctx) -> int:\n    'Give.'\n    return 1\n", vars(module))  # fmt: skip
    module.foreign = split  # type: ignore[attr-defined]

    assert [get_node_type(f).id for f in find_node_types(module)] == ["made.b", "made.a"]


def test_a_function_without_the_mark_is_no_node_type() -> None:
    with pytest.raises(NodeTypeError, match="E202") as caught:
        get_node_type(locate_function)
    assert Path(caught.value.where.rpartition(":")[0]).name == "node_type.py"


def test_the_plugin_and_the_major_version_are_parts_of_id_and_version() -> None:
    declared = get_node_type(split)

    assert (declared.plugin, declared.major) == ("test", 2)


def test_the_only_output_of_a_plain_function_takes_what_it_returns() -> None:
    @node("test.pair")
    def give(ctx: Context) -> list[int]:
        """Give."""
        return [1, 2]

    assert get_node_type(give).unpack_result([1, 2]) == {"ints": [1, 2]}


def test_a_place_is_file_and_line_of_the_function_itself() -> None:
    assert locate_function(split) == f"{__file__}:{split.__code__.co_firstlineno}"
    assert locate_function(7) == ""
