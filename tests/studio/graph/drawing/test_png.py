"""PNG: shapes where they belong, of the size asked for, within a bound of pixels."""

from __future__ import annotations

import io
import math
from itertools import pairwise

import pytest
from PIL import Image as Pictures

from studio.graph.drawing import draw_png, png
from studio.graph.drawing.png import _cut_dashes, _trace_curve, _trace_rectangle, write_png
from studio.graph.drawing.shapes import Curve, Dot, Drawing, Group, Rectangle, Shape, Words
from studio.graph.resolved import ResolvedGraph

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def render(*shapes: Shape, scale: float = 1.0) -> Pictures.Image:
    drawing = Drawing("d", 60.0, 40.0, "#ffffff", [Group(shapes)])
    return Pictures.open(io.BytesIO(write_png(drawing, scale)))


def test_png_is_a_picture_of_the_size_asked_for(mixed: ResolvedGraph) -> None:
    small, large = (Pictures.open(io.BytesIO(draw_png(mixed, scale=scale))) for scale in (1, 2))

    assert small.format == "PNG"
    assert large.width == pytest.approx(2 * small.width, abs=2)
    assert len(large.resize((200, 100)).getcolors(20_000) or ()) > 50


def test_a_picture_too_large_is_drawn_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MAX_PIXELS", 600)

    assert render(scale=2.0).size == (30, 20)


def test_shapes_lie_where_they_belong() -> None:
    image = render(
        Rectangle(10.0, 10.0, 20.0, 10.0, 2.0, "#ff0000"),
        Dot(45.0, 20.0, 5.0, "#0000ff", "#0000ff"),
        Curve(((0.0, 35.0), (20.0, 35.0), (40.0, 35.0), (60.0, 35.0)), "#0000ff", 3.0),
    )

    assert [image.getpixel(at) for at in ((20, 15), (45, 20), (30, 35))] == [RED, BLUE, BLUE]
    assert [image.getpixel(at) for at in ((5, 15), (35, 20), (45, 30), (2, 2))] == [WHITE] * 4


@pytest.mark.parametrize(("anchor", "left", "right"), [("start", 30, 60), ("end", 0, 30), ("middle", 15, 45)])
def test_text_begins_ends_or_is_centered_where_it_is_anchored(anchor: str, left: int, right: int) -> None:
    image = render(Words(30.0, 25.0, "mm", 12.0, "#000000", anchor=anchor))

    box = image.convert("L").point(lambda level: 255 * (level < 128)).getbbox()
    assert box is not None
    assert left - 1 <= box[0] < box[2] <= right + 1
    assert box[3] <= 27  # its baseline


def test_a_dashed_border_has_gaps() -> None:
    def count(dash: tuple[float, ...]) -> int:
        image = render(Rectangle(5.0, 5.0, 50.0, 30.0, 4.0, "", "#000000", 2.0, dash), scale=2.0)
        return sum(level < 128 for level in image.convert("L").tobytes())

    assert 0.4 < count((4.0, 4.0)) / count(()) < 0.7


def test_dashes_and_gaps_alternate_along_a_bent_line() -> None:
    pieces = _cut_dashes([(0.0, 0.0), (9.0, 0.0), (9.0, 10.0)], (4.0, 2.0))

    assert pieces == [
        [(0.0, 0.0), (4.0, 0.0)],
        [(6.0, 0.0), (9.0, 0.0), (9.0, 1.0)],
        [(9.0, 3.0), (9.0, 7.0)],
        [(9.0, 9.0), (9.0, 10.0)],
    ]


def test_a_dash_goes_around_a_corner() -> None:
    assert _cut_dashes([(0.0, 0.0), (3.0, 0.0), (3.0, 9.0)], (5.0, 99.0)) == [[(0.0, 0.0), (3.0, 0.0), (3.0, 2.0)]]


def test_a_curve_passes_through_the_points_of_its_formula() -> None:
    traced = _trace_curve(((0.0, 0.0), (10.0, 0.0), (10.0, 20.0), (20.0, 20.0)))

    assert traced[0] == (0.0, 0.0)
    assert traced[-1] == pytest.approx((20.0, 20.0))
    assert traced[len(traced) // 2] == pytest.approx((10.0, 10.0))  # Bezier at one half: (p0 + 3 p1 + 3 p2 + p3) / 8


def test_a_level_curve_is_one_line() -> None:
    assert _trace_curve(((0.0, 5.0), (1.0, 5.0), (2.0, 5.0), (9.0, 5.0))) == [(0.0, 5.0), (9.0, 5.0)]


def test_the_border_of_a_rectangle_is_closed_and_as_long_as_it_should_be() -> None:
    points = _trace_rectangle(Rectangle(10.0, 20.0, 40.0, 30.0, 5.0, ""))

    assert points[0] == points[-1]
    assert min(x for x, _ in points) == 10.0
    assert max(y for _, y in points) == 50.0
    length = sum(math.dist(a, b) for a, b in pairwise(points))
    assert length == pytest.approx(2 * (30 + 20) + 2 * math.pi * 5, rel=0.002)
