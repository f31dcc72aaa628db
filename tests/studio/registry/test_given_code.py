"""What code an object consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from studio.registry.given_code import GivenCode


@dataclass(frozen=True)
class Options:
    """What never changes."""

    amount: int


class Counting:
    """An object with a number that it was made with and one that it counts."""

    def __init__(self, amount: int) -> None:
        self.amount = amount
        self.calls = 0

    def call(self) -> int:
        """Count a call."""
        self.calls += 1
        return self.amount


def describe(*found: Any) -> tuple[list[str], str, bool]:
    """Return files, state, and whether all is named."""
    code = GivenCode()
    for one in found:
        code.add_root(one)
    return code.modules, code.state, code.named


def make_closure(value: Any) -> Callable[[], Any]:
    """Return a function that holds a value."""
    return lambda: value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_closure(1), make_closure(2)),
        (make_closure((1, "a")), make_closure((1, "b"))),
        (make_closure(Options(1)), make_closure(Options(2))),
        (make_closure(make_closure(1)), make_closure(make_closure(2))),
        (partial(make_closure, 1), partial(make_closure, 2)),
        (Counting(1), Counting(2)),
    ],
)
def test_what_code_was_made_with_counts(one: Any, other: Any) -> None:
    assert describe(one)[0] == describe(other)[0] == [__file__]
    assert describe(one)[1] != describe(other)[1]


def test_what_an_object_counts_does_not_count() -> None:
    counting = Counting(1)
    before = describe(counting)
    counting.call()

    assert describe(counting) == before


def test_what_may_change_in_a_closure_does_not_count() -> None:
    assert describe(make_closure([1])) == describe(make_closure([2]))


def test_code_that_refers_to_itself_ends() -> None:
    def call(depth: int) -> int:
        return call(depth - 1) if depth else 0

    assert describe(call)[2]
