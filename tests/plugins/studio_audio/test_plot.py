"""Waves and spectrograms drawn with axes."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio.testing import TestContext
from studio_audio.nodes import spectra
from tests.plugins.studio_audio.signals import make_noise

CTX = TestContext()


@pytest.mark.parametrize("show", ["both", "wave", "spectrogram"])
@pytest.mark.parametrize(
    "sound",
    [Audio(np.zeros((0, 1)), 8000), Audio(np.zeros((9, 8)), 192_000), Audio(np.full(8000, 0.3), 8000),
     make_noise(0.3, channels=2)],
    ids=["empty", "silent", "offset", "noise"],
)  # fmt: skip
def test_all_kinds_of_audio_can_be_drawn(show: str, sound: Audio) -> None:
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
