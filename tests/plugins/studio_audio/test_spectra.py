"""Spectrograms of audio, and audio of spectrograms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio_audio import spectra
from tests.plugins.studio_audio.signals import make_noise, make_tone

RATE = 16_000


def to_mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


def test_mel_bands_are_triangles_between_the_middles_of_their_neighbours() -> None:
    matrix = spectra.create_mel(RATE, 4096, 10, 100.0, 6000.0)

    step = (to_mel(6000) - to_mel(100)) / 11
    middles = [700 * (10 ** ((to_mel(100) + step * (band + 1)) / 2595) - 1) for band in range(10)]
    hertz = np.arange(2049) * RATE / 4096
    for band in range(1, 9):
        wanted = np.interp(hertz, middles[band - 1 : band + 2], [0, 1, 0], left=0, right=0)
        assert np.abs(matrix[band] - wanted).max() < 0.03


def test_a_band_narrower_than_a_bin_still_hears_something() -> None:
    assert (spectra.create_mel(RATE, 256, 80, 20.0, 8000.0).sum(axis=1) > 0).all()
    with pytest.raises(MediaError, match="E641"):
        spectra.create_mel(RATE, 256, 10, 9000.0, 8000.0)


@pytest.mark.parametrize(
    "analyse",
    [
        lambda audio: spectra.analyse_stft(audio, 1024, 256),
        lambda audio: spectra.analyse_mel(audio, 1024, 256, 40, 30.0, 8000.0),
        lambda audio: spectra.analyse_cqt(audio, 55.0, 7000.0, 24),
    ],
    ids=["stft", "mel", "cqt"],
)
def test_each_kind_puts_a_tone_at_its_frequency_and_takes_noise_back(analyse: object) -> None:
    assert callable(analyse)
    tone, noise = analyse(make_tone(1000, 0.5, rate=RATE)), make_noise(0.5, rate=RATE, channels=2)

    row = int(tone.magnitude[0, :, tone.columns // 2].argmax())
    back = spectra.synthesise(analyse(noise), 0, np.random.default_rng(0), lambda *_: None)

    assert spectra.find_frequencies(tone)[row] == pytest.approx(1000, rel=0.06)
    assert np.abs(back.samples - noise.samples).max() < 1e-5


def test_gains_in_mel_bands_become_gains_of_the_audio() -> None:
    made = spectra.analyse_mel(make_tone(1000, 0.5, rate=RATE), 1024, 256, 40, 30.0, 8000.0)

    back = spectra.synthesise(
        made.replace(magnitude=made.magnitude * 0.25), 0, np.random.default_rng(0), lambda *_: None
    )

    inner = back.samples[2000:-2000, 0]
    assert np.sqrt(2 * (inner**2).mean()) == pytest.approx(0.125, rel=0.01)


def test_bins_spread_from_mel_bands_have_these_bands() -> None:
    made = spectra.analyse_mel(make_noise(0.3, rate=RATE), 1024, 256, 40, 30.0, 8000.0)

    bins = spectra.spread_bands(made, made.magnitude[0], rounds=200)
    matrix = spectra.create_mel(RATE, 1024, 40, 30.0, 8000.0)

    assert (bins >= 0).all()
    assert np.sqrt(matrix @ bins**2) == pytest.approx(made.magnitude[0], rel=0.05)


def test_a_spectrogram_that_would_be_too_large_is_refused_before_it_is_made() -> None:
    long = Audio.from_blocks(lambda: iter(()), rate=48_000, channels=8, frames=48_000 * 3600)

    with pytest.raises(MediaError, match="E640"):
        spectra.analyse_stft(long, 2048, 64)
