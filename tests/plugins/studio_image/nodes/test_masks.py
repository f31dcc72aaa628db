"""Masks: from images, from shapes, changed, combined."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, Mask, MediaError
from studio.testing import TestContext
from studio_image.nodes import masks

CTX = TestContext()


def spot(size: int) -> Image:
    samples = np.zeros((size, size, 1), np.float32)
    samples[size // 2, size // 2] = 1.0
    return Image(samples)


def test_a_green_screen_is_chosen_and_the_rest_is_not() -> None:
    samples = np.zeros((4, 4, 3), np.float32)
    samples[:, :2] = (0, 1, 0)
    samples[:, 2:] = (1, 0, 0)

    chosen = masks.mask_from_color(CTX, Image(samples))

    assert chosen == Mask(np.repeat([[1.0, 1.0, 0.0, 0.0]], 4, axis=0))
    assert masks.mask_from_color(CTX, Image(samples), invert=True).pixels[0].tolist() == [0, 0, 1, 1]


def test_color_distance_is_that_of_lab_and_softness_a_ramp() -> None:
    # L* of grey 0.5 is 53.39, of white 100 (CIE 1976): 46.61 apart
    grey = Image(np.full((1, 1, 3), 0.5, np.float32))

    level = masks.mask_from_color(CTX, grey, color="white", tolerance=40, softness=20).pixels[0, 0]

    assert level == pytest.approx(1 - (46.61 - 40) / 20, abs=0.01)


def test_alpha_goes_into_a_mask_and_back() -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (3, 4, 4), dtype=np.uint8))

    mask = masks.mask_from_alpha(CTX, image)
    bare = Image(image.stored[:, :, :3])

    assert masks.apply_mask(CTX, bare, mask) == image
    assert masks.apply_mask(CTX, image, Mask(np.ones((3, 4))), mode="replace").pixels[:, :, 3].min() == 1
    assert masks.mask_from_alpha(CTX, bare) == Mask(np.ones((3, 4)))


def test_a_mask_is_multiplied_into_the_alpha_there_is() -> None:
    image = Image(np.full((1, 1, 4), 0.5, np.float32))

    assert masks.apply_mask(CTX, image, Mask([[0.5]])).pixels[0, 0, 3] == pytest.approx(0.25)
    with pytest.raises(MediaError, match="the mask is 2 x 1"):
        masks.apply_mask(CTX, image, Mask([[0.5, 0.5]]))


def test_luma_becomes_a_mask_between_two_levels() -> None:
    ramp = Image(np.array([[0.0, 0.25, 0.5, 0.75, 1.0]], np.float32))

    assert masks.mask_from_luma(CTX, ramp, black_point=0.25, white_point=0.75).pixels[0] == pytest.approx(
        [0, 0, 0.5, 1, 1]
    )
    assert masks.mask_from_luma(CTX, ramp, black_point=0.75, white_point=0.25).pixels[0] == pytest.approx(
        [1, 1, 0.5, 0, 0]
    )
    assert masks.mask_from_luma(CTX, ramp, black_point=0.5, white_point=0.5, invert=True).pixels[0].tolist() == [
        1,
        1,
        0,
        0,
        0,
    ]


def test_masks_and_grey_images_turn_into_each_other() -> None:
    mask = Mask(np.random.default_rng(0).random((3, 3), dtype=np.float32))

    assert masks.mask_from_luma(CTX, masks.image_from_mask(CTX, mask)) == mask


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("union", [0.2, 0.9]), ("intersect", [0.1, 0.4]), ("subtract", [0.2, 0.1]), ("exclude", [0.1, 0.5])],
)
def test_masks_combine(operation: str, expected: list[float]) -> None:
    first, second = Mask([[0.2, 0.4]]), Mask([[0.1, 0.9]])

    assert masks.combine_masks(CTX, first, second, operation=operation).pixels[0] == pytest.approx(expected)


@pytest.mark.parametrize("radius", [3, 20])
def test_a_grown_spot_is_a_disc_and_shrinks_back(radius: int) -> None:
    mask = Mask(spot(101).pixels)

    grown = masks.edit_mask(CTX, mask, grow=radius)

    # half a sample more than the radius, as the spot itself is one wide; whole samples leave a few percent out
    assert grown.pixels.sum() == pytest.approx(np.pi * (radius + 0.5) ** 2, rel=0.1)
    assert masks.edit_mask(CTX, grown, grow=-radius - 1).pixels.sum() <= 1


def test_growing_can_be_cancelled_between_steps() -> None:
    from studio.api import Cancelled

    with pytest.raises(Cancelled):
        masks.edit_mask(TestContext(cancel_at_step=2), Mask(spot(31).pixels), grow=30)


def test_shapes_cover_their_area() -> None:
    box = masks.new_mask(CTX, width=50, height=40, x=10.5, y=5, shape_width=20, shape_height=10).pixels
    disc = masks.new_mask(CTX, width=50, height=40, shape="ellipse", x=5, y=5, shape_width=40, shape_height=30)

    assert box.sum() == pytest.approx(200)
    assert box[5, 10] == pytest.approx(0.5)
    assert disc.pixels.sum() == pytest.approx(np.pi * 20 * 15, rel=0.005)
    assert masks.new_mask(CTX, width=3, height=2).pixels.min() == 1


def test_a_resized_mask_keeps_its_mean() -> None:
    mask = Mask(np.random.default_rng(0).random((40, 40), dtype=np.float32))

    small = masks.resize_mask(CTX, mask, 10, 10, method="area")

    assert (small.width, small.height) == (10, 10)
    assert small.pixels.mean() == pytest.approx(mask.pixels.mean(), abs=1e-5)


def draw_mask(*rows: str) -> Mask:
    return Mask(np.array([[{".": 0.0, "-": 0.25, "#": 1.0}[sign] for sign in row] for row in rows], np.float32))


def test_holes_are_filled_and_bays_are_not() -> None:
    mask = draw_mask("......", ".####.", ".#..#.", ".#-##.", ".####.", ".#..#.")

    filled = masks.edit_mask(CTX, mask, fill_holes=True)

    assert filled == draw_mask("......", ".####.", ".####.", ".####.", ".####.", ".#..#.")


def test_the_largest_part_is_kept_with_its_soft_edge() -> None:
    mask = draw_mask("##.....", "##..-##", "....###", "#...-##")

    kept = masks.edit_mask(CTX, mask, keep="largest")

    assert kept == draw_mask(".......", "....-##", "....###", "....-##")
    assert masks.edit_mask(CTX, kept, keep="largest") == kept
    assert masks.edit_mask(CTX, draw_mask("..", ".."), keep="largest") == draw_mask("..", "..")


def test_smoothing_removes_specks_and_closes_gaps_and_keeps_the_rest() -> None:
    samples = np.zeros((60, 60), np.float32)
    samples[10:50, 10:50] = 1
    samples[30, 10:50] = 0  # a gap of one row
    samples[4, 4] = 1  # a speck
    block = np.zeros((60, 60), np.float32)
    block[10:50, 10:50] = 1

    smooth = masks.edit_mask(CTX, Mask(samples), smooth=3).pixels

    assert smooth[4, 4] == 0
    assert smooth[30, 13:47].min() == 1
    assert np.abs(smooth - block).sum() < 4 * 9  # corners are rounded
