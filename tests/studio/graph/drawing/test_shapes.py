"""Every kind of shape is drawn by every writer."""

from __future__ import annotations

import io
from typing import get_args

import pytest
from PIL import Image as Pictures

from studio.graph.drawing.png import write_png
from studio.graph.drawing.shapes import Curve, Dot, Drawing, Group, Rectangle, Shape, Words
from studio.graph.drawing.svg import write_svg

EXAMPLES: list[Shape] = [
    Rectangle(5.0, 5.0, 20.0, 10.0, 0.0, "#ff0000"),
    Curve(((0.0, 0.0), (5.0, 0.0), (5.0, 30.0), (30.0, 30.0)), "#ff0000", 4.0),
    Dot(15.0, 15.0, 8.0, "#ff0000", "#ff0000"),
    Words(5.0, 20.0, "M", 24.0, "#ff0000"),
]


def test_there_is_an_example_of_every_shape() -> None:
    assert {type(example) for example in EXAMPLES} == set(get_args(Shape))


@pytest.mark.parametrize("shape", EXAMPLES, ids=lambda shape: type(shape).__name__)
def test_a_shape_appears_in_svg_and_png(shape: Shape) -> None:
    empty, drawn = (Drawing("d", 40.0, 40.0, "#ffffff", groups) for groups in ([], [Group((shape,))]))

    assert "#ff0000" in write_svg(drawn)
    assert "#ff0000" not in write_svg(empty)
    image = Pictures.open(io.BytesIO(write_png(drawn, 1.0)))
    assert any(color == (255, 0, 0) for _, color in image.getcolors(10_000) or ())


def test_later_shapes_cover_earlier_ones() -> None:
    below, above = Rectangle(0.0, 0.0, 40.0, 40.0, 0.0, "#ff0000"), Rectangle(0.0, 0.0, 40.0, 40.0, 0.0, "#0000ff")
    drawing = Drawing("d", 40.0, 40.0, "#ffffff", [Group((below,)), Group((above,))])

    assert Pictures.open(io.BytesIO(write_png(drawing, 1.0))).getpixel((20, 20)) == (0, 0, 255)
    svg = write_svg(drawing)
    assert svg.index("#ff0000") < svg.index("#0000ff")
