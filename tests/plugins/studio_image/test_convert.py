"""Channel counts and depths."""

from __future__ import annotations

import numpy as np
import pytest

from studio_image.convert import convert_channels, convert_depth, invert

WHITE = (1.0, 1.0, 1.0, 1.0)


def test_grey_is_luma_of_bt_601() -> None:
    rgb = np.array([[[0.2, 0.5, 0.9]]], np.float32)

    assert convert_channels(rgb, "grey", WHITE)[0, 0] == pytest.approx([0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.9])


def test_alpha_is_laid_over_the_background_before_it_goes() -> None:
    faint = np.array([[[1.0, 0.0, 0.0, 0.25]]], np.float32)

    assert convert_channels(faint, "rgb", (0, 0, 1, 1))[0, 0] == pytest.approx([0.25, 0, 0.75])
    assert convert_channels(faint, "grey", WHITE)[0, 0] == pytest.approx([1 - 0.25 * (1 - 0.299)])


def test_a_new_alpha_is_opaque_and_one_that_is_there_stays() -> None:
    grey, faint = np.full((1, 1, 1), 0.5, np.float32), np.full((1, 1, 4), 0.25, np.float32)

    assert convert_channels(grey, "rgba", WHITE)[0, 0].tolist() == [0.5, 0.5, 0.5, 1.0]
    assert convert_channels(faint, "rgba", WHITE) is faint


def test_depths_are_rounded_to_the_nearest_level() -> None:
    pixels = np.array([[[0.0, 0.4 / 255, 0.6 / 255, 1.0]]], np.float32)

    assert convert_depth(pixels, "uint8").tolist() == [[[0, 0, 1, 255]]]
    assert convert_depth(pixels, "uint16").tolist() == [[[0, 103, 154, 65535]]]
    assert convert_depth(pixels, "float32") is pixels


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65_535), (np.float32, 1)])
def test_a_negative_keeps_its_depth_and_alpha(dtype: type, top: int) -> None:
    samples = np.array([[[0, top, top, 0]]], dtype)

    negative = invert(samples)

    assert negative.dtype == dtype
    assert negative.tolist() == [[[top, 0, 0, 0]]]
