"""`Result`, `Call` and `NodeState`: what is known of values, which calls are still needed, what is settled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.cache import MISSING, Digester, digest_list
from studio.execution.call import Call, LostValue, NodeStatus, Result, nest
from studio.execution.digests import is_undigested, name_undigested

digest = Digester([]).digest
Make = Callable[..., Call]


def make_result(value: int) -> Result:
    """Return a result of a constant."""
    return Result(digest(value), value)


def test_a_list_has_the_digest_of_the_list_of_its_values() -> None:
    gathered = Result.gather([make_result(1), make_result(2)])

    assert gathered.digest == digest([1, 2]) == digest_list([digest(1), digest(2)])
    assert gathered.value is MISSING


def test_a_list_with_an_undigested_entry_is_undigested() -> None:
    assert is_undigested(Result.gather([make_result(1), Result(name_undigested(), object())]).digest)


def test_a_constant_keeps_its_value_and_what_can_be_had_again_does_not(make_call: Make) -> None:
    constant, made = make_result(1), Result(digest(2), 2, call=make_call("fake.add"))
    parent = Result.gather([constant, made])
    entry = Result(digest(3), 3, parent=parent)
    for result in (constant, made, entry, parent):
        result.forget_value()

    assert [result.value for result in (constant, made, entry, parent)] == [1, MISSING, MISSING, MISSING]


def test_a_result_that_is_made_again_differently_has_drifted_and_its_lists_follow(make_call: Make) -> None:
    result = Result(digest(1), call=make_call("fake.add"))
    outer = Result.gather([Result.gather([result]), make_result(5)])
    result.take_over(Result(digest(2), 2))

    assert (result.drifted, result.value) == (True, 2)
    assert outer.refresh_digest() == digest([[2], 5])


def test_a_result_that_is_made_again_equally_has_not_drifted(make_call: Make) -> None:
    result = Result(digest(1), call=make_call("fake.add"))
    result.take_over(make_result(1))

    assert not result.drifted


def test_results_are_put_into_the_shape_of_the_lists() -> None:
    nested = nest([[0, 1], [], 2], [make_result(value) for value in (7, 8, 9)])

    assert nested.digest == digest([[7, 8], [], 9])


@pytest.mark.parametrize(("depth", "label"), [(0, "n"), (1, "n[4]")])
def test_a_call_is_named_by_its_node_and_its_entry(make_call: Make, depth: int, label: str) -> None:
    assert make_call("fake.add", depth=depth, position=4).label == label


def test_a_call_is_not_needed_once_its_node_has_failed_unless_it_is_made_again(make_call: Make) -> None:
    call = make_call("fake.add")
    assert call.is_needed
    call.state.status = NodeStatus.FAILED
    assert not call.is_needed
    call.remaking = True
    assert call.is_needed


@pytest.mark.parametrize(
    ("status", "settled"),
    [("waiting", False), ("running", False), ("done", True), ("skipped", True), ("failed", True)],
)
def test_a_node_is_settled_when_it_is_done_skipped_or_failed(make_call: Make, status: str, settled: bool) -> None:
    state = make_call("fake.add").state
    state.status = NodeStatus(status)

    assert state.settled is settled


def test_a_lost_value_names_each_call_once(make_call: Make) -> None:
    first, second = make_call("fake.add"), make_call("fake.add", depth=1, position=2)
    lost = LostValue([first, second, first])

    assert lost.calls == [first, second]
    assert str(lost) == "n, n[2]"
