"""Transfer of timbre, rhythm and dynamics; voices."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.nodes.transfer import transfer_audio
from tests.plugins.studio_audio.signals import find_rms, make_noise, make_notes, make_tone

CTX = TestContext()
CONTENT = make_notes([220, 330, 262, 440], 0.4, bright=0.0)
STYLE = make_notes([175, 294, 349, 233], 0.3, bright=1.8)


def find_centroid(audio: Audio) -> float:
    power = np.abs(np.fft.rfft(audio.samples[:, 0])) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum() * audio.rate / audio.frames)


@pytest.mark.parametrize("method", ["bins", "bands", "network", "patches", "equalize", "vocoder"])
def test_every_method_takes_the_brightness_of_the_style(method: str) -> None:
    changed = transfer_audio(CTX, CONTENT, STYLE, method=method, iterations=8, phase_iterations=2)

    assert (changed.frames, changed.rate) == (CONTENT.frames, CONTENT.rate)
    assert find_centroid(changed) > 1.1 * find_centroid(CONTENT)
    assert find_rms(changed) == pytest.approx(find_rms(CONTENT), rel=0.5)


def test_strength_goes_from_the_content_to_the_change() -> None:
    half, full = (transfer_audio(CTX, CONTENT, STYLE, strength=share, phase_iterations=2) for share in (0.5, 1.0))

    assert transfer_audio(CTX, CONTENT, STYLE, strength=0.0) == CONTENT
    distances = [np.abs(sound.samples - CONTENT.samples).mean() for sound in (half, full)]
    assert 0 < distances[0] < distances[1]


def test_with_nothing_to_take_over_the_content_comes_back() -> None:
    changed = transfer_audio(CTX, CONTENT, STYLE, transfer_timbre=False)

    assert changed.samples == pytest.approx(CONTENT.samples, abs=1e-3)


def test_dynamics_take_over_the_range_of_the_style() -> None:
    steady = make_tone(300, 2)
    swelling = Audio(steady.samples * np.linspace(0.01, 1, steady.frames)[:, None] ** 2, 22_050)

    flat = transfer_audio(CTX, swelling, steady, transfer_timbre=False, transfer_dynamics=True).samples
    power = [np.sqrt((flat[at : at + 2000] ** 2).mean()) for at in range(2000, 40_000, 4000)]

    assert min(power) > 0.8 * max(power)


def test_rhythm_takes_over_the_modulation() -> None:
    steady = make_noise(3)
    gate = 0.55 + 0.45 * np.sign(np.sin(2 * np.pi * 4 * np.arange(steady.frames) / 22_050))
    pulsing = Audio(make_noise(3, seed=1).samples * gate[:, None], 22_050)

    def measure_pulse(sound: Audio) -> float:
        level = np.sqrt(np.add.reduceat(sound.samples[:, 0] ** 2, np.arange(0, sound.frames, 441)))
        spectrum = np.abs(np.fft.rfft(level - level.mean()))
        return float(spectrum[10:15].max() / level.sum())

    changed = transfer_audio(CTX, steady, pulsing, transfer_timbre=False, transfer_rhythm=True, transfer_dynamics=True)

    assert measure_pulse(changed) > 1.5 * measure_pulse(steady)


def test_channels_rates_and_lengths_may_differ() -> None:
    content = Audio(np.repeat(CONTENT.samples[:12_000], 2, axis=1), 22_050)

    changed = transfer_audio(CTX, content, make_notes([300], 0.3, rate=8000), phase_iterations=1)

    assert (changed.frames, changed.channels, changed.rate) == (12_000, 2, 22_050)


@pytest.mark.parametrize("wrong", [Audio(np.zeros((0, 1)), 8000), make_tone(seconds=0.1), Audio(np.zeros(9000), 8000)])
def test_a_transfer_from_or_to_nothing_is_refused(wrong: Audio) -> None:
    for pair in ((wrong, STYLE), (CONTENT, wrong)):
        with pytest.raises(MediaError) as caught:
            transfer_audio(CTX, *pair)
        assert caught.value.code == "E642"
