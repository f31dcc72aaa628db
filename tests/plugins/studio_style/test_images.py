"""Images to arrays and back."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, Mask
from studio_style.images import blend_by_mask, join_alpha, read_rgb


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_image_is_read_as_three_channels_and_keeps_its_alpha(channels: int) -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (3, 4, channels), dtype=np.uint8))

    pixels = read_rgb(image)
    back = join_alpha(pixels, image)

    assert pixels.shape == (3, 4, 3)
    assert back.channels == max(channels, 3)
    assert np.array_equal(back.pixels[..., :channels], image.pixels)


def test_colors_are_cut_to_their_range() -> None:
    made = join_alpha(np.array([[[-1.0, 0.5, 2.0]]], np.float32), Image(np.zeros((1, 1, 3), np.float32)))

    assert made.pixels.tolist() == [[[0, 0.5, 1]]]


def test_a_mask_mixes_by_its_level() -> None:
    below, above = np.zeros((1, 3, 3), np.float32), np.ones((1, 3, 3), np.float32)

    mixed = blend_by_mask(below, above, Mask(np.array([[0.0, 0.25, 1.0]], np.float32)))

    assert mixed[0, :, 0] == pytest.approx([0, 0.25, 1])
    assert mixed.dtype == np.float32
