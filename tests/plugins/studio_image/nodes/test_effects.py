"""Shadows, glows, strokes and round corners, against areas and blurs worked out by hand and by Pillow."""

from __future__ import annotations

import math

import numpy as np
import PIL.Image
import pytest
from PIL import ImageFilter

from studio.api import Image
from studio.testing import TestContext
from studio_image.nodes import effects, masks

CTX = TestContext()
RADIUS = 40.0


def make_disc(color: tuple[float, float, float] = (1.0, 0.5, 0.0), size: int = 120) -> Image:
    shape = masks.new_mask(
        CTX, width=size, height=size, shape="ellipse", x=20.0, y=20.0, shape_width=2 * RADIUS, shape_height=2 * RADIUS
    )
    samples = np.empty((size, size, 4), np.float32)
    samples[:, :, :3] = color
    samples[:, :, 3] = shape.pixels
    return Image(samples)


def measure_area(image: Image, color: tuple[float, float, float]) -> float:
    """Return the area in which an image has a color, from the mean of what is seen over black."""
    seen = image.pixels[:, :, :3] * image.pixels[:, :, 3:]
    axis = int(np.argmax(color))
    return float(seen[:, :, axis].sum() / color[axis])


@pytest.mark.parametrize(
    ("position", "inner", "outer"),
    [("outside", RADIUS, RADIUS + 8), ("inside", RADIUS - 8, RADIUS), ("center", RADIUS - 4, RADIUS + 4)],
)
def test_a_stroke_around_a_disc_is_a_ring_of_its_width(position: str, inner: float, outer: float) -> None:
    stroked = effects.add_stroke(CTX, make_disc((1.0, 0.0, 0.0)), width=8.0, color="#0000ff", position=position)

    assert measure_area(stroked, (0.0, 0.0, 1.0)) == pytest.approx(math.pi * (outer**2 - inner**2), rel=0.02)
    assert measure_area(stroked, (1.0, 0.0, 0.0)) == pytest.approx(math.pi * inner**2, rel=0.02)
    assert stroked.pixels[:, :, 3].sum() == pytest.approx(math.pi * max(outer, RADIUS) ** 2, rel=0.02)


def test_a_stroke_is_as_wide_at_a_straight_edge_as_at_a_corner_that_it_rounds() -> None:
    square = Image(np.ones((50, 50, 3), np.float32))

    stroked = effects.add_stroke(CTX, square, width=10.0, color="black")

    assert (stroked.width, stroked.height) == (70, 70)
    # four sides of 50 x 10, and four quarters of a circle
    assert stroked.pixels[:, :, 3].sum() == pytest.approx(50 * 50 + 4 * 500 + math.pi * 100, rel=0.005)


def test_the_shadow_is_the_blurred_shape_at_its_offset() -> None:
    disc = make_disc()

    shadowed = effects.add_shadow(CTX, disc, offset_x=5, offset_y=9, blur=6.0, color="#000000ff", expand=False)

    shape = PIL.Image.fromarray((disc.pixels[:, :, 3] * 255).round().astype(np.uint8))
    moved = PIL.Image.new("L", shape.size)
    moved.paste(shape, (5, 9))
    shadow = np.asarray(moved.filter(ImageFilter.GaussianBlur(6)), np.float32) / 255
    alpha = disc.pixels[:, :, 3]
    assert np.abs(shadowed.pixels[:, :, 3] - (alpha + shadow * (1 - alpha))).max() < 0.03


def test_an_image_grows_so_that_its_shadow_fits() -> None:
    card = Image(np.full((20, 30, 3), 200, np.uint8))

    below = effects.add_shadow(CTX, card, offset_x=0, offset_y=40, blur=2.0)
    inside = effects.add_shadow(CTX, card, offset_x=0, offset_y=40, blur=2.0, expand=False)

    assert (below.width, below.height) == (30 + 12, 20 + 46)  # three deviations on each side, none above
    assert below.pixels[0, 6:36, 3] == pytest.approx(1.0)
    assert (inside.width, inside.height) == (30, 20)


def test_an_image_without_transparency_is_seen_whole_over_its_effects() -> None:
    photo = Image(np.random.default_rng(1).random((16, 16, 3), dtype=np.float32))

    for done, left in (
        (effects.add_shadow(CTX, photo, blur=1.0, offset_y=0), 3),
        (effects.add_glow(CTX, photo, radius=2.0), 6),
        (effects.add_stroke(CTX, photo, width=2.0), 2),
    ):
        part = done.pixels[left : left + 16, left : left + 16]
        assert part[:, :, :3] == pytest.approx(photo.pixels, abs=1e-6)
        assert part[:, :, 3] == pytest.approx(1.0)


def test_a_glow_is_the_blurred_shape_made_stronger_under_the_image() -> None:
    disc = make_disc()

    glowing = effects.add_glow(CTX, disc, radius=6.0, color="white", strength=2.0)

    room = (glowing.width - 120) // 2
    shape = PIL.Image.fromarray(np.pad((disc.pixels[:, :, 3] * 255).round().astype(np.uint8), room))
    glow = np.clip(np.asarray(shape.filter(ImageFilter.GaussianBlur(6)), np.float32) / 255 * 2, 0, 1)
    alpha = np.pad(disc.pixels[:, :, 3], room)
    assert np.abs(glowing.pixels[:, :, 3] - (alpha + glow * (1 - alpha))).max() < 0.05
    assert glowing.pixels[[0, -1], :, 3].max() < 0.01  # it ends inside the image


def test_an_inner_glow_keeps_the_shape() -> None:
    disc = make_disc((0.0, 0.0, 1.0))

    glowing = effects.add_glow(CTX, disc, radius=6.0, color="#ff0000", strength=1.0, kind="inner")

    assert (glowing.width, glowing.height) == (120, 120)
    assert glowing.pixels[:, :, 3] == pytest.approx(disc.pixels[:, :, 3])
    middle, edge = glowing.pixels[60, 60], glowing.pixels[60, 60 + int(RADIUS) - 2]
    assert middle[:3] == pytest.approx((0, 0, 1), abs=0.01)
    assert edge[0] > 0.3


@pytest.mark.parametrize("radius", [0.0, 10.0, 1000.0])
def test_round_corners_take_four_corners_of_a_square_away(radius: float) -> None:
    rounded = effects.round_corners(CTX, Image(np.ones((60, 100, 1), np.float32)), radius=radius)

    bent = min(radius, 30.0)
    assert rounded.pixels[:, :, 3].sum() == pytest.approx(6000 - (4 - math.pi) * bent**2, rel=0.003)
