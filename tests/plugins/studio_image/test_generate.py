"""Images from nothing: fills, gradients, noise, grain."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import MediaError
from studio_image.color import Color
from studio_image.generate import add_grain, draw_gradient, fill, make_noise

BLACK: Color = (0.0, 0.0, 0.0, 1.0)
WHITE: Color = (1.0, 1.0, 1.0, 1.0)
CLEAR_RED: Color = (1.0, 0.0, 0.0, 0.0)


def test_a_color_in_grey_is_its_luma() -> None:
    assert fill(2, 1, (1, 0, 0, 1), 1).tolist() == [[[pytest.approx(0.299)], [pytest.approx(0.299)]]]
    assert fill(1, 1, (0.2, 0.4, 0.6, 0.5), 4)[0, 0] == pytest.approx([0.2, 0.4, 0.6, 0.5])


def test_a_gradient_passes_its_colors_at_equal_distances() -> None:
    row = draw_gradient(300, 1, [BLACK, WHITE, BLACK], "linear", 0.0, linear_light=False)[0, :, 0]

    # samples lie at (i + 0.5) / 300 of the way
    assert row[[0, 74, 149, 224, 299]] == pytest.approx([1 / 300, 149 / 300, 299 / 300, 151 / 300, 1 / 300], abs=1e-6)


def test_a_diagonal_gradient_runs_from_corner_to_corner() -> None:
    plane = draw_gradient(101, 101, [BLACK, WHITE], "linear", 45.0, linear_light=False)[:, :, 0]

    assert plane[100, 0] < 0.01
    assert plane[0, 100] > 0.99
    assert plane[50, 50] == pytest.approx(0.5)


def test_linear_light_is_brighter_in_between() -> None:
    row = draw_gradient(3, 1, [BLACK, WHITE], "linear", 0.0, linear_light=True)[0, :, 0]

    assert row[1] == pytest.approx(1.055 * 0.5 ** (1 / 2.4) - 0.055, abs=1e-5)


def test_a_color_that_fades_out_does_not_darken() -> None:
    row = draw_gradient(4, 1, [WHITE, CLEAR_RED], "linear", 0.0, linear_light=False)[0]

    assert row.shape == (4, 4)
    assert row[:, 0] == pytest.approx(1.0)
    assert row[:, 3] == pytest.approx([7 / 8, 5 / 8, 3 / 8, 1 / 8], abs=1e-6)


def test_a_gradient_without_colors_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        draw_gradient(2, 2, [], "linear", 0.0, linear_light=False)

    assert caught.value.code == "E505"


def test_noise_has_the_distribution_of_its_kind() -> None:
    white = make_noise(200, 200, "white", 1.0, 1, np.random.default_rng(0))
    bell = make_noise(200, 200, "gaussian", 1.0, 1, np.random.default_rng(0))

    assert (white.mean(), white.std()) == pytest.approx((0.5, 12**-0.5), abs=0.005)
    assert (bell.mean(), bell.std()) == pytest.approx((0.5, 1 / 6), abs=0.005)


def test_clouds_fill_the_whole_range_and_fall_back_where_there_is_no_room_for_one() -> None:
    clouds = make_noise(64, 64, "clouds", 32.0, 3, np.random.default_rng(0))

    assert (clouds.min(), clouds.max(), clouds.shape) == (0, 1, (64, 64, 3))
    assert make_noise(1, 1, "clouds", 32.0, 1, np.random.default_rng(0)).shape == (1, 1, 1)


@pytest.mark.parametrize("kind", ["gaussian", "uniform"])
def test_grain_has_no_mean_and_the_deviation_asked_for(kind: str) -> None:
    grey = np.full((200, 200, 3), 0.5, np.float32)

    noisy = add_grain(grey, 0.08, kind, monochrome=False, rng=np.random.default_rng(0))  # type: ignore[arg-type]

    assert (noisy.mean(), noisy.std()) == pytest.approx((0.5, 0.08), abs=0.002)
    assert np.abs(np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]) < 0.02
