"""What a function of a value type raises: errors on purpose pass, all others name the value type and the function."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any

import pytest

from studio.api import Packed, ValueType
from studio.errors import Cancelled, MediaError, RunError
from studio.value_callback import call_value_type


class Shape:
    """A value of a plugin's type."""


class ShapeType(ValueType[Shape]):
    """A value type that measures a shape, or raises."""

    name, python = "shape", Shape

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error

    def byte_size(self, value: Shape) -> int:
        if self._error is not None:
            raise self._error
        return 8


def measure(error: BaseException | None, **more: Any) -> Any:
    """Call a function that may raise."""
    return call_value_type(ShapeType(error), "byte_size", Shape(), **more)


def test_what_the_function_returns_is_returned() -> None:
    assert measure(None) == 8


@pytest.mark.parametrize("error", [MediaError("E512", "no"), Cancelled(), KeyboardInterrupt()])
def test_errors_on_purpose_and_interrupts_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        measure(error)

    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("no"), "raised ValueError: no ("), (SystemExit(7), "tried to end the program (SystemExit: 7)")],
)
def test_any_other_error_names_value_type_and_function(error: BaseException, said: str) -> None:
    with pytest.raises(RunError, match="E315") as caught:
        measure(error)

    assert caught.value.message.startswith(f"byte_size of value type 'shape' ({__name__}) {said}")


def test_errors_of_the_disk_pass_only_where_the_function_writes() -> None:
    with pytest.raises(OSError, match="disk"):
        measure(OSError("disk"), passes=(OSError,))
    with pytest.raises(RunError, match="E315"):
        measure(OSError("disk"))


def test_the_place_is_where_the_function_raised() -> None:
    with pytest.raises(RunError) as caught:
        measure(ValueError("no"))

    line = next(
        number for number, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "raise self" in text
    )
    assert caught.value.message.endswith(f" raised ValueError: no ({__file__}:{line})")


@pytest.mark.parametrize(
    ("found", "returns", "said"),
    [
        (5, Packed, "returned 5, not a Packed"),
        (None, str, "returned None, not a text"),
        ("12", Real, "returned a str, not a number"),
        (None, Iterable, "returned None, not a list of texts"),
    ],
)
def test_a_result_of_another_class_names_value_type_and_function(found: Any, returns: type[Any], said: str) -> None:
    class Other(ShapeType):
        def byte_size(self, value: Shape) -> int:
            return found  # type: ignore[no-any-return]

    with pytest.raises(RunError, match="E315") as caught:
        call_value_type(Other(), "byte_size", Shape(), returns=returns)

    assert caught.value.message == f"byte_size of value type 'shape' ({__name__}) {said}"
