"""Sizes chosen, and samples resampled as Pillow does."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest

from studio.api import MediaError
from studio_image.resize import AskedSize, cover_box, fit_size, resample, resample_nearest, resample_planes

FILTERS = {"lanczos": "LANCZOS", "area": "BOX", "bicubic": "BICUBIC", "bilinear": "BILINEAR"}


def make_noise(height: int, width: int, channels: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).random((height, width, channels), dtype=np.float32)


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("size", [(7, 5), (31, 40)])
def test_planes_are_those_of_pillow_in_float32(method: Any, size: tuple[int, int]) -> None:
    plane = make_noise(20, 16)[:, :, 0]

    expected = PIL.Image.fromarray(plane).resize(size, PIL.Image.Resampling[FILTERS[method]])

    assert resample_planes(plane, *size, method) == pytest.approx(np.asarray(expected), abs=1e-6)


def test_auto_is_lanczos_to_shrink_and_bicubic_to_enlarge() -> None:
    pixels = 0.25 + 0.5 * make_noise(12, 12)

    assert np.array_equal(resample(pixels, 6, 6), resample(pixels, 6, 6, "lanczos"))
    assert np.array_equal(resample(pixels, 24, 24), resample(pixels, 24, 24, "bicubic"))


def test_results_are_clipped_to_the_range_of_samples() -> None:
    step = np.zeros((4, 8, 1), np.float32)
    step[:, 4:] = 1

    assert resample_planes(step, 32, 4, "bicubic").max() > 1.01
    assert (resample(step, 32, 4).min(), resample(step, 32, 4).max()) == (0, 1)


def test_the_same_size_is_the_same_array() -> None:
    pixels = make_noise(3, 4)

    assert resample(pixels, 4, 3) is pixels


def test_nearest_takes_the_sample_that_holds_the_centre() -> None:
    row = np.arange(5)[None]

    assert resample_nearest(row, 3, 1).tolist() == [[0, 2, 4]]
    assert resample_nearest(row, 10, 1).tolist() == [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]]
    assert resample_nearest(row, 2, 1, (1.0, 0.0, 5.0, 1.0)).tolist() == [[2, 4]]


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ((50, None, None), (50, 25)),
        ((None, 10, None), (20, 10)),
        ((30, 40, None), (30, 40)),
        ((None, None, 0.1), (10, 5)),
    ],
)
def test_a_missing_side_follows_the_shape(given: tuple[Any, Any, Any], size: tuple[int, int]) -> None:
    assert AskedSize(*given).choose((100, 50)) == size


def test_sides_are_rounded_to_multiples_and_never_to_0() -> None:
    assert AskedSize(scale=1.0).choose((100, 50), 32) == (96, 64)
    assert AskedSize(scale=0.0001).choose((100, 50)) == (1, 1)
    assert AskedSize(1, 1).choose((100, 50), 8) == (8, 8)


@pytest.mark.parametrize("given", [(None, None, None), (5, None, 2.0), (None, 5, 2.0)])
def test_a_resize_needs_either_a_scale_or_sides(given: tuple[Any, Any, Any]) -> None:
    with pytest.raises(MediaError) as caught:
        AskedSize(*given).choose((4, 4))

    assert caught.value.code == "E507"


def test_the_largest_size_inside_a_box_keeps_the_shape() -> None:
    assert fit_size((100, 50), (30, 30)) == (30, 15)
    assert fit_size((1000, 1), (10, 10)) == (10, 1)


def test_the_part_that_covers_a_box_has_its_shape_and_lies_at_the_anchor() -> None:
    assert cover_box((100, 50), (10, 10), "left") == (0, 0, 50, 50)
    assert cover_box((100, 50), (10, 10), "center") == (25, 0, 75, 50)
    assert cover_box((100, 50), (10, 10), "right") == (50, 0, 100, 50)
