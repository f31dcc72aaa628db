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
