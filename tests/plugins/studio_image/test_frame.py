"""Borders, lines and round corners."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import MediaError
from studio_image.frame import add_frame, pad_to

BLUE = (0.0, 0.0, 1.0, 1.0)
BLACK = (0.0, 0.0, 0.0, 1.0)
CLEAR = (0.0, 0.0, 0.0, 0.0)


def test_each_side_has_its_own_width_and_the_image_is_untouched() -> None:
    pixels = np.random.default_rng(0).random((2, 3, 3), dtype=np.float32)

    framed = add_frame(pixels, (1, 2, 3, 4), BLUE, 0, BLACK, 0.0)

    assert framed.shape == (2 + 2 + 4, 3 + 1 + 3, 3)
    assert np.array_equal(framed[2:4, 1:4], pixels)
    border = np.ones(framed.shape[:2], bool)
    border[2:4, 1:4] = False
    assert (framed[border] == (0, 0, 1)).all()


def test_the_line_lies_in_the_border_around_the_image() -> None:
    framed = add_frame(np.ones((2, 2, 1), np.float32), (3, 3, 3, 3), (0.5, 0.5, 0.5, 1.0), 1, BLACK, 0.0)[:, :, 0]

    assert framed[2].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5]
    assert framed[3].tolist() == [0.5, 0.5, 0, 1, 1, 0, 0.5, 0.5]


def test_a_transparent_border_gives_alpha_and_leaves_that_of_the_image() -> None:
    pixels = np.full((1, 1, 4), 0.5, np.float32)

    framed = add_frame(pixels, (1, 0, 0, 0), CLEAR, 0, BLACK, 0.0)

    assert framed[0, 0, 3] == 0
    assert framed[0, 1].tolist() == [0.5] * 4


def test_padding_puts_the_image_at_its_anchor() -> None:
    padded = pad_to(np.ones((1, 1, 1), np.float32), (3, 2), "bottom_right", BLACK)

    assert padded[:, :, 0].tolist() == [[0, 0, 0], [0, 0, 1]]


def test_a_frame_over_the_limits_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        add_frame(np.ones((1, 1, 1), np.float32), (65_535, 0, 65_535, 0), BLUE, 0, BLACK, 0.0)

    assert caught.value.code == "E506"
