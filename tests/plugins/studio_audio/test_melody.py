"""The melody that a model follows: the strongest pitch class of each moment."""

from __future__ import annotations

import pytest

from tests.plugins.studio_audio.signals import make_tone

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.mark.parametrize(("hertz", "pitch_class"), [(261.63, 0), (440.0, 9), (493.88, 11)])
def test_the_melody_is_the_strongest_pitch_class(hertz: float, pitch_class: int) -> None:
    from studio_audio.melody import find_melody

    found = find_melody(make_tone(hertz, 1.0, rate=44_100, channels=2), {}, 32_000)

    assert found.shape == (1, 1 + 32_000 // 4096, 12)
    assert found.sum(axis=-1).eq(1).all()
    assert found[0, 1:-1].argmax(axis=-1).eq(pitch_class).all()
