"""Short inputs are shown as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import Image, Model
from studio.cache import MISSING
from studio.execution.shown_inputs import show_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5, "5"),
        (0.25, "0.25"),
        (True, "true"),
        (None, "null"),
        ("a cat", '"a cat"'),
        ([1, 2], "[1, 2]"),
        (Model("builtin:mini"), '"builtin:mini"'),
        ("x" * 61, ""),
        ("line\x1b[31m", r'"line\u001b[31m"'),
        (MISSING, ""),
        ({"a": 1}, ""),
    ],
)
def test_plain_values_are_shown_if_they_are_short(value: Any, shown: str) -> None:
    assert show_value(value) == shown


def test_a_medium_is_not_shown() -> None:
    import numpy as np

    assert show_value(Image(np.zeros((1, 1, 3), np.uint8))) == ""
