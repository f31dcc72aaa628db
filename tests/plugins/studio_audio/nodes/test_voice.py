"""Voices changed in pitch, formants and speed."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.nodes.voice import change_voice
from studio_audio.ratios import to_semitones
from tests.plugins.studio_audio.signals import make_noise, make_tone, make_vowel

CTX = TestContext()


def find_pitch(audio: Audio) -> float:
    signal = audio.samples[4000:12_000, 0].astype(np.float64)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(signal, 1 << 15)) ** 2)
    lags = np.arange(22_050 // 500, 22_050 // 60)
    best = lags[np.argmax(correlation[lags])]
    left, middle, right = correlation[best - 1 : best + 2]
    return 22_050 / (best + 0.5 * (left - right) / (left - 2 * middle + right))


def find_formants(audio: Audio, near: list[float], pitch: float) -> list[float]:
    power = np.mean([np.abs(np.fft.rfft(audio.samples[at : at + 2048, 0] * np.hanning(2048), 8192)) ** 2
                     for at in range(3000, 12_000, 256)], axis=0)  # fmt: skip
    width = round(1.2 * pitch * 8192 / 22_050)
    smooth = np.convolve(np.log(power + 1e-12), np.hanning(width) / np.hanning(width).sum(), "same")
    found = []
    for formant in near:
        low, high = (round(formant * side * 8192 / 22_050) for side in (0.8, 1.2))
        found.append((low + int(np.argmax(smooth[low:high]))) * 22_050 / 8192)
    return found


@pytest.mark.parametrize(("pitch", "formants", "speed"), [(1.5, 1.0, 1.0), (0.75, 1.0, 1.25), (1.0, 1.2, 0.8)])
def test_a_voice_gets_the_pitch_the_formants_and_the_length_asked_for(
    pitch: float, formants: float, speed: float
) -> None:
    vowel = make_vowel(110)

    changed = change_voice(CTX, vowel, semitones=to_semitones(pitch), formants=formants, speed=speed)

    assert changed.audio.frames == round(vowel.frames / speed)
    assert changed.pitch_before == pytest.approx(110, rel=0.02)
    assert find_pitch(changed.audio) == pytest.approx(110 * pitch, rel=0.02)
    wanted = [700 * formants, 1200 * formants, 2600 * formants]
    before = find_formants(vowel, [700, 1200, 2600], 110)
    found = find_formants(changed.audio, wanted, 110 * pitch)
    assert np.array(found) / before == pytest.approx([formants] * 3, rel=0.05)


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (Audio(np.zeros(8000), 8000), "E642"),
        (make_tone(seconds=0.01), "E642"),
        (make_tone(rate=4000), "E641"),
        (make_noise(0.5, rate=16_000), "E647"),
    ],
)
def test_what_is_no_voice_is_told(sound: Audio, code: str) -> None:
    with pytest.raises(MediaError) as caught:
        change_voice(CTX, sound)
    assert caught.value.code == code
