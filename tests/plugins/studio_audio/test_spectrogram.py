"""`Spectrogram` and its codec."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import MediaError
from studio.testing import TestContext
from studio_audio.nodes import spectra
from studio_audio.spectrogram import Spectrogram, SpectrogramType
from tests.plugins.studio_audio.signals import make_noise, make_tone

CTX = TestContext()
KINDS = ("stft", "mel", "cqt")


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
