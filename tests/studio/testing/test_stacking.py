"""The check that a stacked result equals the single one within the stated tolerance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from studio.api import Batch, ColorSpace, Context, Image, node
from studio.testing import check_node_type
from tests.studio.testing.conftest import find_failures


def double_all(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Double each."""
    return [call["number"] * 2.0 for call in calls]


def drift_all(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Double each, a bit off."""
    return [call["number"] * 2.0 + 0.01 for call in calls]


def drop_last(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Forget one."""
    return double_all(ctx, calls[:-1])


def mix_up(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return them in the wrong order."""
    return double_all(ctx, calls)[::-1]


def make_batched(function: Callable[..., Any], tolerance: float = 0.0) -> Callable[..., Any]:
    """Return a node type that doubles a number, with a function for stacks."""

    @node("stack.double", batch=Batch(function, tolerance=tolerance))
    def double(ctx: Context, number: float) -> float:
        """Double a number.

        Args:
            number: Number to use.
        """
        return number * 2.0

    return double


def test_a_stack_that_equals_single_calls_passes() -> None:
    assert "batch" in check_node_type(make_batched(double_all), number=1.5).passed


def test_the_stated_tolerance_of_a_stack_holds() -> None:
    assert "tolerance of 0" in find_failures(make_batched(drift_all), number=1.5)["batch"]
    assert "batch" in check_node_type(make_batched(drift_all, 0.02), number=1.5).passed


@pytest.mark.parametrize("function", [drop_last, mix_up, lambda ctx: []])
def test_a_stack_that_loses_or_mixes_calls_is_caught(function: Callable[..., Any]) -> None:
    assert "batch" in find_failures(make_batched(function), number=1.5)


def keep_linear(ctx: Context, image: Image) -> Image:
    """Return a linear image as it is.

    Args:
        image: An image.
    """
    return image


def drop_color(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[Image]:
    return [Image(call["image"].pixels / 8) for call in calls]


def test_a_stack_that_loses_the_color_space_is_caught() -> None:
    declared = node("test.keep", encodings=("linear",), batch=Batch(drop_color, tolerance=9.0))(keep_linear)

    failures = find_failures(declared, image=Image(np.full((4, 4, 3), 2.0, np.float32), color=ColorSpace("linear")))

    assert "is inf from the single one" in failures["batch"]
