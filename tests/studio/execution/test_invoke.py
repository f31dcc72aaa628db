"""`invoke` and `check_result`: one call of a node type or a whole stack, and outputs of the declared types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from studio.api import Batch, NodeType, TypeSpec
from studio.api.type_spec import ValueProblem
from studio.errors import StudioError
from studio.execution.call import Call
from studio.execution.invoke import WrongCount, check_result, invoke
from studio.testing import TestContext

Make = Callable[..., Call]


@pytest.fixture
def doubling(make_call: Make) -> NodeType:
    """A node type that says whether it ran stacked."""

    def run_stack(ctx: Any, calls: Sequence[Mapping[str, Any]]) -> list[int]:
        return [call["a"] * 1000 for call in calls]

    return replace(make_call("fake.stacked").node_type, batch=Batch(run_stack))


def test_one_call_runs_the_function_and_several_run_the_stack(doubling: NodeType) -> None:
    assert invoke(doubling, TestContext(), [{"a": 1, "scale": 10}]) == [10]
    assert invoke(doubling, TestContext(), [{"a": 1}, {"a": 2}]) == [1000, 2000]


def test_a_node_type_that_does_not_stack_is_called_for_each(make_call: Make) -> None:
    add = make_call("fake.add").node_type

    assert invoke(add, TestContext(), [{"a": 1, "b": 2}, {"a": 3, "b": 4}]) == [3, 7]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stack_that_returns_too_few_or_too_many_is_refused(doubling: NodeType, count: int) -> None:
    wrong = replace(doubling, batch=Batch(lambda ctx, calls: [1] * count))

    with pytest.raises(WrongCount, match=f"2 results.*{count}"):
        invoke(wrong, TestContext(), [{"a": 1}, {"a": 2}])


def test_a_result_comes_in_the_declared_form(make_call: Make) -> None:
    square = make_call("fake.square").node_type
    checked = check_result(square, 4, {})

    assert checked == {next(iter(square.outputs)): 4.0}
    assert all(type(value) is float for value in checked.values())


def test_outputs_are_distinguished_by_name(make_call: Make) -> None:
    assert check_result(make_call("fake.pair").node_type, (1, 3), {}) == {"low": 1, "high": 3}


def test_an_output_of_another_type_is_a_mistake_of_the_node_type(make_call: Make) -> None:
    with pytest.raises(StudioError, match="output 'high'") as caught:
        check_result(make_call("fake.pair").node_type, (1, "three"), {})

    assert (caught.value.code, caught.value.hint) == ("E302", "this is a mistake of the node type")


def test_a_wrong_number_of_outputs_is_refused(make_call: Make) -> None:
    with pytest.raises(ValueProblem):
        check_result(make_call("fake.pair").node_type, (1, 2, 3), {})


def test_other_types_may_be_asked_for_than_those_of_the_node_type(make_call: Make) -> None:
    add = make_call("fake.add").node_type
    (name,) = add.outputs

    assert check_result(add, [1, 2], {}, {name: TypeSpec("int", depth=1)}) == {name: [1, 2]}
