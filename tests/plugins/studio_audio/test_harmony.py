"""Keys."""

from __future__ import annotations

import pytest

from studio_audio import harmony, rhythm
from tests.plugins.studio_audio.signals import RATE, make_notes


@pytest.mark.parametrize(
    ("notes", "key"),
    [
        ([262, 294, 330, 349, 392, 440, 494, 523, 392, 330, 262], "C major"),
        ([220, 247, 262, 294, 330, 349, 415, 440, 330, 262, 220], "A minor"),
        ([185, 208, 233, 247, 277, 311, 349, 370, 277, 233, 185], "F# major"),
    ],
)
def test_the_key_of_a_scale_is_found(notes: list[float], key: str) -> None:
    signal = rhythm.prepare(make_notes(notes, 0.3).samples, RATE)

    assert harmony.find_key(harmony.measure_chroma(signal))[0] == key
