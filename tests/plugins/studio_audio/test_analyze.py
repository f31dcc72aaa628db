"""What is found in a piece, and its plot."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_audio import loudness
from studio_audio.analyze import analyze, plot_analysis
from tests.plugins.studio_audio.signals import RATE, make_noise, make_song, make_tone


def ignore(*_: object) -> None:
    """Count nothing."""


def test_levels_are_those_of_the_standard_and_silence_has_none() -> None:
    tone = make_tone(997, 3.0, rate=48_000, channels=2)

    facts = analyze(tone, ignore)
    silence = analyze(Audio(np.zeros((8000, 1), np.float32), 8000), ignore)

    assert facts["loudness"] == pytest.approx(-6.02, abs=0.1)  # both channels at half of full scale
    assert facts["true_peak"] == pytest.approx(-6.02, abs=0.05)
    assert (facts["clipped"], facts["offset"]) == (0, pytest.approx(0, abs=1e-4))
    assert (silence["loudness"], silence["true_peak"], silence["tempo"], silence["segments"]) == (None, None, 0.0, [])


def test_the_curve_is_that_of_windows_of_400_milliseconds() -> None:
    noise = make_noise(2.0)

    facts = analyze(noise, ignore)
    times, levels = loudness.measure_curve(noise.samples, noise.rate, 0.4)

    assert np.array(facts["loudness_curve"]) == pytest.approx(np.stack([times, levels], axis=1), abs=0.006)
    assert facts["loudness_curve"][0][0] == pytest.approx(0.2)


def test_a_song_has_its_tempo_key_and_parts_without_gaps() -> None:
    facts = analyze(make_song(), ignore)

    assert facts["tempo"] == pytest.approx(120, rel=0.01)
    parts = facts["segments"]
    assert [part["start"] for part in parts[1:]] == [part["end"] for part in parts[:-1]]
    assert (parts[0]["start"], parts[-1]["end"]) == (0.0, facts["duration"])


def test_four_steps_are_counted() -> None:
    counted: list[tuple[int, int]] = []

    analyze(make_tone(), lambda done, total: counted.append((done, total)))

    assert counted == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_the_plot_marks_beats_and_has_the_size_asked_for() -> None:
    song = make_song(16)
    facts = analyze(song, ignore)

    with_beats = plot_analysis(song, facts, 320, 200)
    without = plot_analysis(song, {**facts, "beats": []}, 320, 200)

    assert with_beats.shape == (200, 320, 3)
    changed = np.flatnonzero((with_beats != without).any(axis=(0, 2)))
    assert len(facts["beats"]) > 10
    assert len(changed) >= len(facts["beats"]) - 1
    assert song.rate == RATE
