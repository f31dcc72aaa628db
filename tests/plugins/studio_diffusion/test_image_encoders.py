"""Encoders of images: how an image becomes what they take."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image
from studio_diffusion.image_encoders import _fit


@pytest.mark.parametrize(("height", "width"), [(200_000, 1), (2, 100_000)])
def test_a_thin_image_is_not_enlarged_whole(height: int, width: int) -> None:
    image = Image(np.random.default_rng(0).random((height, width, 3), np.float32))

    found = _fit(image, 16, crop=True)

    assert tuple(found.shape) == (1, 3, 16, 16)


def test_the_middle_of_an_image_is_taken() -> None:
    pixels = np.zeros((10, 30, 3), np.float32)
    pixels[:, 10:20] = 1
    pixels[:, :5] = 0.5  # would be there if all of it was

    found = _fit(Image(pixels), 10, crop=True)

    assert float(found.min()) > 0.99
