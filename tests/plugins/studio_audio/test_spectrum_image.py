"""Spectrograms as images, and back."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, Image
from studio.testing import TestContext
from studio_audio.nodes import spectra
from tests.plugins.studio_audio.signals import find_frequency, make_noise, make_tone

CTX = TestContext()
KINDS = ("stft", "mel", "cqt")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unchanged_image_gives_the_audio_back(kind: str) -> None:
    noise = make_noise(0.2, channels=2)

    drawn = spectra.draw_spectrogram(CTX, spectra.make_spectrogram(CTX, noise, kind=kind))
    read = spectra.read_spectrogram(CTX, drawn.image, like=drawn.spectrogram)

    assert np.abs(spectra.audio_from_spectrogram(CTX, read).samples - noise.samples).max() < 1e-5


def test_painting_black_over_a_tone_silences_it_and_nothing_else() -> None:
    sound = Audio(make_tone(1000).samples + make_tone(4000).samples * 0.1, 22_050)
    drawn = spectra.draw_spectrogram(CTX, spectra.make_spectrogram(CTX, sound))
    pixels = drawn.image.pixels.copy()
    row = drawn.image.height - 1 - round(1000 * 2048 / 22_050)
    pixels[row - 40 : row + 40] = 0

    back = spectra.audio_from_spectrogram(CTX, spectra.read_spectrogram(CTX, Image(pixels), like=drawn.spectrogram))

    middle = back.samples[3000:-3000]
    assert middle == pytest.approx(make_tone(4000).samples[3000:-3000] * 0.1, abs=0.01)


def test_any_image_makes_audio_and_a_line_a_tone_of_its_level() -> None:
    pixels = np.zeros((257, 100, 3), np.float32)
    pixels[256 - 64] = (80 - 10) / 80

    read = spectra.read_spectrogram(CTX, Image(pixels), sample_rate=16_000, hop=128, min_db=-80.0)
    tone = spectra.audio_from_spectrogram(CTX, read, iterations=50)

    assert find_frequency(tone) == pytest.approx(64 * 16_000 / 512, rel=0.01)
    assert tone.frames == 99 * 128


def test_a_resized_image_is_fitted_and_told() -> None:
    ctx = TestContext()
    drawn = spectra.draw_spectrogram(ctx, spectra.make_spectrogram(ctx, make_tone(seconds=0.3)))

    read = spectra.read_spectrogram(ctx, Image(np.zeros((10, 10))), like=drawn.spectrogram)

    assert read.magnitude.max() <= 10 ** (-90 / 20) * 512  # what was below black stays
    assert "resized" in ctx.messages[0]
