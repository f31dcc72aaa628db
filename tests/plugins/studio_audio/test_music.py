"""Beats, key, parts, soundtracks, motion."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from studio.api import Audio, Image, MediaError, Video
from studio.testing import TestContext
from studio_audio import harmony, rhythm
from studio_audio.nodes import music
from tests.plugins.studio_audio.signals import RATE, make_noise, make_notes, make_tone

CTX = TestContext()


def make_song(beats: int = 48, tempo: float = 120.0) -> Audio:
    """Four bars soft and low, four bars loud and high, and so on, with a stroke at each beat."""
    scale = [220, 262, 330, 262, 349, 330, 294, 247]
    notes = [scale[i % 8] * (2 if i // 16 % 2 else 1) for i in range(beats)]
    sound = make_notes(notes, 60 / tempo).samples.copy()
    length = len(sound) // beats
    stroke = make_noise(0.03).samples * np.exp(-np.arange(662) / 150)[:, None]
    for beat in range(beats):
        level = 2.5 if beat // 16 % 2 else 0.5
        sound[beat * length : (beat + 1) * length] *= level
        sound[beat * length : beat * length + 662] += stroke * level
    return Audio(sound * 0.5, RATE)


SONG = make_song()


@pytest.mark.parametrize("tempo", [90.0, 120.0, 150.0])
def test_beats_are_found_where_they_are(tempo: float) -> None:
    song = make_song(24, tempo)

    found = rhythm.find_rhythm(rhythm.prepare(song.samples, song.rate))

    assert found.tempo == pytest.approx(tempo, rel=0.01)
    assert len(found.beats) >= 22
    off = (found.beats * tempo / 60 + 0.5) % 1 - 0.5
    assert np.abs(off).max() * 60 / tempo < 0.02


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


def test_an_analysis_tells_tempo_parts_and_loudness() -> None:
    made = music.analyze_audio(CTX, SONG, width=200, height=128)

    assert made.tempo == pytest.approx(120, rel=0.01)
    assert made.facts["duration"] == pytest.approx(24)
    starts = [part["start"] for part in made.facts["segments"]]
    assert starts == pytest.approx([0, 8, 16], abs=0.1)
    names = [part["name"] for part in made.facts["segments"]]
    assert names[0] == names[2] != names[1]
    curve = dict(map(tuple, made.facts["loudness_curve"]))
    assert curve[12.2] - curve[4.2] == pytest.approx(20 * np.log10(5), abs=3)
    assert (made.plot.width, made.plot.height) == (200, 128)


@pytest.mark.parametrize(
    "sound",
    [Audio(np.zeros((0, 2)), 44_100), Audio(np.zeros(9000), 8000), Audio(np.full((9000, 8), 0.3), 192_000),
     Audio(np.sign(make_tone(100).samples), RATE), Audio([0.5], 8000)],
    ids=["empty", "silent", "offset", "square", "one sample"],
)  # fmt: skip
def test_every_sound_can_be_analysed(sound: Audio) -> None:
    made = music.analyze_audio(CTX, sound, width=100, height=100)

    assert made.facts["channels"] == sound.channels
    assert made.tempo >= 0


@pytest.mark.parametrize("seconds", [9.3, 31.7])
def test_a_soundtrack_has_its_length_and_stays_on_the_beat(seconds: float) -> None:
    made = music.make_soundtrack(CTX, SONG, seconds=seconds)

    assert made.audio.frames == round(seconds * RATE)
    assert abs(made.figures["stretch"] - 1) <= 0.05
    assert made.figures["unfilled_seconds"] < 0.05
    for seam in made.figures["seams"]:
        assert abs(seam["beat_phase_error"]) < 0.02
        assert seam["spectral_jump"] < 2.0
    period = made.figures["period"]
    found = rhythm.find_rhythm(rhythm.prepare(made.audio.samples[: -2 * RATE], RATE))
    off = np.diff(found.beats) / period
    assert np.abs(off - np.rint(off)).max() < 0.08


def test_a_soundtrack_follows_a_curve() -> None:
    made = music.make_soundtrack(CTX, SONG, seconds=24.0, intensity=[[0, 1.0], [7, 1.0], [9, 0.0], [24, 0.0]], ride=0.0)

    early, late = (np.abs(made.audio.samples[a * RATE : b * RATE]).mean() for a, b in ((1, 6), (12, 20)))
    assert early > 3 * late
    assert made.figures["curve_correlation"] > 0.7


def test_a_gain_ride_follows_the_curve_where_the_music_is_even() -> None:
    even = make_notes([220, 262, 330, 262] * 8, 0.4)
    curve = [[0, 0.0], [10, 1.0]]

    plain, ridden = (music.make_soundtrack(CTX, even, seconds=10.0, intensity=curve, ride=ride) for ride in (0.0, 1.0))

    assert ridden.figures["curve_correlation"] > plain.figures["curve_correlation"] + 0.2


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


def make_film() -> Video:
    """Two seconds at rest, two of motion."""
    rng = np.random.default_rng(0)
    still = np.full((16, 16, 3), 90, np.uint8)
    moving = [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(20)]
    return Video.from_images([Image(still)] * 20 + [Image(frame) for frame in moving], Fraction(10))


def test_motion_becomes_a_curve_and_the_length_of_a_soundtrack() -> None:
    curve = music.find_motion(CTX, make_film())

    values = dict(map(tuple, curve))
    assert values[0.5] == 0
    assert values[3.0] > 0.8
    assert music.make_soundtrack(CTX, SONG, video=make_film()).audio.duration == pytest.approx(4.0)
