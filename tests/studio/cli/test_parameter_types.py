"""Types of parameters: what click would take and Studio does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from studio.cli.parameter_types import FiniteRange, PathType

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def test_an_empty_path_is_refused_and_not_the_current_folder(desk: Desk) -> None:
    with pytest.raises(click.BadParameter, match="the path is empty"):
        PathType().convert("", None, None)

    done = desk.call("run", "", "-o", desk / "out")
    assert (done.code, "the path is empty" in done.err) == (2, True)


@pytest.mark.parametrize("text", ["nan", "inf", "-1"])
def test_a_time_is_a_finite_number_of_its_range(text: str) -> None:
    with pytest.raises(click.BadParameter):
        FiniteRange(min=0).convert(text, None, None)
    assert FiniteRange(min=0).convert("2.5", None, None) == 2.5
