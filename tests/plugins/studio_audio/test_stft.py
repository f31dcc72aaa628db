"""The short-time Fourier transform and its inverse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT

from studio_audio.stft import (
    OverlapAdder,
    choose_window,
    count_frames,
    create_window,
    find_phase,
    invert,
    overlap_add,
    take_direction,
    transform,
)

NOISE = np.random.default_rng(0).standard_normal(3001).astype(np.float32)


def test_the_spectrum_is_that_of_scipy() -> None:
    reference = ShortTimeFFT(np.hanning(257)[:-1], hop=64, fs=1.0, fft_mode="onesided")

    wanted = reference.stft(NOISE, p0=0, p1=count_frames(len(NOISE), 64), k_offset=0)
    found = transform(NOISE, 256, 64)

    assert np.abs(found) == pytest.approx(np.abs(wanted), abs=1e-3)


@pytest.mark.parametrize("hop", [32, 64, 128])
@pytest.mark.parametrize("length", [1, 255, 3001])
def test_a_signal_comes_back_from_its_spectrum(hop: int, length: int) -> None:
    spectrum = transform(NOISE[:length], 256, hop)

    assert spectrum.shape == (129, 1 + -(-length // hop))
    assert invert(spectrum, 256, hop, length) == pytest.approx(NOISE[:length], abs=1e-5)


def test_parts_of_a_spectrum_may_be_added_in_any_order() -> None:
    spectrum = transform(NOISE, 256, 64)
    adder = OverlapAdder(256, 64, spectrum.shape[1], len(NOISE))

    for start in (30, 0, 10, 20, 40):
        adder.add(start, spectrum[:, start : start + 10])

    assert adder.finish() == pytest.approx(NOISE, abs=1e-5)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_stream_of_spectra_gives_the_signal_of_the_whole(size: int) -> None:
    spectrum = transform(NOISE, 256, 64).T[:, None]
    frames = len(spectrum)

    parts = [spectrum[at : at + size] for at in range(0, frames, size)]
    made = np.concatenate(list(overlap_add(iter(parts), 256, 64, frames, len(NOISE))))

    assert made[:, 0] == pytest.approx(NOISE, abs=1e-5)


def test_the_window_is_the_periodic_hann_window_and_a_power_of_two_long() -> None:
    assert create_window(256) == pytest.approx(np.hanning(257)[:-1], abs=1e-6)
    assert [choose_window(rate, 0.046) for rate in (8000, 44_100, 192_000)] == [512, 2048, 8192]


def test_rounds_bring_phases_into_agreement_and_momentum_does_so_faster() -> None:
    time = np.arange(4000) / 8000
    signal = (np.sin(2 * np.pi * 500 * time) + np.sin(2 * np.pi * 1234 * time)).astype(np.float32)
    magnitude = np.abs(transform(signal, 256, 64))
    start = np.exp(2j * np.pi * np.random.default_rng(0).random(magnitude.shape)).astype(np.complex64)

    def measure(rounds: int, momentum: float) -> float:
        made = find_phase(
            magnitude,
            lambda one: transform(one, 256, 64),
            lambda one: invert(one, 256, 64, 4000),
            start,
            rounds=rounds,
            momentum=momentum,
        )
        away = np.abs(transform(made, 256, 64)) - magnitude
        return float(np.linalg.norm(away) / np.linalg.norm(magnitude))

    assert measure(30, 0.0) < 0.5 * measure(0, 0.0)
    assert measure(30, 0.99) < measure(30, 0.0)


def test_directions_have_a_magnitude_of_1_and_silence_points_right() -> None:
    assert take_direction(np.array([3 + 4j, -2, 0], np.complex64)) == pytest.approx([0.6 + 0.8j, -1, 1])
