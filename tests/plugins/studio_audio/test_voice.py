"""Voices taken apart and put together again, in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.nodes.voice import change_voice
from studio_audio.ratios import to_semitones
from studio_audio.voice import _find_pieces, _round_ends
from studio_audio.voice import change_voice as change_samples
from tests.plugins.studio_audio.signals import RATE, make_vowel

CTX = TestContext()


def find_pitch(audio: Audio) -> float:
    signal = audio.samples[4000:12_000, 0].astype(np.float64)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(signal, 1 << 15)) ** 2)
    lags = np.arange(22_050 // 500, 22_050 // 60)
    best = lags[np.argmax(correlation[lags])]
    left, middle, right = correlation[best - 1 : best + 2]
    return 22_050 / (best + 0.5 * (left - right) / (left - 2 * middle + right))


def test_a_long_voice_is_changed_in_pieces_cut_where_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    vowel, gap = make_vowel(110, seconds=0.5).samples, np.zeros((4000, 1), np.float32)
    voice = Audio(np.concatenate([part for _ in range(6) for part in (vowel, gap)]), RATE)
    whole = change_voice(CTX, voice, semitones=to_semitones(1.3), speed=0.8)
    longest: list[int] = []
    import pyworld as world

    harvest = world.harvest
    monkeypatch.setattr("studio_audio.voice._LONGEST_SECONDS", 1.2)
    monkeypatch.setattr(
        world, "harvest", lambda signal, *a, **k: longest.append(len(signal)) or harvest(signal, *a, **k)
    )

    pieces = change_voice(CTX, voice, semitones=to_semitones(1.3), speed=0.8)

    assert len(longest) > 3
    assert max(longest) <= 1.2 * RATE
    assert pieces.audio.frames == whole.audio.frames == round(voice.frames / 0.8)
    assert find_pitch(pieces.audio) == pytest.approx(143, rel=0.02)
    assert np.abs(np.diff(pieces.audio.samples[:, 0])).max() <= 1.2 * np.abs(np.diff(whole.audio.samples[:, 0])).max()
    usable = whole.audio.frames // 551 * 551
    levels = [np.abs(each.audio.samples[:usable]).reshape(-1, 551).max(axis=1) for each in (pieces, whole)]
    assert np.corrcoef(*levels)[0, 1] > 0.95


def test_each_channel_is_a_voice_of_its_own_and_a_silent_one_stays_silent() -> None:
    vowel = make_vowel(110).samples
    both = np.concatenate([vowel, np.zeros_like(vowel)], axis=1)

    made, pitch = change_samples(both, RATE, 1.5, 1.0, 1.25, lambda *_: None)
    alone, _ = change_samples(vowel, RATE, 1.5, 1.0, 1.25, lambda *_: None)

    assert made.shape == (round(len(vowel) / 1.25), 2)
    assert np.array_equal(made[:, 0], alone[:, 0])
    assert not made[:, 1].any()
    assert pitch == pytest.approx(110, rel=0.02)


def test_pieces_are_cut_at_the_quietest_moment_of_their_second_half_and_cover_the_whole() -> None:
    rate = 1000
    signal = np.ones(100 * rate, np.float32)
    quiet = [27_310, 58_050]
    for at in quiet:
        signal[at - 20 : at + 20] = 0.0

    pieces = list(_find_pieces(signal, rate))

    assert [start for start, _ in pieces] == [0, *(end for _, end in pieces[:-1])]
    assert pieces[-1][1] == len(signal)
    assert [end for _, end in pieces[:2]] == pytest.approx(quiet, abs=20)
    assert max(end - start for start, end in pieces) <= 40 * rate


def test_a_cut_end_fades_over_5_milliseconds_and_an_end_of_the_voice_does_not() -> None:
    piece = np.ones(100, np.float32)

    _round_ends(piece, 2000, begins=True, ends=False)

    assert piece[:10] == pytest.approx(np.linspace(0, 1, 10))
    assert piece[10:].tolist() == [1] * 90


def test_silence_has_no_voice() -> None:
    with pytest.raises(MediaError, match="E647"):
        change_samples(np.zeros((RATE, 1), np.float32), RATE, 1.0, 1.0, 1.0, lambda *_: None)
