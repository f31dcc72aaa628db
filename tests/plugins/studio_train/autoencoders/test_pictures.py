"""Images as batches: whole, in the shape of the model, alpha over white."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from studio.api import Image
from studio_train.autoencoders.pictures import blur, find_shape, find_stretch, make_images, read_images, resize_map


def make_image(width: int, height: int, channels: int = 3) -> Image:
    return Image(np.full((height, width, channels), 0.25, np.float32))


@pytest.mark.parametrize(
    ("sides", "shape"),
    [
        ((100, 100), (64, 64)),
        ((200, 100), (48, 88)),
        ((100, 200), (88, 48)),
        ((20_000, 1), (24, 184)),
        ((1, 1), (64, 64)),
    ],
)
def test_a_shape_has_the_proportions_of_the_images(sides: tuple[int, int], shape: tuple[int, int]) -> None:
    assert find_shape([make_image(*sides)] * 3, 64) == shape


def test_the_middle_one_of_several_proportions_counts() -> None:
    images = [make_image(100, 100), make_image(100, 100), make_image(2000, 100)]

    assert find_shape(images, 64) == (64, 64)
    assert find_stretch(images[0], (64, 64)) == 1
    assert find_stretch(images[2], (64, 64)) == find_stretch(make_image(100, 2000), (64, 64)) == 20


@pytest.mark.parametrize(("channels", "sample"), [(1, 0.25), (3, 0.25), (4, 0.25 * 0.25 + 0.75)])
def test_any_image_becomes_three_channels_over_white(channels: int, sample: float) -> None:
    batch = read_images([make_image(40, 30, channels)], (16, 24))

    assert batch.shape == (1, 3, 16, 24)
    assert torch.allclose(batch, torch.tensor(sample))


def test_an_image_goes_there_and_back() -> None:
    image = Image(np.random.default_rng(1).random((16, 8, 3), np.float32))

    assert np.array_equal(make_images(read_images([image], (16, 8)))[0].pixels, image.pixels)


def test_maps_take_another_shape() -> None:
    assert resize_map(torch.full((1, 8, 8), 0.5), (20, 30)).shape == (20, 30)


def test_the_filter_is_a_gaussian_one() -> None:
    maps = np.random.default_rng(2).random((24, 20))

    filtered = blur(torch.from_numpy(maps)[None, None], 1.5)[0, 0].numpy()

    assert np.allclose(filtered, ndimage.gaussian_filter(maps, 1.5, mode="mirror", truncate=4 / 1.5 + 0.2), atol=2e-3)
