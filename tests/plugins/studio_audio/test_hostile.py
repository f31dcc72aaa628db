"""Hostile sound files through whole runs: a clear error or a right result, and no half file."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import studio_audio
from studio.api import Audio, AudioType, MediaLimits
from studio.app import Studio
from studio.settings import load_settings
from tests.plugins.studio_audio.signals import make_noise, make_tone

RATE = 22_050
NODES = {
    "load": {"type": "audio.load", "inputs": {"file": {"from": "inputs.file"}}},
    "normalize": {"type": "audio.normalize", "inputs": {"audio": {"from": "load"}}},
    "stretch": {"type": "audio.time_stretch", "inputs": {"audio": {"from": "normalize.audio"}, "speed": 1 / 1.5}},
    "info": {"type": "audio.info", "inputs": {"audio": {"from": "load"}}},
}
GRAPH = {
    "studio": 1,
    "inputs": {"file": {"type": "file"}},
    "nodes": NODES,
    "outputs": {"sound": {"from": "stretch"}, "facts": {"from": "info.facts"}},
}
TONE = make_tone(440, 1.0, rate=RATE).samples


def write_wave(samples: np.ndarray, rate: int = RATE, kind: str = "PCM_16") -> Callable[[Path], None]:
    return lambda path: soundfile.write(path, samples, rate, kind, format="WAV")


def write_half(kind: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        soundfile.write(path, make_noise(2.0, rate=RATE).samples, RATE, format=kind)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return write


def write_lying_mp3(path: Path) -> None:
    """Write a second of MP3 whose header tells of three hours."""
    AudioType().write_file(Audio(make_tone(440, 1.0, rate=44_100).samples, 44_100), path.with_suffix(".mp3"), None)
    data = bytearray(path.with_suffix(".mp3").read_bytes())
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert at > 0
    data[at + 8 : at + 12] = struct.pack(">I", 3 * 3600 * 44_100 // 1152)
    path.write_bytes(data)


def run(path: Path, folder: Path) -> tuple[dict[str, str], dict[str, Audio]]:
    """Run the graph on a file; return codes by node, and the sounds that were written."""
    settings = load_settings(cache_dir=folder / "cache", device="cpu")
    with Studio(settings, plugins=[("studio-audio", studio_audio)], discover=False) as studio:
        result = studio.run(GRAPH, {"file": {"file": str(path)}}, output=folder / "out", roots=[folder])
    found = {file.name: file for file in (folder / "out").iterdir()} if (folder / "out").exists() else {}
    assert not [name for name in found if "partial" in name]
    errors = {str(error.where): error.code for error in result.errors}
    written = {"sound": AudioType().read_file(found["sound.flac"], MediaLimits())} if "sound.flac" in found else {}
    return errors, written


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_text("no sound at all\n" * 99, encoding="utf-8"), id="text"),
        pytest.param(write_wave(np.array([0.0, np.nan, 0.5] * 5000), kind="FLOAT"), id="NaN"),
        pytest.param(write_wave(np.array([0.0, np.inf, 0.5] * 5000), kind="FLOAT"), id="infinity"),
    ],
)
def test_what_is_not_audio_ends_in_one_clear_error(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "in.wav")

    errors, written = run(tmp_path / "in.wav", tmp_path)

    assert list(errors.values()) == ["E511"]
    assert not written


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_what_is_left_of_a_file_is_used(tmp_path: Path, kind: str) -> None:
    write_half(kind)(tmp_path / "in.wav")

    errors, written = run(tmp_path / "in.wav", tmp_path)

    assert not errors
    assert 0.35 * 2.0 < written["sound"].frames / written["sound"].rate / 1.5 < 0.65 * 2.0


@pytest.mark.parametrize(
    ("write", "frames", "rate", "channels"),
    [
        pytest.param(write_wave(np.zeros((0, 1))), 0, RATE, 1, id="no samples"),
        pytest.param(write_wave(np.zeros((RATE, 2))), RATE, RATE, 2, id="silence"),
        pytest.param(write_wave(np.full((RATE, 1), 0.4)), RATE, RATE, 1, id="offset"),
        pytest.param(write_wave(np.clip(TONE * 30, -1, 1)), RATE, RATE, 1, id="clipped"),
        pytest.param(write_wave(make_tone(440, 1.0, rate=8000).samples, 8000), 8000, 8000, 1, id="8 kHz"),
        pytest.param(write_wave(make_tone(440, 0.3, rate=192_000).samples, 192_000), 57_600, 192_000, 1, id="192 kHz"),
        pytest.param(write_wave(np.repeat(TONE, 8, axis=1)), RATE, RATE, 8, id="8 channels"),
        pytest.param(lambda p: soundfile.write(p, TONE, RATE, format="FLAC"), RATE, RATE, 1, id="wrong extension"),
        pytest.param(write_lying_mp3, None, 44_100, 1, id="lying header"),
    ],
)
def test_odd_audio_comes_out_right(
    tmp_path: Path, write: Callable[[Path], None], frames: int | None, rate: int, channels: int
) -> None:
    write(tmp_path / "in.wav")

    errors, written = run(tmp_path / "in.wav", tmp_path)

    assert not errors
    sound = written["sound"]
    assert (sound.rate, sound.channels) == (rate, channels)
    if frames is None:
        assert abs(sound.duration - 1.5) < 0.1
    else:
        assert sound.frames == round(frames * 1.5)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "m4a", "opus"])
def test_audio_leaves_a_graph_in_the_format_that_its_name_asks_for(tmp_path: Path, extension: str) -> None:
    from studio.provenance.output_folder import OutputFolder

    write_wave(make_tone(440, 1.234, rate=44_100).samples, 44_100)(tmp_path / "in.wav")
    graph = {**GRAPH, "outputs": {"sound": {"from": "load"}}}
    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=[("studio-audio", studio_audio)], discover=False) as studio:
        output = OutputFolder(tmp_path / "out", "{output}." + extension)
        result = studio.run(graph, {"file": {"file": str(tmp_path / "in.wav")}}, output=output, roots=[tmp_path])

    assert not result.errors
    path = tmp_path / "out" / f"sound.{extension}"
    back = AudioType().read_file(path, MediaLimits())
    before = AudioType().read_file(tmp_path / "in.wav", MediaLimits())
    assert back.frames == round(1.234 * back.rate)
    level, wanted = (float(np.sqrt((sound.samples**2).mean())) for sound in (back, before))
    # FFmpeg's AAC quantises one pure tone to 0.23 dB less (music to 0.001 dB less)
    assert level == pytest.approx(wanted, rel=0.03 if extension == "m4a" else 0.01)
    assert '"graph"' in (AudioType().read_provenance(path) or "")
