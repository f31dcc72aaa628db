"""Shapes of the area they should have, and holes filled without touching the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio.api import Image, Mask
from studio.testing import TestContext
from studio_image.nodes import drawing

CTX = TestContext()
BLACK = Image(np.zeros((120, 160, 3), np.float32))


@pytest.mark.parametrize(
    ("shape", "given", "area"),
    [
        ("ellipse", {}, math.pi * 40 * 30),
        ("rectangle", {}, 80 * 60),
        ("rectangle", {"radius": 10.0}, 80 * 60 - (4 - math.pi) * 100),
        ("polygon", {"corner_count": 6}, 3 * math.sin(math.pi / 3) * 40 * 30),
        ("star", {"corner_count": 5}, 5 * 0.382 * math.sin(math.pi / 5) * 40 * 30),
        ("line", {"line_width": 4.0}, 100 * 4 + math.pi * 4),
        ("ellipse", {"color": None, "line_width": 4.0}, 4 * math.pi * (210 - math.sqrt(150 * 130))),
    ],  # the perimeter of an ellipse: Ramanujan 1914
)
def test_a_shape_covers_its_area(shape: str, given: dict[str, object], area: float) -> None:
    ink = {"color": "white", "line_color": "white"} | given

    done = drawing.draw_shape(CTX, BLACK, shape=shape, width=80, height=60, **ink)  # type: ignore[arg-type]

    assert done.channels == 3
    assert done.pixels[:, :, 1].sum() == pytest.approx(area, rel=0.006)


def test_a_shape_lies_at_its_anchor_and_what_sticks_out_is_cut_off() -> None:
    done = drawing.draw_shape(CTX, BLACK, width=20, height=10, anchor="bottom_right", margin=5, color="red").pixels

    assert np.array_equal(np.argwhere(done[:, :, 0] == 1).min(0), [105, 135])
    assert done[105:115, 135:155, 0].all()
    assert done.sum() == 200
    outside = drawing.draw_shape(CTX, BLACK, width=20, height=10, anchor="top_left", x=-500)
    assert not outside.pixels.any()


def test_a_shape_on_nothing_brings_its_own_alpha_and_deep_samples_stay_elsewhere() -> None:
    clear = Image(np.zeros((20, 20, 4), np.float32))
    deep = Image((np.arange(400, dtype=np.uint16).reshape(20, 20, 1) * 101).astype(np.uint16))

    badge = drawing.draw_shape(CTX, clear, width=10, height=10, color="#ff000080").pixels
    marked = drawing.draw_shape(CTX, deep, width=4, height=4, anchor="top_left", color="white")

    assert badge[10, 10] == pytest.approx([1, 0, 0, 128 / 255])
    assert badge[0, 0, 3] == 0
    assert marked.channels == 1
    assert np.array_equal(marked.pixels[5:], deep.pixels[5:])


@pytest.mark.parametrize("method", ["telea", "navier_stokes"])
def test_a_hole_is_filled_and_nothing_else_changes(method: str) -> None:
    ramp = np.repeat(np.linspace(0.2, 0.8, 60, dtype=np.float32)[None, :, None], 40, 0).repeat(4, 2)
    hole = np.zeros((40, 60), np.float32)
    hole[15:21, 20:40] = 1
    broken = ramp.copy()
    broken[15:21, 20:40, :3] = 0

    done = drawing.fill_hole(CTX, Image(broken), Mask(hole), method=method).pixels  # type: ignore[arg-type]

    assert np.array_equal(done[hole == 0], broken[hole == 0])
    assert np.array_equal(done[:, :, 3], broken[:, :, 3])
    assert np.abs(done - ramp)[:, :, :3].max() < 0.05
    assert drawing.fill_hole(CTX, Image(broken), Mask(np.zeros((40, 60), np.uint8))) == Image(broken)
