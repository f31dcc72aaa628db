"""Audio written: depth, levels, rates, provenance, and what a format cannot hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.errors import MediaError
from tests.studio.api.audios import AUDIO, GRAPH, LIMITS, make_tone


def test_flac_clips_what_is_too_loud_and_wav_keeps_it(tmp_path: Path) -> None:
    audio = Audio([2.0, -2.0, 0.1], 8000)

    AUDIO.write_file(audio, tmp_path / "a.flac", None)
    AUDIO.write_file(audio, tmp_path / "a.wav", None)

    seen = AUDIO.read_file(tmp_path / "a.flac", LIMITS).samples[:, 0]
    np.testing.assert_allclose(seen, [1.0, -1.0, 0.1], atol=1e-6)
    assert AUDIO.read_file(tmp_path / "a.wav", LIMITS) == audio


@pytest.mark.parametrize("extension", AudioType.extensions)
@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_every_format_keeps_length_and_level(tmp_path: Path, extension: str, rate: int) -> None:
    audio = make_tone(1.234, rate)

    AUDIO.write_file(audio, tmp_path / f"a.{extension}", GRAPH)

    seen = AUDIO.read_file(tmp_path / f"a.{extension}", LIMITS)
    assert seen.channels == 2
    if (rate, extension) == (8000, "mp3"):
        assert abs(seen.duration - audio.duration) < 1e-3
        return
    if extension == "opus":
        assert (seen.rate, seen.frames) == (48_000, round(1.234 * 48_000))
        assert abs(float(np.sqrt((seen.samples**2).mean())) / 0.3536 - 1) < 0.02
        return
    assert (seen.rate, seen.frames) == (rate, audio.frames)
    assert abs(float(np.sqrt((seen.samples**2).mean())) / 0.3536 - 1) < 0.02  # 0.5 / sqrt 2; lossy within 2 %
    assert np.abs(seen.samples[2000:-2000] - audio.samples[2000:-2000]).mean() < 0.02


@pytest.mark.parametrize("rate", [11_000, 96_000, 192_000])
def test_mp3_takes_the_next_rate_that_it_knows(tmp_path: Path, rate: int) -> None:
    AUDIO.write_file(make_tone(1.0, rate), tmp_path / "a.mp3", None)

    seen = AUDIO.read_file(tmp_path / "a.mp3", LIMITS)
    assert seen.rate == {11_000: 32_000}.get(rate, 48_000)
    assert abs(seen.duration - 1.0) < 0.002


@pytest.mark.parametrize("extension", AudioType.extensions)
@pytest.mark.parametrize("length", [20, 2_000_000])
def test_provenance_comes_back_from_every_format(tmp_path: Path, extension: str, length: int) -> None:
    text = json.dumps({"title": "Größe <&>\r\n", "prompt": "x" * length}, ensure_ascii=False)

    AUDIO.write_file(make_tone(0.5), tmp_path / f"a.{extension}", text)

    assert AUDIO.read_provenance(tmp_path / f"a.{extension}") == text
    assert AUDIO.read_file(tmp_path / f"a.{extension}", LIMITS).duration == 0.5


@pytest.mark.parametrize("extension", ["flac", "wav", "mp3", "m4a", "opus"])
def test_equal_audio_gives_equal_bytes(tmp_path: Path, extension: str) -> None:
    for name in ("a", "b"):
        AUDIO.write_file(make_tone(0.3), tmp_path / f"{name}.{extension}", GRAPH)

    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


@pytest.mark.parametrize("extension", ["flac", "wav"])
def test_audio_without_samples_goes_through_a_file(tmp_path: Path, extension: str) -> None:
    AUDIO.write_file(Audio(np.zeros((0, 2)), 44_100), tmp_path / f"a.{extension}", None)

    assert AUDIO.read_file(tmp_path / f"a.{extension}", LIMITS).frames == 0


@pytest.mark.parametrize(
    ("audio", "name"),
    [
        (Audio(np.zeros((100, 9)), 44_100), "a.flac"),
        (Audio(np.zeros((100, 3)), 44_100), "a.mp3"),
        (Audio(np.zeros((100, 1)), 44_100), "a.xyz"),
        *((Audio(np.zeros((0, 2)), 44_100), f"empty.{extension}") for extension in ("ogg", "mp3", "m4a", "opus")),
        (Audio(np.zeros((100, 1)), 44_100), "missing/a.wav"),
        (Audio(np.zeros((100, 1)), 44_100), "missing/a.flac"),
        (Audio(np.zeros((100, 1)), 44_100), "missing/a.ogg"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path: Path, audio: Audio, name: str) -> None:
    with pytest.raises(MediaError) as caught:
        AUDIO.write_file(audio, tmp_path / name, None)

    assert caught.value.code == "E512"
    assert caught.value.hint
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("extension", AudioType.extensions)
def test_what_a_format_clips_is_told_with_how_much(tmp_path: Path, extension: str) -> None:
    loud = Audio(np.array([0.5, -2.0, 1.0, 0.0], np.float32), 48_000)

    loss = AUDIO.find_loss(loud, tmp_path / f"a.{extension}")

    assert ("1 sample is clipped (25 %): the peak is 6.0 dB" in loss) == (extension != "wav")
    assert AUDIO.find_loss(Audio(loud.samples / 2, 48_000), tmp_path / f"a.{extension}") == ""


@pytest.mark.parametrize(("extension", "left"), [("mp3", 48_000), ("m4a", 96_000), ("opus", 48_000)])
def test_a_rate_that_falls_is_told(tmp_path: Path, extension: str, left: int) -> None:
    assert f"became {left} hertz" in AUDIO.find_loss(make_tone(0.1, 192_000), tmp_path / f"a.{extension}")
    assert AUDIO.find_loss(make_tone(0.1, 44_100), tmp_path / f"a.{extension}") == ""
