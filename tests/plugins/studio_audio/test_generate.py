"""Tones and noise."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio.generate import create_noise, create_tone

RATE = 16_000


@pytest.mark.parametrize(
    ("shape", "weights"),
    [
        ("square", {1: 4 / np.pi, 2: 0.0, 3: 4 / np.pi / 3, 5: 4 / np.pi / 5}),
        ("sawtooth", {1: 2 / np.pi, 2: 1 / np.pi, 3: 2 / np.pi / 3}),
        ("triangle", {1: 8 / np.pi**2, 2: 0.0, 3: 8 / np.pi**2 / 9}),
    ],
)
def test_waves_have_the_harmonics_of_their_fourier_series(shape: str, weights: dict[int, float]) -> None:
    wave = create_tone(RATE, RATE, 500.0, 500.0, shape)

    levels = np.abs(np.fft.rfft(wave)) * 2 / RATE

    assert {number: levels[number * 500] for number in weights} == pytest.approx(weights, abs=2e-3)


def test_a_triangle_reaches_its_peak_and_a_square_keeps_it() -> None:
    triangle = create_tone(RATE, RATE, 10.0, 10.0, "triangle")
    square = create_tone(RATE, RATE, 10.0, 10.0, "square")

    assert triangle[RATE // 40] == pytest.approx(1.0, abs=0.01)
    assert square[RATE // 40] == pytest.approx(1.0, abs=0.02)


def test_a_glide_passes_the_geometric_mean_in_the_middle_of_its_time() -> None:
    wave = create_tone(4 * RATE, RATE, 100.0, 1600.0, "sine")

    middle = wave[2 * RATE - 400 : 2 * RATE + 400] * np.hanning(800)
    found = np.argmax(np.abs(np.fft.rfft(middle, 1 << 16))) * RATE / (1 << 16)

    assert found == pytest.approx(400, rel=0.02)


@pytest.mark.parametrize("color", ["white", "pink", "brown"])
def test_noise_has_an_rms_of_1_and_channels_of_its_own(color: str) -> None:
    noise = create_noise(RATE, 2, np.random.default_rng(3), color)

    assert np.sqrt((noise**2).mean()) == pytest.approx(1.0, abs=0.02)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.6


def test_colored_noise_has_no_offset_and_one_frame_is_possible() -> None:
    assert abs(create_noise(RATE, 1, np.random.default_rng(3), "brown").mean()) < 1e-6
    assert create_noise(1, 1, np.random.default_rng(3), "pink").shape == (1, 1)
