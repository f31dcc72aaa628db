"""Transfer of timbre, rhythm and dynamics; voices."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.nodes.transfer import transfer_audio
from studio_audio.nodes.voice import change_voice
from tests.plugins.studio_audio.signals import RATE, find_rms, make_noise, make_notes, make_tone, make_vowel

CTX = TestContext()
CONTENT = make_notes([220, 330, 262, 440], 0.4, bright=0.0)
STYLE = make_notes([175, 294, 349, 233], 0.3, bright=1.8)


def find_centroid(audio: Audio) -> float:
    power = np.abs(np.fft.rfft(audio.samples[:, 0])) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum() * audio.rate / audio.frames)


@pytest.mark.parametrize("method", ["bins", "bands", "network", "patches", "equalize", "vocoder"])
def test_every_method_takes_the_brightness_of_the_style(method: str) -> None:
    changed = transfer_audio(CTX, CONTENT, STYLE, method=method, rounds=8, phase_rounds=2)

    assert (changed.frames, changed.rate) == (CONTENT.frames, CONTENT.rate)
    assert find_centroid(changed) > 1.1 * find_centroid(CONTENT)
    assert find_rms(changed) == pytest.approx(find_rms(CONTENT), rel=0.5)


def test_strength_goes_from_the_content_to_the_change() -> None:
    half, full = (transfer_audio(CTX, CONTENT, STYLE, strength=share, phase_rounds=2) for share in (0.5, 1.0))

    assert transfer_audio(CTX, CONTENT, STYLE, strength=0.0) == CONTENT
    distances = [np.abs(sound.samples - CONTENT.samples).mean() for sound in (half, full)]
    assert 0 < distances[0] < distances[1]


def test_with_nothing_to_take_over_the_content_comes_back() -> None:
    changed = transfer_audio(CTX, CONTENT, STYLE, timbre=False)

    assert changed.samples == pytest.approx(CONTENT.samples, abs=1e-3)


def test_dynamics_take_over_the_range_of_the_style() -> None:
    steady = make_tone(300, 2)
    swelling = Audio(steady.samples * np.linspace(0.01, 1, steady.frames)[:, None] ** 2, 22_050)

    flat = transfer_audio(CTX, swelling, steady, timbre=False, dynamics=True).samples
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

    changed = transfer_audio(CTX, steady, pulsing, timbre=False, rhythm=True, dynamics=True)

    assert measure_pulse(changed) > 1.5 * measure_pulse(steady)


def test_channels_rates_and_lengths_may_differ() -> None:
    content = Audio(np.repeat(CONTENT.samples[:12_000], 2, axis=1), 22_050)

    changed = transfer_audio(CTX, content, make_notes([300], 0.3, rate=8000), phase_rounds=1)

    assert (changed.frames, changed.channels, changed.rate) == (12_000, 2, 22_050)


@pytest.mark.parametrize("wrong", [Audio(np.zeros((0, 1)), 8000), make_tone(seconds=0.1), Audio(np.zeros(9000), 8000)])
def test_a_transfer_from_or_to_nothing_is_refused(wrong: Audio) -> None:
    for pair in ((wrong, STYLE), (CONTENT, wrong)):
        with pytest.raises(MediaError) as caught:
            transfer_audio(CTX, *pair)
        assert caught.value.code == "E642"


# -- voices ----------------------------------------------------------------------------------------


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

    changed = change_voice(CTX, vowel, pitch=pitch, formants=formants, speed=speed)

    assert changed.audio.frames == round(vowel.frames / speed)
    assert changed.pitch_before == pytest.approx(110, rel=0.02)
    assert find_pitch(changed.audio) == pytest.approx(110 * pitch, rel=0.02)
    wanted = [700 * formants, 1200 * formants, 2600 * formants]
    before = find_formants(vowel, [700, 1200, 2600], 110)
    found = find_formants(changed.audio, wanted, 110 * pitch)
    assert np.array(found) / before == pytest.approx([formants] * 3, rel=0.05)


def test_a_long_voice_is_changed_in_pieces_cut_where_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    vowel, gap = make_vowel(110, seconds=0.5).samples, np.zeros((4000, 1), np.float32)
    voice = Audio(np.concatenate([part for _ in range(6) for part in (vowel, gap)]), RATE)
    whole = change_voice(CTX, voice, pitch=1.3, speed=0.8)
    longest: list[int] = []
    import pyworld as world

    harvest = world.harvest
    monkeypatch.setattr("studio_audio.voice._LONGEST_SECONDS", 1.2)
    monkeypatch.setattr(
        world, "harvest", lambda signal, *a, **k: longest.append(len(signal)) or harvest(signal, *a, **k)
    )

    pieces = change_voice(CTX, voice, pitch=1.3, speed=0.8)

    assert len(longest) > 3
    assert max(longest) <= 1.2 * RATE
    assert pieces.audio.frames == whole.audio.frames == round(voice.frames / 0.8)
    assert find_pitch(pieces.audio) == pytest.approx(143, rel=0.02)
    assert np.abs(np.diff(pieces.audio.samples[:, 0])).max() <= 1.2 * np.abs(np.diff(whole.audio.samples[:, 0])).max()
    usable = whole.audio.frames // 551 * 551
    levels = [np.abs(each.audio.samples[:usable]).reshape(-1, 551).max(axis=1) for each in (pieces, whole)]
    assert np.corrcoef(*levels)[0, 1] > 0.95


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
