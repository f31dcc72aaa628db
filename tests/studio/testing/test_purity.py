"""Checks of calls: inputs and random generators left alone, equal results, cancellation."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from studio.api import (
    Cancelled,
    Context,
    Image,
    JsonValue,
    Packed,
    ValueType,
    node,
)
from studio.errors import UsageError
from studio.testing import check_node_type
from tests.studio.testing.conftest import GRAY, find_failures


@node("bad.mutate")
def mutate(ctx: Context, items: list[int]) -> int:
    """Sum a list, and change it.

    Args:
        items: Numbers to use.
    """
    items.append(0)
    return sum(items)


def test_changing_an_input_is_caught() -> None:
    assert "'items'" in find_failures(mutate, items=[1, 2])["inputs"]


@node("bad.write_pixels")
def write_pixels(ctx: Context, image: Image) -> Image:
    """Paint into the input.

    Args:
        image: Image to change.
    """
    image.pixels[0, 0] = 1
    return image


def test_writing_to_a_read_only_picture_is_reported_as_such() -> None:
    assert "copy" in find_failures(write_pixels, image=GRAY)["call"]


COUNTER = itertools.count()


@node("bad.remember")
def remember(ctx: Context, text: str) -> str:
    """Number a text.

    Args:
        text: Text to use.
    """
    return f"{text} {next(COUNTER)}"


def test_state_between_calls_is_caught() -> None:
    assert "repeat" in find_failures(remember, text="a")


LAST: list[str] = [""]


@node("bad.leak")
def leak(ctx: Context, text: str) -> str:
    """Prefix a text with the one of another call before.

    Args:
        text: Text to use.
    """
    before = "" if LAST[0] == text else LAST[0]
    LAST[0] = text
    return before + text


def test_results_that_depend_on_the_call_before_are_caught() -> None:
    LAST[0] = "a"

    assert "call order" in find_failures(leak, text="a")


@node("bad.roll")
def roll(ctx: Context) -> float:
    """Roll a die with Python's generator."""
    return random.random()


@node("bad.roll_numpy")
def roll_numpy(ctx: Context) -> float:
    """Roll a die with NumPy's generator."""
    return float(np.random.random())


@node("bad.reseed")
def reseed(ctx: Context) -> float:
    """Seed the global generator, then use it: equal results, and everybody else's are changed."""
    np.random.seed(3)
    return float(np.random.random())


@pytest.mark.parametrize(("function", "name"), [(roll, "random"), (roll_numpy, "numpy"), (reseed, "numpy")])
def test_global_random_generators_are_caught(function: Callable[..., Any], name: str) -> None:
    failures = find_failures(function)

    assert name in failures["random state"]
    assert ("repeat" in failures) == (function is not reseed)


@node("good.add_up")
def add_up(ctx: Context, items: list[int]) -> int:
    """Add numbers.

    Args:
        items: Numbers to use.
    """
    return sum(items)


def test_the_global_generators_are_left_as_they_were() -> None:
    random.seed(5)
    expected = random.Random(5).random()

    check_node_type(add_up, items=[1, 2])

    assert random.random() == expected


# -- cancellation ----------------------------------------------------------------------------------


@node("bad.swallow")
def swallow(ctx: Context) -> int:
    """Go on after a cancel."""
    for done in range(5):
        try:
            ctx.step(done, 5)
        except BaseException:
            continue
    return 1


@node("bad.translate")
def translate(ctx: Context) -> int:
    """Turn a cancel into an error."""
    try:
        ctx.step(0, 1)
    except Cancelled:
        raise ValueError("cancelled") from None
    return 1


@node("bad.swallow_last")
def swallow_last(ctx: Context) -> int:
    """Let all cancels pass but the last."""
    for done in range(4):
        ctx.step(done, 4)
    try:
        ctx.step(4, 4)
    except BaseException:
        return 0
    return 1


@node("bad.litter")
def litter(ctx: Context) -> int:
    """Leave a temporary file when cancelled."""
    name = tempfile.mkstemp()[1]
    ctx.step(0, 1)
    Path(name).unlink()
    return 1


def test_swallowing_cancelled_is_caught() -> None:
    assert "swallowed" in find_failures(swallow)["cancellation"]
    assert "step 5 of 5" in find_failures(swallow_last)["cancellation"]
    assert "ValueError" in find_failures(translate)["cancellation"]


def test_temporary_files_left_by_a_cancel_are_caught() -> None:
    assert "ctx.scratch" in find_failures(litter)["cancellation"]


@node("good.scribble")
def scribble(ctx: Context) -> int:
    """Use scratch, which is removed whatever happens."""
    (ctx.scratch / "notes.txt").write_text("x", encoding="utf-8")
    ctx.step(0, 1)
    return 1


def test_files_in_scratch_are_removed_and_no_mistake() -> None:
    assert "cancellation" in check_node_type(scribble).passed


@node("bad.silent")
def silent(ctx: Context, text: str = "") -> int:
    """Compute long without a step.

    Args:
        text: Text to use.
    """
    return 1


def test_a_long_call_without_steps_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.testing.purity.LONGEST_SECONDS", -1.0)  # any call is a long one now

    assert "ctx.step" in find_failures(silent)["cancellation"]
    assert not check_node_type(silent, cancels=False).failed


def test_a_node_type_that_must_cancel_and_cannot_is_caught() -> None:
    assert "cancellation" in find_failures(silent, cancels=True)


@pytest.mark.parametrize("change", [
    lambda items: items.sort(), lambda items: items.reverse(), lambda items: items.__setitem__(0, 1), list.clear,
])  # fmt: skip
def test_changing_a_list_in_place_once_is_caught(change: Callable[[list[int]], None]) -> None:
    @node("bad.sort")
    def sort(ctx: Context, items: list[int], *, more: list[int] = [2, 1]) -> int:  # noqa: B006
        """Take the first number.

        Args:
            items: Numbers to use.
            more: More numbers.
        """
        change(items)
        return len(items)

    assert "'items'" in find_failures(sort, items=[3, 1, 2])["inputs"]


class Table:
    """Numbers that can be written to."""

    studio_type: ClassVar[str] = "table"

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.array(numbers, np.float32)


class TableType(ValueType[Table]):
    """How tables are stored."""

    name = "table"
    python = Table

    def pack(self, value: Table) -> Packed:
        return Packed(arrays={"numbers": value.numbers})

    def unpack(self, packed: Packed) -> Table:
        return Table(packed.arrays["numbers"])


def test_changing_a_value_of_an_own_type_in_place_once_is_caught() -> None:
    @node("bad.sort_table")
    def sort(ctx: Context, table: Table) -> float:
        """Take the smallest number.

        Args:
            table: Numbers.
        """
        table.numbers.sort()
        return float(table.numbers[0])

    failures = find_failures(sort, value_types=[TableType()], table=Table([3, 1, 2]), variants={"table": Table([9, 8])})

    assert "'table'" in failures["inputs"]


def test_changing_json_deep_inside_is_caught() -> None:
    @node("bad.sort_json")
    def sort(ctx: Context, data: JsonValue) -> int:
        """Count.

        Args:
            data: Data.
        """
        data["a"][0].sort()
        return 1

    assert "'data'" in find_failures(sort, data={"a": [[2, 1]]}, variants={"data": {"a": [[3, 1]]}})["inputs"]


def test_changing_a_default_in_place_is_caught() -> None:
    @node("bad.sort_default")
    def sort(ctx: Context, *, more: list[int] = [2, 1]) -> int:  # noqa: B006
        """Take the first number.

        Args:
            more: Numbers.
        """
        more.sort()
        return more[0]

    assert "'more'" in find_failures(sort)["inputs"]


def test_a_node_sees_the_device_and_the_dtype_that_are_asked_for() -> None:
    @node("good.see", lane="device")
    def see(ctx: Context) -> str:
        """Say what the context says."""
        assert (ctx.device, ctx.dtype) == ("cpu", "bfloat16")
        return ctx.dtype

    check_node_type(see, device="cpu", dtype="bfloat16")


def test_a_device_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cuda:77"):
        check_node_type(mutate, device="cuda:77", items=[1])
