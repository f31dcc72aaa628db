"""Beats, key, parts, soundtracks, motion."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio import rhythm
from studio_audio.nodes import music
from tests.plugins.studio_audio.signals import RATE, make_notes, make_song, make_tone

CTX = TestContext()


SONG = make_song()


def test_an_analysis_tells_tempo_parts_and_loudness() -> None:
    made = music.analyze_audio(CTX, SONG, width=200, height=128)

    assert made.tempo == pytest.approx(120, rel=0.01)
    assert made.facts["duration"] == pytest.approx(24)
    starts = [part["start"] for part in made.facts["segments"]]
    assert starts == pytest.approx([0, 8, 16], abs=0.1)
    names = [part["name"] for part in made.facts["segments"]]
    assert names[0] == names[2] != names[1]
    loud = music.analyze_audio(CTX, Audio(SONG.samples * 0.5, RATE), width=200, height=128)
    shifts = np.array(made.facts["loudness_curve"]) - np.array(loud.facts["loudness_curve"])
    assert shifts[:, 0].tolist() == [0] * len(shifts)
    assert shifts[:, 1] == pytest.approx(np.full(len(shifts), 6.02), abs=0.02)
    beats = np.array(made.facts["beats"])
    assert np.abs(beats - np.rint(beats * 2) / 2).max() < 0.02
    assert (made.plot.width, made.plot.height) == (200, 128)


@pytest.mark.parametrize(
    "sound",
    [Audio(np.zeros((0, 2)), 44_100), Audio(np.zeros(9000), 8000), Audio(np.full((9000, 8), 0.3), 192_000),
     Audio(np.sign(make_tone(100).samples), RATE), Audio([0.5], 8000)],
    ids=["empty", "silent", "offset", "square", "one sample"],
)  # fmt: skip
def test_all_kinds_of_audio_can_be_analyzed(sound: Audio) -> None:
    made = music.analyze_audio(CTX, sound, width=100, height=100)

    assert made.facts["channels"] == sound.channels
    assert made.tempo >= 0


@pytest.mark.parametrize("seconds", [9.3, 31.7])
def test_a_soundtrack_has_its_length_and_stays_on_the_beat(seconds: float) -> None:
    made = music.make_soundtrack(CTX, SONG, seconds=seconds)

    assert made.audio.frames == round(seconds * RATE)
    assert abs(made.report["stretch"] - 1) <= 0.05
    assert made.report["unfilled_seconds"] < 0.05
    for seam in made.report["seams"]:
        assert abs(seam["beat_phase_error"]) < 0.02
        assert seam["spectral_jump"] < 2.0
    period = made.report["period"]
    found = rhythm.find_rhythm(rhythm.prepare(made.audio.samples[: -2 * RATE], RATE))
    off = np.diff(found.beats) / period
    assert np.abs(off - np.rint(off)).max() < 0.08


def test_a_soundtrack_follows_a_curve() -> None:
    made = music.make_soundtrack(
        CTX, SONG, seconds=24.0, intensity=[[0, 1.0], [7, 1.0], [9, 0.0], [24, 0.0]], gain_follow=0.0
    )

    early, late = (np.abs(made.audio.samples[a * RATE : b * RATE]).mean() for a, b in ((1, 6), (12, 20)))
    assert early > 3 * late
    assert made.report["curve_correlation"] > 0.7


def test_a_gain_ride_follows_the_curve_where_the_music_is_even() -> None:
    even = make_notes([220, 262, 330, 262] * 8, 0.4)
    curve = [[0, 0.0], [10, 1.0]]

    plain, ridden = (
        music.make_soundtrack(CTX, even, seconds=10.0, intensity=curve, gain_follow=ride) for ride in (0.0, 1.0)
    )

    assert ridden.report["curve_correlation"] > plain.report["curve_correlation"] + 0.2


@pytest.mark.parametrize(
    ("sound", "inputs", "code"),
    [
        (SONG, {}, "E641"),
        (SONG, {"seconds": 5.0, "intensity": [[0, 2]]}, "E646"),
        (SONG, {"seconds": 5.0, "intensity": [[1, 0], [0, 1]]}, "E646"),
        (SONG, {"seconds": 5.0, "intensity": "loud"}, "E646"),
        (SONG, {"seconds": 5.0, "intensity": []}, "E646"),
        (make_tone(seconds=1.0), {"seconds": 5.0}, "E642"),
        (Audio(np.zeros(80_000), 8000), {"seconds": 5.0}, "E642"),
        (Audio(np.full(80_000, 0.25), 8000), {"seconds": 5.0}, "E644"),
    ],
)
def test_what_cannot_become_a_soundtrack_is_told(sound: Audio, inputs: dict[str, object], code: str) -> None:
    with pytest.raises(MediaError) as caught:
        music.make_soundtrack(CTX, sound, **inputs)
    assert caught.value.code == code
