"""Corners that go where they should, and lines that bend by the formula."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_image.nodes import warps

CTX = TestContext()


def make_photo(channels: int = 3) -> Image:
    y, x = np.mgrid[:60, :90].astype(np.float32)
    planes = [x / 90, y / 60, 0.5 + 0.5 * np.sin(x / 9) * np.cos(y / 7), np.ones_like(x)]
    return Image(np.stack(planes[:channels], 2).astype(np.float32))


def test_the_corners_lie_where_the_homography_puts_them() -> None:
    corners = [[20, 10], [80, 15], [70, 50], [12, 55]]

    done = warps.transform_image(CTX, make_photo(), corners).pixels

    matrix = cv2.getPerspectiveTransform(
        np.array([[0, 0], [90, 0], [90, 60], [0, 60]], np.float32), np.array(corners, np.float32)
    )
    for place in [(30.5, 20.5), (45.5, 33.5), (70.5, 40.5)]:
        x, y, w = matrix @ (*place, 1)
        found = cv2.getRectSubPix(done[:, :, :3].copy(), (1, 1), (x / w - 0.5, y / w - 0.5))[0, 0]
        assert found[:2] == pytest.approx([(place[0] - 0.5) / 90, (place[1] - 0.5) / 60], abs=0.01)
    assert done[0, 0, 3] == 0
    assert done[:, :, 3].sum() == pytest.approx(cv2.contourArea(np.array(corners, np.float32)), rel=0.01)


def test_a_rectangle_is_extracted_as_it_is() -> None:
    photo = make_photo()
    corners = [[10, 5], [70, 5], [70, 45], [10, 45]]

    done = warps.transform_image(CTX, photo, corners, direction="extract", width=60, height=40)

    assert done.channels == 3
    assert done.pixels == pytest.approx(photo.pixels[5:45, 10:70], abs=1e-5)


def test_what_was_placed_is_extracted_again() -> None:
    photo, corners = make_photo(), [[25, 20], [205, 40], [190, 150], [10, 130]]

    placed = warps.transform_image(CTX, photo, corners, width=220, height=170)
    back = warps.transform_image(CTX, placed, corners, direction="extract", width=90, height=60).pixels

    assert np.abs(back[2:-2, 2:-2, :3] - photo.pixels[2:-2, 2:-2]).max() < 0.02


@pytest.mark.parametrize(
    "corners",
    [
        None, [], [[0, 0], [1, 0], [1, 1]], [[0, 0], [9, 9], [9, 0], [0, 9]], [[0, 0], [1, 1], [2, 2], [3, 3]],
        [[0, 0], [True, 0], [1, 1], [0, 1]], [["a", 0], [9, 0], [9, 9], [0, 9]], [[0, 0], [1e9, 0], [9, 9], [0, 9]],
        {"a": 1}, [[float("nan"), 0], [9, 0], [9, 9], [0, 9]],
    ],
)  # fmt: skip
def test_corners_that_form_no_quadrilateral_are_refused(corners: object) -> None:
    with pytest.raises(MediaError, match="corners") as caught:
        warps.transform_image(CTX, make_photo(), corners)  # type: ignore[arg-type]

    assert caught.value.code == "E507"


def test_a_lens_moves_samples_by_the_formula_and_none_by_nothing() -> None:
    y, x = np.mgrid[:81, :121].astype(np.float32)
    image = Image(np.stack([x / 121, y / 81, x * 0], 2))
    half = np.hypot(81, 121) / 2

    done = warps.correct_lens(CTX, image, strength=0.2, outer_strength=-0.1, scale=1.25).pixels

    for across, down in [(60, 40), (70, 50), (85, 30)]:
        u, v = (across - 60) / half / 1.25, (down - 40) / half / 1.25
        square = u * u + v * v
        factor = (1 + 0.2 * square - 0.1 * square**2) * half
        expected = [(60 + u * factor) / 121, (40 + v * factor) / 81]
        assert done[down, across, :2] == pytest.approx(expected, abs=1e-3)
    assert warps.correct_lens(CTX, image, strength=0.0).pixels == pytest.approx(image.pixels, abs=1e-5)
