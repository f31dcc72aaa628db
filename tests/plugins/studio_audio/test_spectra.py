"""Spectrograms, their pictures, and plots."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, Image, MediaError
from studio.testing import TestContext
from studio_audio import spectra as algorithms
from studio_audio.nodes import spectra
from studio_audio.spectrogram import Spectrogram, SpectrogramType
from tests.plugins.studio_audio.signals import find_frequency, find_rms, make_noise, make_tone

CTX = TestContext()
KINDS = ("stft", "mel", "cqt")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("frames", "channels", "rate"), [(1, 1, 8000), (999, 8, 8000), (12_345, 2, 22_050)])
def test_a_sound_comes_back_from_its_spectrogram(kind: str, frames: int, channels: int, rate: int) -> None:
    noise = make_noise(frames / rate, rate=rate, channels=channels)

    made = spectra.make_spectrogram(CTX, noise, kind=kind, window=512)
    back = spectra.audio_from_spectrogram(CTX, made)

    assert back.frames == frames
    assert np.abs(back.samples - noise.samples).max() < 1e-6


@pytest.mark.parametrize("overlap", [2, 4, 8, 16])
def test_every_overlap_takes_the_sound_back(overlap: int) -> None:
    noise = make_noise(0.3)

    back = spectra.audio_from_spectrogram(CTX, spectra.make_spectrogram(CTX, noise, overlap=overlap))

    assert np.abs(back.samples - noise.samples).max() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_tone_is_strongest_where_its_frequency_is(kind: str) -> None:
    made = spectra.make_spectrogram(CTX, make_tone(1000), kind=kind)

    row = int(np.argmax(made.magnitude[0].mean(axis=1)))

    assert algorithms.find_frequencies(made)[row] == pytest.approx(1000, rel=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_phases_are_found_where_they_are_lost(kind: str) -> None:
    made = spectra.make_spectrogram(CTX, make_tone(1000, 0.7), kind=kind, window=1024)

    back = spectra.audio_from_spectrogram(CTX, made, phase="find", rounds=40)

    middle = Audio(back.samples[3000:-3000], back.rate)
    assert find_frequency(middle) == pytest.approx(1000, rel=0.02)
    assert find_rms(middle) == pytest.approx(0.354, rel=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_changed_magnitudes_change_the_sound(kind: str) -> None:
    made = spectra.make_spectrogram(CTX, make_tone(1000), kind=kind)

    softer = spectra.audio_from_spectrogram(CTX, made.replace(magnitude=made.magnitude / 2))

    assert find_rms(softer) == pytest.approx(find_rms(make_tone(1000)) / 2, rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_spectrogram_survives_its_codec(kind: str) -> None:
    made = spectra.make_spectrogram(CTX, make_noise(0.1, channels=2), kind=kind)
    codec = SpectrogramType()

    packed = codec.pack(made)

    assert codec.unpack(packed) == made
    assert made != made.replace(rate=8000)
    assert made != made.replace(magnitude=made.magnitude * 2)
    assert kind in codec.describe(made)


def test_a_spectrogram_is_frozen_and_checked() -> None:
    made = spectra.make_spectrogram(CTX, make_tone(seconds=0.1))

    with pytest.raises(AttributeError):
        made.rate = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        made.magnitude[0] = 0
    with pytest.raises(MediaError, match="negative"):
        made.replace(magnitude=-made.magnitude)
    with pytest.raises(MediaError, match="invalid spectrogram"):
        Spectrogram("wavelet", 8000, 10, 16, 4, magnitude=np.zeros((1, 9, 4)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_unchanged_picture_gives_the_sound_back(kind: str) -> None:
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


def test_any_picture_makes_a_sound_and_a_line_a_tone_of_its_level() -> None:
    pixels = np.zeros((257, 100, 3), np.float32)
    pixels[256 - 64] = (80 - 10) / 80

    read = spectra.read_spectrogram(CTX, Image(pixels), rate=16_000, hop=128, low=-80.0)
    tone = spectra.audio_from_spectrogram(CTX, read, rounds=50)

    assert find_frequency(tone) == pytest.approx(64 * 16_000 / 512, rel=0.01)
    assert tone.frames == 99 * 128


def test_a_resized_picture_is_fitted_and_told() -> None:
    ctx = TestContext()
    drawn = spectra.draw_spectrogram(ctx, spectra.make_spectrogram(ctx, make_tone(seconds=0.3)))

    read = spectra.read_spectrogram(ctx, Image(np.zeros((10, 10))), like=drawn.spectrogram)

    assert read.magnitude.max() <= 10 ** (-90 / 20) * 512  # what was below black stays
    assert "resized" in ctx.messages[0]


def test_mistakes_are_told() -> None:
    made = spectra.make_spectrogram(CTX, make_tone(seconds=0.1))

    for code, call in (
        ("E642", lambda: spectra.make_spectrogram(CTX, Audio(np.zeros((0, 1)), 8000))),
        ("E641", lambda: spectra.make_spectrogram(CTX, make_tone(), window=1001)),
        ("E641", lambda: spectra.make_spectrogram(CTX, make_tone(), kind="mel", low=9000.0, high=8000.0)),
        ("E641", lambda: spectra.make_spectrogram(CTX, make_tone(), kind="cqt", low=9000.0, high=8000.0)),
        ("E641", lambda: spectra.draw_spectrogram(CTX, made, low=0.0, high=-10.0)),
    ):
        with pytest.raises(MediaError) as caught:
            call()
        assert caught.value.code == code


@pytest.mark.parametrize("show", ["both", "wave", "spectrogram"])
@pytest.mark.parametrize(
    "sound",
    [Audio(np.zeros((0, 1)), 8000), Audio(np.zeros((9, 8)), 192_000), Audio(np.full(8000, 0.3), 8000),
     make_noise(0.3, channels=2)],
    ids=["empty", "silent", "offset", "noise"],
)  # fmt: skip
def test_every_sound_can_be_drawn(show: str, sound: Audio) -> None:
    picture = spectra.plot_audio(CTX, sound, show=show, width=200, height=128)

    assert (picture.width, picture.height, picture.channels) == (200, 128, 3)


def test_a_glide_is_drawn_from_the_lower_left_to_the_upper_right() -> None:
    from studio_audio.plot import measure_spectrogram

    rate = 16_000
    time = np.arange(2 * rate) / rate
    slope = np.log(40) / 2
    glide = Audio(np.sin(2 * np.pi * 100 * (np.exp(slope * time) - 1) / slope).astype(np.float32), rate)

    rows = np.argmax(measure_spectrogram(glide, 100, 200, 40.0), axis=0)[5:-5]

    wanted = np.log(100 * np.exp(slope * np.linspace(0, 2, 100)[5:-5]) / 40) / np.log(rate / 2 / 40) * 200
    assert np.abs(rows - wanted).max() < 8
