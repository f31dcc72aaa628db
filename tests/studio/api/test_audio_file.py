"""Audio in files: every format in and out, the codec of the cache, and what is hostile."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.audios import AUDIO, GRAPH, LIMITS, RNG, check_refused, make_stream, make_tone


@pytest.mark.usefixtures("small_memory")
def test_digest_depends_on_samples_alone(tmp_path: Path) -> None:
    from studio.cache import Cache

    samples = RNG.normal(size=(9000, 2)).astype(np.float32)
    with_file = Cache([AUDIO], memory_bytes=2**20, folder=tmp_path)
    try:
        digests = {
            with_file.digest(with_file.store_streams(sound))
            for sound in (Audio(samples, 8000), make_stream(samples, 100, 9000), make_stream(samples, 5000))
        }
    finally:
        with_file.close()

    assert len(digests) == 1
    assert not list((tmp_path / "tmp").iterdir())  # the files went with their sounds


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("extension", AudioType.extensions)
def test_long_audio_goes_through_a_file_as_short_audio_does(
    tmp_path: Path, extension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = make_tone(1.0, 48_000)
    stream = make_stream(audio.samples, 1000, audio.frames, 48_000)

    AUDIO.write_file(stream, tmp_path / f"long.{extension}", GRAPH)
    read = AUDIO.read_file(tmp_path / f"long.{extension}", LIMITS)
    monkeypatch.undo()
    AUDIO.write_file(audio, tmp_path / f"short.{extension}", GRAPH)

    assert read.is_long
    assert read == AUDIO.read_file(tmp_path / f"short.{extension}", LIMITS)
    if extension != "ogg":
        assert (tmp_path / f"long.{extension}").read_bytes() == (tmp_path / f"short.{extension}").read_bytes()


@pytest.mark.usefixtures("small_memory")
def test_a_long_file_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    AUDIO.write_file(Audio(RNG.normal(size=(60_000, 2)) / 9, 44_100), tmp_path / "a.flac", None)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "b").write_bytes(data[: int(len(data) * 0.9)])

    audio = AUDIO.read_file(tmp_path / "b", LIMITS)

    assert audio.is_long
    assert 48_000 < audio.frames < 54_000
    assert "truncated" in AUDIO.find_doubts(tmp_path / "b", LIMITS)[0]


@pytest.mark.parametrize(
    "audio",
    [
        Audio(RNG.normal(size=(100, 3)), 44_100),
        Audio(RNG.integers(-32768, 32768, (100, 2)).astype(np.int16), 8000),
        Audio(np.zeros((0, 5)), 8000),
        Audio([1.0], 8000),
    ],
)
def test_the_codec_gives_audio_back(audio: Audio) -> None:
    packed = AUDIO.pack(audio)

    assert AUDIO.unpack(packed) == audio
    assert packed.header == {"rate": audio.rate}


def test_equal_audio_packs_alike() -> None:
    first, second = AUDIO.pack(Audio([-0.0, 0.123], 8000)), AUDIO.pack(Audio([0.0, 0.123], 8000))

    assert first.arrays["samples"].tobytes() == second.arrays["samples"].tobytes()


def test_sixteen_bit_audio_packs_into_sixteen_bits() -> None:
    assert AUDIO.pack(Audio(np.arange(9, dtype=np.int16), 8000)).arrays["samples"].dtype == np.int16


def test_audio_is_described_in_a_few_words() -> None:
    assert AUDIO.describe(make_tone(2.5)) == "2.5 s stereo, 44100 Hz"


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("extension", ["flac", "wav"])
@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_lossless_files_are_bit_exact(tmp_path: Path, bits: int, extension: str, channels: int) -> None:
    whole = RNG.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (50_000, channels))
    whole[0], whole[1] = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    soundfile.write(tmp_path / "source.wav", (whole << (32 - bits)).astype(np.int32), 44_100, f"PCM_{bits}")

    audio = AUDIO.read_file(tmp_path / "source.wav", LIMITS)
    AUDIO.write_file(audio, tmp_path / f"a.{extension}", GRAPH)

    seen, rate = soundfile.read(tmp_path / f"a.{extension}", dtype="float64", always_2d=True)
    assert rate == 44_100
    np.testing.assert_array_equal(seen * 2 ** (bits - 1), whole)
    assert AUDIO.read_file(tmp_path / f"a.{extension}", LIMITS) == audio
    if extension == "flac":
        assert soundfile.info(tmp_path / "a.flac").subtype == f"PCM_{bits}"


@pytest.mark.parametrize("kind", ["AIFF", "CAF", "AU", "W64", "RF64"])
def test_other_lossless_formats_are_read_by_their_content(tmp_path: Path, kind: str) -> None:
    whole = RNG.integers(-32768, 32768, (3000, 2)).astype(np.int16)
    soundfile.write(tmp_path / "a.mp3", whole, 22_050, "PCM_16", format=kind)

    assert AUDIO.read_file(tmp_path / "a.mp3", LIMITS) == Audio(whole, 22_050)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_foreign_file_has_no_provenance(tmp_path: Path, kind: str) -> None:
    with soundfile.SoundFile(tmp_path / "a", "w", 44_100, 1, format=kind) as sound:
        sound.comment = "hello"
        sound.write(np.zeros(5000))

    assert AUDIO.read_provenance(tmp_path / "a") is None


def test_a_file_without_audio_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, content in {"empty": b"", "text": b"hello" * 99, "riff": b"RIFF", "flac": b"fLaC" + b"\0" * 50}.items():
        (tmp_path / name).write_bytes(content)

    for name in ("pipe", "empty", "text", "riff", "flac", "missing", "."):
        check_refused(tmp_path / name)

    assert capfd.readouterr() == ("", "")


def find_code(path: Path) -> str:
    """The code of the error that reading a file ends in, "" for none; any other error passes through."""
    try:
        AUDIO.read_file(path, MediaLimits(max_audio_seconds=60))
        AUDIO.find_doubts(path, MediaLimits(max_audio_seconds=60))
    except MediaError as error:
        return error.code
    return ""


@pytest.mark.parametrize("extension", AudioType.extensions)
def test_mutated_files_are_read_or_refused_and_nothing_else(
    tmp_path: Path, extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    AUDIO.write_file(make_tone(0.2), tmp_path / f"a.{extension}", GRAPH)
    data = (tmp_path / f"a.{extension}").read_bytes()
    refused = 0
    for _ in range(120):
        mutated = bytearray(data)
        for at in rng.integers(0, min(len(data), 300), 3):
            mutated[at] = rng.integers(0, 256)
        (tmp_path / "m").write_bytes(mutated)
        refused += find_code(tmp_path / "m") == "E511"
        AUDIO.read_provenance(tmp_path / "m")

    assert refused > 0
    assert capfd.readouterr() == ("", "")


def test_nan_in_a_file_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan]), 8000, "FLOAT")

    assert "NaN" in check_refused(tmp_path / "a.wav")


@pytest.mark.parametrize("extension", AudioType.extensions)
def test_length_limit_holds(tmp_path: Path, extension: str) -> None:
    AUDIO.write_file(make_tone(3.0, 8000), tmp_path / f"a.{extension}", None)

    assert "over the limit" in check_refused(tmp_path / f"a.{extension}", MediaLimits(max_audio_seconds=2))
    assert "bytes" in check_refused(tmp_path / f"a.{extension}", MediaLimits(max_file_bytes=100))
