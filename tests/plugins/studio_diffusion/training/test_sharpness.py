"""Sharpness: fine energy of pictures against that of drawn ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from studio_diffusion.training.sharpness import measure_fine_energy, measure_sharpness

pytestmark = pytest.mark.xdist_group("diffusers")


def draw_wave(cycles_a_pixel: float, side: int = 64) -> np.ndarray:
    row = 127.5 + 100 * np.sin(2 * np.pi * cycles_a_pixel * np.arange(side))
    return np.repeat(np.repeat(row[None], side, 0)[..., None], 3, 2)


@pytest.mark.parametrize(("frequency", "share"), [(0.1, 0.0), (0.4, 1.0)])
def test_a_wave_is_fine_above_a_quarter_of_the_sampling_rate(frequency: float, share: float) -> None:
    assert measure_fine_energy(draw_wave(frequency)) == pytest.approx(share, abs=0.01)


def test_two_waves_share_the_energy_by_the_squares_of_their_heights() -> None:
    both = draw_wave(0.1) + 0.5 * (draw_wave(0.4) - 127.5)

    assert measure_fine_energy(both) == pytest.approx(0.2, abs=0.01)


def test_a_picture_of_one_color_has_no_fine_energy() -> None:
    assert measure_fine_energy(np.full((16, 16, 3), 90, np.uint8)) == 0


def test_blurring_lowers_sharpness() -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(3)]
    soft = [cv2.GaussianBlur(picture, (0, 0), 1.0) for picture in drawn]

    assert measure_sharpness(drawn, drawn) == pytest.approx(1)
    assert measure_sharpness(soft, drawn) < 0.2
