"""The functions that a node type declares besides itself: `check=` and `migrations=`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from studio.api import Context, Migration, StudioError, node
from studio.testing import check_node_type
from tests.studio.testing.conftest import find_failures


def declare(**options: Any) -> Any:
    @node("test.middle", **options)
    def middle(ctx: Context, low: int, *, high: int = 9) -> int:
        """Return the number between two.

        Args:
            low: The smaller one.
            high: The larger one.
        """
        return (low + high) // 2

    return middle


def refuse(name: str = "low") -> Iterator[tuple[str, StudioError]]:
    yield name, StudioError("T1", "they are swapped", hint="swap them")


def check_order(inputs: Mapping[str, Any], find_path: Any) -> Any:
    return refuse() if inputs.get("low", 0) > inputs.get("high", 0) else ()


def drop_low(inputs: dict[str, Any], find_path: Any) -> Any:
    inputs.pop("low", None)
    return ()


def test_a_good_check_passes() -> None:
    assert "check" in check_node_type(declare(check=check_order), low=3).passed


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda inputs, find_path: inputs["nothing"], "check raised KeyError: 'nothing'"),
        (lambda inputs, find_path: () if inputs["low"] else [], "with only the defaults known"),
        (lambda inputs, find_path: () if inputs["high"] else [], "with nothing known"),
        (lambda inputs, find_path: ["low"], "check returned 'low'; return (name of an input, StudioError(...))"),
        (lambda inputs, find_path: refuse("lwo"), "check names 'lwo', which is not an input"),
        (lambda inputs, find_path: refuse(), "check refuses the example: they are swapped"),
        (drop_low, "check changed its inputs with the example"),
    ],
)
def test_a_bad_check_is_found(check: Any, words: str) -> None:
    assert words in find_failures(declare(check=check), low=3)["check"]


def test_good_migrations_pass() -> None:
    steps = {1: Migration(inputs={"small": "low"}), 2: lambda inputs: {**inputs, "high": inputs.get("high", 3)}}

    assert "migrations" in check_node_type(declare(version="3.0", migrations=steps), low=3).passed


def change_in_place(inputs: dict[str, Any]) -> dict[str, Any]:
    inputs["high"] = 5
    return inputs


def double(high: int) -> int:
    return 2 * high


def divide(high: int) -> int:
    return high // 0


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ({1: dict}, "migration 2 is missing: a node of version 1.0 cannot be brought to 3.0"),
        ({}, "migration 2 is missing: a node of version 1.0 cannot be brought to 3.0"),
        ({2: Migration()}, "migration 1 is missing: a node of version 1.0 cannot be brought to 3.0; add 1: Migration("),
        (
            {1: Migration(inputs={"small": "lwo"}), 2: lambda inputs: dict(inputs)},
            "from version 1.0: 'lwo' is not an input of version 3.0",
        ),
        (
            {1: Migration(outputs={"old": "resutl"}), 2: Migration()},
            "from version 1.0: 'resutl' is not an output of version 3.0",
        ),
        ({2: lambda inputs: {"low": inputs.get("n", 1)}}, "migration 2: it drops inputs that it does not know"),
        ({2: change_in_place}, "migration 2: it changes the mapping that it gets"),
        ({2: lambda inputs: 1 / 0}, "migration 2: it raised ZeroDivisionError"),
        ({2: lambda inputs: None}, "migration 2: it returned None"),
        ({2: Migration(values={"high": double})}, "migration 2: values 'high' makes 18 of 9"),
        ({2: Migration(values={"high": divide})}, "migration 2: values 'high' raised ZeroDivisionError"),
    ],
)
def test_bad_migrations_are_found(steps: Any, words: str) -> None:
    assert words in find_failures(declare(version="3.0", migrations=steps), low=3)["migrations"]


def test_the_migration_of_an_old_id_is_tried_too() -> None:
    failures = find_failures(declare(replaces={"test.old": lambda inputs: {}}), low=3)

    assert "the migration of 'test.old': it drops inputs" in failures["migrations"]
