"""Tempo and beats."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio import rhythm
from tests.plugins.studio_audio.signals import make_song


@pytest.mark.parametrize("tempo", [90.0, 120.0, 150.0])
def test_beats_are_found_where_they_are(tempo: float) -> None:
    song = make_song(24, tempo)

    found = rhythm.find_rhythm(rhythm.prepare(song.samples, song.rate))

    assert found.tempo == pytest.approx(tempo, rel=0.01)
    assert len(found.beats) >= 22
    off = (found.beats * tempo / 60 + 0.5) % 1 - 0.5
    assert np.abs(off).max() * 60 / tempo < 0.02


def test_beats_lie_on_clicks_to_within_6_milliseconds_on_average() -> None:
    clicks = 0.5 + np.arange(38) * 0.5
    samples = np.zeros((20 * 22_050, 1), np.float32)
    for at in clicks:
        samples[round(at * 22_050) :][:300, 0] += np.exp(-np.arange(300) / 60) * (-1.0) ** np.arange(300)

    beats = rhythm.find_rhythm(rhythm.prepare(samples, 22_050)).beats

    # measured -4 ms, with a deviation of 2
    off = [beat - clicks[np.abs(clicks - beat).argmin()] for beat in beats]
    assert len(off) > 30
    assert abs(np.mean(off)) < 0.006
