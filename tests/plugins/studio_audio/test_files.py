"""Loading and saving, the sound of films, and the plugin itself."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import studio_audio
from studio.api import Audio, File, Image, MediaError, OutputPath, Video, get_node_type
from studio.testing import TestContext
from studio_audio.nodes import edits, effects, sources, time
from tests.plugins.studio_audio.signals import find_frequency, find_rms, make_noise, make_tone

CTX = TestContext()
GRAPHS = Path(__file__).parents[3] / "graphs"


def load(path: Path) -> Audio:
    return sources.load_audio(CTX, File(path, "0" * 64, 1))


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_whole_numbers_come_back_bit_for_bit(tmp_path: Path, suffix: str, bits: int, channels: int) -> None:
    top = 2 ** (bits - 1)
    whole = np.random.default_rng(0).integers(-top, top, (5000, channels))
    sound = Audio((whole / top).astype(np.float32), 96_000)

    sources.save_audio(CTX, sound, OutputPath(tmp_path / f"a{suffix}", "a"), bits=str(bits))

    assert load(tmp_path / f"a{suffix}") == sound
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize(("suffix", "rate"), [(".mp3", 44_100), (".m4a", 44_100), (".opus", 48_000), (".ogg", 44_100)])
@pytest.mark.parametrize("kilobits", [None, 96])
def test_coded_sounds_have_the_right_length_level_and_pitch(
    tmp_path: Path, suffix: str, rate: int, kilobits: int | None
) -> None:
    tone = make_tone(1000, 1.5, rate=rate, channels=2)

    sources.save_audio(CTX, tone, OutputPath(tmp_path / f"a{suffix}", "a"), kilobits=kilobits)
    back = load(tmp_path / f"a{suffix}")

    assert back.duration == pytest.approx(1.5, abs=0.06)
    assert find_rms(Audio(back.samples[5000:-5000], rate)) == pytest.approx(
        0.354, rel=0.06
    )  # LAME takes 5 % off at 96 kbit/s
    assert find_frequency(back) == pytest.approx(1000, abs=2)


@pytest.mark.parametrize(
    ("name", "channels", "bits"),
    [("a.mp3", 6, "auto"), ("a.xyz", 1, "auto"), ("a.flac", 1, "float"), ("a.m4a", 9, "16")],
)
def test_what_a_format_does_not_hold_is_told_and_leaves_nothing(
    tmp_path: Path, name: str, channels: int, bits: str
) -> None:
    with pytest.raises(MediaError) as caught:
        sources.save_audio(CTX, make_tone(channels=channels, seconds=0.1), OutputPath(tmp_path / name, name), bits=bits,
                           kilobits=128)  # fmt: skip

    assert caught.value.code == "E512"
    assert not list(tmp_path.iterdir())


def test_the_sound_of_a_film_is_taken_and_a_silent_film_told() -> None:
    picture = Image(np.zeros((4, 4, 3), np.uint8))

    assert sources.take_video_audio(CTX, Video.from_images([picture], Fraction(1), make_tone())) == make_tone()
    with pytest.raises(MediaError, match="no audio"):
        sources.take_video_audio(CTX, Video.from_images([picture], Fraction(1)))


@pytest.mark.parametrize(
    "sound",
    [Audio(np.zeros((0, 2)), 44_100), Audio([0.5], 8000), Audio(np.zeros((3000, 1)), 8000),
     Audio(np.full((3000, 3), 0.4), 192_000), make_noise(0.05, rate=192_000, channels=8),
     Audio(np.clip(make_tone(100).samples * 9, -1, 1), 22_050)],
    ids=["empty", "one sample", "silent", "offset", "8 channels at 192 kHz", "clipped"],
)  # fmt: skip
def test_hostile_sounds_go_through_every_effect(sound: Audio) -> None:
    effect = {
        "equalize": effects.equalize_audio(CTX, sound, bass=6.0, low_cut=20.0),
        "reverb": effects.add_reverb(CTX, sound, seconds=0.1, tail=False),
        "denoise": effects.denoise_audio(CTX, sound).audio,
        "split": time.split_harmonic_percussive(CTX, sound).harmonic,
        "shift": time.shift_pitch(CTX, sound, semitones=3.0),
        "stretch": time.stretch_time(CTX, sound, factor=1.0001),
        "fade": edits.fade_audio(CTX, sound, fade_in=9.0, fade_out=9.0),
    }

    for name, made in effect.items():
        assert (made.rate, made.channels) == (sound.rate, sound.channels), name
        assert abs(made.frames - sound.frames) <= 2, name
    assert time.resample_audio(CTX, sound, rate=8000).frames == round(sound.frames * 8000 / sound.rate)


def test_listing_the_node_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio_audio; list(studio_audio.studio_node_types()); list(studio_audio.studio_value_types());"
        "print([m for m in ('numpy', 'scipy', 'torch', 'soxr', 'librosa', 'PIL') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env={"PYTHONPATH": str(Path(studio_audio.__file__).parents[1])})  # fmt: skip

    assert found.stdout.strip() == "[]"


def test_every_node_type_is_named_audio_and_has_a_row_in_the_readme() -> None:
    readme = (Path(studio_audio.__file__).parent / "README.md").read_text()

    for function in studio_audio.studio_node_types():
        assert f"| `{get_node_type(function).id}` |" in readme


@pytest.mark.parametrize("name", ["classical_to_jazz", "sound_as_picture", "soundtrack_for_length"])
def test_the_ready_graphs_validate(name: str) -> None:
    from studio.app import Studio

    with Studio() as studio:
        known = any(row.name == "studio-audio" for row in studio.registry.plugins)
    with Studio(plugins=() if known else [("studio-audio", studio_audio)]) as studio:
        findings = studio.validate(studio.load(GRAPHS / f"{name}.json"))

    assert not [finding for finding in findings if finding.code not in ("E123", "E124")]
