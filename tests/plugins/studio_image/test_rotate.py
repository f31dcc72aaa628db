"""Turning, exact for quarter turns, against SciPy in between."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from studio.api import MediaError
from studio_image.rotate import rotate, rotate_quarters

BLACK = (0.0, 0.0, 0.0, 1.0)


def draw_blob() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    y, x = np.mgrid[:61, :61]
    return np.exp(-((x - 40) ** 2 + (y - 25) ** 2) / 60).astype(np.float32)[:, :, None]


def test_quarter_turns_move_samples_counterclockwise() -> None:
    samples = np.array([[1, 2], [3, 4]])

    assert rotate_quarters(samples, 1).tolist() == [[2, 4], [1, 3]]
    assert rotate_quarters(samples, 4).tolist() == samples.tolist()


@pytest.mark.parametrize("degrees", [17.0, 45.0, 200.0])
def test_a_turn_is_that_of_scipy(degrees: float) -> None:
    blob = draw_blob()

    expected = ndimage.rotate(blob[:, :, 0], degrees, reshape=False, order=3, mode="constant")

    assert rotate(blob, degrees, BLACK, expand=False)[:, :, 0] == pytest.approx(expected, abs=0.01)


def test_an_expanded_image_holds_all_corners() -> None:
    turned = rotate(np.ones((30, 40, 1), np.float32), 30.0, BLACK, expand=True)

    # 40 cos 30 + 30 sin 30 and 40 sin 30 + 30 cos 30
    assert turned.shape == (46, 50, 1)
    assert turned.sum() == pytest.approx(1200, rel=0.01)


def test_a_transparent_fill_gives_alpha_and_a_grey_one_stays_grey() -> None:
    dot = np.ones((3, 3, 1), np.float32)

    assert rotate(dot, 45.0, (0, 0, 0, 0), expand=True).shape[2] == 4
    assert rotate(dot, 45.0, (0.5, 0.5, 0.5, 1), expand=True).shape[2] == 1
    assert rotate(dot, 45.0, (1, 0, 0, 1), expand=True).shape[2] == 3


def test_sides_that_opencv_cannot_count_are_refused() -> None:
    with pytest.raises(MediaError, match="40000 x 1") as caught:
        rotate(np.ones((1, 40_000, 1), np.float32), 1.0, BLACK, expand=False)

    assert caught.value.code == "E506"
