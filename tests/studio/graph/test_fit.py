"""What fits an input as it is, mapped, frame by frame, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.api import Grammar, TypeSpec
from studio.graph.fit import Fit, Misfit, find_fit, join, map_output

IMAGE, VIDEO, TEXT, INT, JSON = (
    TypeSpec("image"),
    TypeSpec("video"),
    TypeSpec("text"),
    TypeSpec("int"),
    TypeSpec("json"),
)
RGB, RGBA = replace(IMAGE, channels=frozenset({3})), replace(IMAGE, channels=frozenset({4}))
MARKS = replace(JSON, grammar=Grammar("marks", len))
MAYBE = replace(IMAGE, optional=True)
RED, BLUE = TypeSpec("choice", choices=("red", "green")), TypeSpec("choice", choices=("blue",))


@pytest.mark.parametrize(
    ("source", "target", "fit"),
    [
        (IMAGE, IMAGE, Fit()),
        (IMAGE, TEXT, Fit(problem=Misfit.TYPE)),
        (IMAGE.listed(), IMAGE, Fit(depth=1)),
        (IMAGE.listed(2), IMAGE, Fit(depth=2)),
        (IMAGE.listed(2), IMAGE.listed(), Fit(depth=1)),
        (IMAGE.listed(), IMAGE.listed(), Fit()),
        (IMAGE, IMAGE.listed(), Fit(problem=Misfit.TYPE)),
        (VIDEO, IMAGE, Fit(stream=True)),
        (VIDEO.listed(), IMAGE, Fit(depth=1, stream=True)),
        (VIDEO, IMAGE.listed(), Fit(problem=Misfit.TYPE)),
        (IMAGE, VIDEO, Fit(problem=Misfit.TYPE)),
        (INT, TypeSpec("float"), Fit()),
        (TypeSpec("float"), INT, Fit(problem=Misfit.TYPE)),
        (TypeSpec("bool"), INT, Fit(problem=Misfit.TYPE)),
        (INT, TypeSpec("bool"), Fit(problem=Misfit.TYPE)),
        (TEXT, RED, Fit()),
        (RED, TEXT, Fit()),
        (BLUE, RED, Fit(problem=Misfit.VALUES)),
        (JSON, INT, Fit()),
        (JSON, INT.listed(), Fit()),
        (INT.listed(), JSON, Fit()),
        (MARKS, JSON, Fit()),
        (JSON, MARKS, Fit()),
        (JSON.listed(), JSON, Fit(depth=1)),
        (JSON.listed(), JSON.listed(), Fit()),
        (JSON.listed(), INT, Fit(depth=1)),
        (MARKS.listed(), JSON, Fit(depth=1)),
        (MARKS, TEXT, Fit(problem=Misfit.TYPE)),
        (MARKS.listed(), TEXT, Fit(problem=Misfit.TYPE)),
        (MARKS, TEXT.listed(), Fit(problem=Misfit.TYPE)),
        (IMAGE, JSON, Fit(problem=Misfit.TYPE)),
        (IMAGE.listed(), JSON, Fit(problem=Misfit.TYPE)),
        (JSON, IMAGE, Fit(problem=Misfit.TYPE)),
        (RGBA, RGB, Fit(problem=Misfit.VALUES)),
        (RGB, RGB, Fit()),
        (IMAGE, RGB, Fit()),
        (RGB, IMAGE, Fit()),
        (MAYBE, IMAGE, Fit(problem=Misfit.OPTIONAL)),
        (IMAGE, MAYBE, Fit()),
        (MAYBE, MAYBE, Fit()),
        (IMAGE, TypeSpec("any"), Fit()),
        (IMAGE.listed(), TypeSpec("any"), Fit()),
        (TypeSpec("any"), IMAGE, Fit()),
        (TypeSpec("any", 1), IMAGE, Fit(depth=1)),
        (IMAGE, TypeSpec("mask"), Fit(problem=Misfit.TYPE)),
    ],
    ids=str,
)
def test_fit(source: TypeSpec, target: TypeSpec, fit: Fit) -> None:
    assert find_fit(source, target) == fit


def test_outputs_of_a_mapped_node_are_lists() -> None:
    assert map_output(IMAGE, 2, False) == IMAGE.listed(2)
    assert map_output(IMAGE, 0, True) == VIDEO
    assert map_output(IMAGE, 1, True) == VIDEO.listed()
    assert map_output(TEXT, 0, True) == TEXT.listed()
    assert map_output(IMAGE.listed(), 0, True) == IMAGE.listed(2)


def test_ends_of_one_variable_have_the_type_that_fits_all() -> None:
    assert join(None, IMAGE) == IMAGE
    assert join(RGB, RGBA) == IMAGE
    assert join(INT, TypeSpec("float")) == TypeSpec("number")
    assert join(INT, IMAGE) == TypeSpec("any")
    assert join(IMAGE, IMAGE.listed()) == TypeSpec("any")
