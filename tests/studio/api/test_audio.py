"""Sounds in memory and in files."""

from __future__ import annotations

import copy
import json
import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.errors import MediaError
from studio.settings import MediaLimits

AUDIO, LIMITS = AudioType(), MediaLimits()
RNG = np.random.default_rng(5)
GRAPH = json.dumps({"studio": 1, "title": "Größe \u0001 <&>"})


def make_tone(seconds: float = 1.0, rate: int = 44_100, channels: int = 2) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio(np.stack([0.5 * np.sin(2 * np.pi * 440 * (c + 1) * time) for c in range(channels)], axis=1), rate)


# --- in memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([-32768, 0, 16384], np.int16), [-1, 0, 0.5]),
        (np.array([-(2**31), 0, 2**30], np.int32), [-1, 0, 0.5]),
        (np.array([-128, 0, 64], np.int8), [-1, 0, 0.5]),
        (np.array([0, 128, 192], np.uint8), [-1, 0, 0.5]),
        (np.array([-1, 0, 0.5], ">f8"), [-1, 0, 0.5]),
        ([-1.0, 0.0, 0.5], [-1, 0, 0.5]),
        (torch.tensor([-1.0, 0.0, 0.5], requires_grad=True), [-1, 0, 0.5]),
    ],
)
def test_samples_of_every_kind_become_float32(samples: object, expected: list[float]) -> None:
    audio = Audio(samples, 8000)

    assert audio.samples.dtype == np.float32
    assert audio.samples[:, 0].tolist() == expected


def test_length_is_known_in_frames_and_seconds() -> None:
    audio = Audio(np.zeros((12_000, 2)), np.int64(48_000))

    assert (audio.frames, audio.channels, audio.rate, audio.duration) == (12_000, 2, 48_000, 0.25)
    assert repr(audio) == "Audio(0.25 s, 2 ch, 48000 Hz)"


def test_louder_than_full_scale_is_allowed_and_no_samples_are_too() -> None:
    assert Audio(np.array([7.5]), 8000).samples.max() == 7.5
    assert Audio(np.zeros((0, 2)), 8000).frames == 0


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.array([np.nan]), 8000),
        (np.array([np.inf]), 8000),
        (np.array([1e300]), 8000),
        (np.zeros((4, 0)), 8000),
        (np.zeros((2, 48_000)), 8000),
        (np.zeros((2, 2, 2)), 8000),
        (np.array(["a"]), 8000),
        ([[1.0], [1.0, 2.0]], 8000),
        (np.zeros(4, np.int64), 8000),
        (np.zeros(4), 0),
        (np.zeros(4), 1_000_001),
        (np.zeros(4), 44_100.0),
        (np.zeros(4), True),
    ],
)
def test_what_is_no_sound_is_refused(samples: object, rate: int) -> None:
    with pytest.raises(MediaError) as caught:
        Audio(samples, rate)

    assert caught.value.code == "E503"
    assert caught.value.hint


def test_sound_is_frozen_and_apart_from_its_source() -> None:
    source = np.zeros((4, 1), np.float32)
    audio = Audio(source, 8000)

    source[:] = 1

    assert audio.samples.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0] = 1
    with pytest.raises(AttributeError, match="frozen"):
        audio.rate = 1  # type: ignore[misc]
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(audio)


def test_blocks_give_all_samples_in_order() -> None:
    audio = Audio(RNG.normal(size=(1000, 2)), 8000)

    blocks = list(audio.blocks(300))

    assert [len(block) for block in blocks] == [300, 300, 300, 100]
    np.testing.assert_array_equal(np.concatenate(blocks), audio.samples)


def test_equality_looks_at_samples_and_rate() -> None:
    assert Audio([0.5], 8000) == Audio([0.5], 8000)
    assert Audio([0.5], 8000) != Audio([0.5], 8001)
    assert Audio([0.5], 8000) != Audio([0.25], 8000)
    assert Audio([0.5], 8000) != "sound"


# --- streams --------------------------------------------------------------------------------------------------


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 10_000)


def make_stream(samples: np.ndarray, sizes: int, frames: int | None = None, rate: int = 8000) -> Audio:
    def create_blocks() -> list[np.ndarray]:
        return [samples[at : at + sizes] for at in range(0, len(samples), sizes)]

    return Audio.from_blocks(create_blocks, rate=rate, channels=samples.shape[1], frames=frames)


@pytest.mark.usefixtures("small_memory")
def test_long_stream_is_read_in_blocks_of_any_size_and_span() -> None:
    samples = RNG.normal(size=(9000, 2)).astype(np.float32)
    audio = make_stream(samples, 777, 9000)

    assert audio.is_long
    assert audio.byte_size == 0
    for size, start, stop in ((1000, 0, None), (1, 8990, None), (4096, 1234, 5000), (10, 9000, None), (5, 7, 7)):
        blocks = list(audio.blocks(size, start, stop))
        assert all(len(block) == size for block in blocks[:-1])
        np.testing.assert_array_equal(np.concatenate([np.zeros((0, 2)), *blocks]), samples[start:stop])
    np.testing.assert_array_equal(audio.samples, samples)
    assert audio == Audio(samples, 8000)
    assert audio != Audio(samples[::-1], 8000)


@pytest.mark.usefixtures("small_memory")
def test_short_stream_is_held_and_long_one_keeps_no_samples() -> None:
    runs = []

    def create_blocks() -> list[np.ndarray]:
        runs.append(1)
        return [np.zeros((6000, 1), np.int16)] * 2

    held = Audio.from_blocks(lambda: create_blocks()[:1], rate=8000, channels=1, frames=6000)
    assert (held.is_long, held.frames, held.samples.shape, len(runs)) == (False, 6000, (6000, 1), 1)
    long = Audio.from_blocks(create_blocks, rate=8000, channels=1)
    assert (long.is_long, long.has_length, len(runs)) == (True, False, 1)
    assert (long.frames, long.duration, len(runs)) == (12_000, 1.5, 2)
    first = long.samples
    assert long.samples is first
    assert not first.flags.writeable


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize(
    ("block", "frames", "told"),
    [
        (np.zeros((12_000, 1)), 12_001, "declared"),
        (np.zeros((12_000, 1)), 11_999, "declared"),
        (np.zeros((12_000, 2)), 12_000, "channels"),
        (np.full((12_000, 1), np.nan), 12_000, "NaN"),
        (np.zeros((12_000, 1, 1)), 12_000, "shape"),
    ],
)
def test_stream_that_breaks_its_promise_is_refused(block: np.ndarray, frames: int, told: str) -> None:
    audio = Audio.from_blocks(lambda: [block], rate=8000, channels=1, frames=frames)

    with pytest.raises(MediaError, match=told) as caught:
        list(audio.blocks(100))
    assert caught.value.code == "E503"


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("then", [11_000, 13_000])
def test_stream_that_is_another_when_it_is_read_again_is_refused(then: int) -> None:
    lengths = iter([12_000, then, then])
    audio = Audio.from_blocks(lambda: [np.zeros((next(lengths), 1))], rate=8000, channels=1)
    assert audio.frames == 12_000

    with pytest.raises(MediaError, match="12000 frames now has") as caught:
        _ = audio.samples
    assert caught.value.code == "E503"
    with pytest.raises(MediaError, match="12000 frames now has"):
        list(audio.blocks(100, start=500))


def test_stream_too_long_to_hold_is_refused_by_samples_alone() -> None:
    audio = Audio.from_blocks(lambda: iter([]), rate=8000, channels=2, frames=200_000_000)

    assert repr(audio) == "Audio(25000 s, 2 ch, 8000 Hz)"
    with pytest.raises(MediaError, match="too long to be held whole"):
        _ = audio.samples


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("kind", ["int16", "float", "late float"])
def test_stored_sound_comes_back_exactly_whatever_its_blocks(tmp_path: Path, kind: str) -> None:
    samples = (RNG.integers(-32768, 32768, (200_000, 2)) / 32768.0).astype(np.float32)
    if kind == "float":
        samples *= np.float32(0.3)
    if kind == "late float":
        samples[150_000, 1] = 0.1
    audio = make_stream(samples, 777, 200_000, 44_100)

    AUDIO.encode(audio, tmp_path / "a.au")
    AUDIO.encode(make_stream(samples, 70_000, rate=44_100), tmp_path / "b.au")

    back = AUDIO.decode(tmp_path / "a.au")
    assert (back.rate, back.channels, back.frames, back.source) == (44_100, 2, 200_000, tmp_path / "a.au")
    assert AUDIO.find_source(back) == tmp_path / "a.au"
    np.testing.assert_array_equal(np.concatenate(list(back.blocks(999, 1, 199_999))), samples[1:-1])
    assert (tmp_path / "a.au").read_bytes() == (tmp_path / "b.au").read_bytes()
    assert (tmp_path / "a.au").stat().st_size == 24 + 400_000 * (2 if kind == "int16" else 4)
    assert soundfile.info(tmp_path / "a.au").frames == 200_000


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize(
    ("kept", "told"), [(24 + 8 * 100_000 + 3, "truncated"), (24 + 8 * 100_000, "frames"), (None, "open")]
)
def test_stored_sound_that_is_cut_or_removed_while_it_is_read_is_refused(
    tmp_path: Path, kept: int | None, told: str
) -> None:
    AUDIO.encode(make_stream(RNG.normal(size=(200_000, 2)).astype(np.float32), 777), tmp_path / "a.au")
    audio = AUDIO.decode(tmp_path / "a.au")
    if kept is None:
        (tmp_path / "a.au").unlink()
    else:
        os.truncate(tmp_path / "a.au", kept)

    with pytest.raises(MediaError, match=told):
        _ = audio.samples


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF" * 9, b".snd" + bytes(40), struct.pack(">4sIIIII", b".snd", 24, 0, 3, 48_000, 0)],
)
def test_what_is_no_stored_sound_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.au").write_bytes(content)

    with pytest.raises(MediaError, match="invalid stored audio"):
        AUDIO.decode(tmp_path / "a.au")


@pytest.mark.usefixtures("small_memory")
def test_digest_depends_on_samples_alone(tmp_path: Path) -> None:
    from studio.cache import Cache

    samples = RNG.normal(size=(9000, 2)).astype(np.float32)
    with_file = Cache([AUDIO], memory_bytes=2**20, folder=tmp_path)
    try:
        digests = {
            with_file.digest(with_file.settle(sound))
            for sound in (Audio(samples, 8000), make_stream(samples, 100, 9000), make_stream(samples, 5000))
        }
    finally:
        with_file.close()

    assert len(digests) == 1
    assert not list((tmp_path / "tmp").iterdir())  # the files went with their sounds


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("extension", AudioType.extensions)
def test_long_sound_goes_through_a_file_as_a_short_one_does(
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
def test_long_file_that_turns_out_broken_is_refused_while_it_is_read(tmp_path: Path) -> None:
    AUDIO.write_file(Audio(RNG.normal(size=(60_000, 2)) / 9, 44_100), tmp_path / "a.flac", None)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "b").write_bytes(data[: int(len(data) * 0.9)])

    audio = AUDIO.read_file(tmp_path / "b", LIMITS)

    with pytest.raises(MediaError) as caught:
        list(audio.blocks())
    assert caught.value.code == "E511"


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("extension", ["flac", "mp3"])
def test_long_file_that_changes_after_it_was_opened_is_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    AUDIO.write_file(Audio(RNG.normal(size=(60_000, 2)) / 9, 44_100), path, None)
    audio = AUDIO.read_file(path, LIMITS)
    assert audio.frames == 60_000
    AUDIO.write_file(Audio(RNG.normal(size=(60_000, 2)) / 9, 44_100), path, None)

    with pytest.raises(MediaError, match="has changed since it was opened") as caught:
        list(audio.blocks())
    assert (caught.value.code, caught.value.where) == ("E511", str(path))
    path.unlink()
    with pytest.raises(MediaError, match="was removed since it was opened"):
        list(audio.blocks())


def test_kept_sound_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 100)
    runs = []

    def create_blocks() -> list[np.ndarray]:
        runs.append(1)
        return [np.full((300, 1), 0.1)]

    kept = Audio.from_blocks(create_blocks, rate=8000, channels=1, frames=300).keep(tmp_path)

    assert [kept.frames for _ in kept.blocks(100)] == [300] * 3
    assert len(list(kept.blocks(50))) == 6
    assert len(runs) == 1
    assert kept.source is None


# --- the codec ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "audio",
    [
        Audio(RNG.normal(size=(100, 3)), 44_100),
        Audio(RNG.integers(-32768, 32768, (100, 2)).astype(np.int16), 8000),
        Audio(np.zeros((0, 5)), 8000),
        Audio([1.0], 8000),
    ],
)
def test_codec_gives_the_sound_back(audio: Audio) -> None:
    packed = AUDIO.pack(audio)

    assert AUDIO.unpack(packed) == audio
    assert packed.header == {"rate": audio.rate}


def test_equal_sounds_pack_alike() -> None:
    first, second = AUDIO.pack(Audio([-0.0, 0.123], 8000)), AUDIO.pack(Audio([0.0, 0.123], 8000))

    assert first.arrays["samples"].tobytes() == second.arrays["samples"].tobytes()


def test_sixteen_bit_sound_packs_into_sixteen_bits() -> None:
    assert AUDIO.pack(Audio(np.arange(9, dtype=np.int16), 8000)).arrays["samples"].dtype == np.int16


def test_sound_is_described_in_a_few_words() -> None:
    assert AUDIO.describe(make_tone(2.5)) == "2.5 s stereo, 44100 Hz"


# --- files ----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", ["AIFF", "CAF", "AU", "W64", "RF64"])
def test_other_lossless_formats_are_read_by_their_content(tmp_path: Path, kind: str) -> None:
    whole = RNG.integers(-32768, 32768, (3000, 2)).astype(np.int16)
    soundfile.write(tmp_path / "a.mp3", whole, 22_050, "PCM_16", format=kind)

    assert AUDIO.read_file(tmp_path / "a.mp3", LIMITS) == Audio(whole, 22_050)


@pytest.mark.parametrize(("codec", "kind", "rate"), [("aac", "mp4", 44_100), ("libopus", "ogg", 48_000)])
def test_aac_and_opus_are_read_at_their_length(tmp_path: Path, codec: str, kind: str, rate: int) -> None:
    audio = make_tone(1.0, rate)
    with av.open(str(tmp_path / "a.bin"), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(audio.samples.reshape(1, -1), format="flt", layout="stereo")
        frame.rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    seen = AUDIO.read_file(tmp_path / "a.bin", LIMITS)

    assert (seen.rate, seen.channels) == (rate, 2)
    assert seen.frames == rate
    assert np.abs(seen.samples[2000:-2000] - audio.samples[2000:-2000]).mean() < 0.02


@pytest.mark.parametrize("extension", AudioType.extensions)
@pytest.mark.parametrize("length", [20, 2_000_000])
def test_provenance_comes_back_from_every_format(tmp_path: Path, extension: str, length: int) -> None:
    text = json.dumps({"title": "Größe <&>\r\n", "prompt": "x" * length}, ensure_ascii=False)

    AUDIO.write_file(make_tone(0.5), tmp_path / f"a.{extension}", text)

    assert AUDIO.read_provenance(tmp_path / f"a.{extension}") == text
    assert AUDIO.read_file(tmp_path / f"a.{extension}", LIMITS).duration == 0.5


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_foreign_file_has_no_provenance(tmp_path: Path, kind: str) -> None:
    with soundfile.SoundFile(tmp_path / "a", "w", 44_100, 1, format=kind) as sound:
        sound.comment = "hello"
        sound.write(np.zeros(5000))

    assert AUDIO.read_provenance(tmp_path / "a") is None


@pytest.mark.parametrize("extension", ["flac", "wav", "mp3", "m4a", "opus"])
def test_equal_sounds_give_equal_bytes(tmp_path: Path, extension: str) -> None:
    for name in ("a", "b"):
        AUDIO.write_file(make_tone(0.3), tmp_path / f"{name}.{extension}", GRAPH)

    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


@pytest.mark.parametrize("extension", ["flac", "wav"])
def test_sound_without_samples_goes_through_a_file(tmp_path: Path, extension: str) -> None:
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


# --- what is hostile ------------------------------------------------------------------------------------------


def check_refused(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as caught:
        AUDIO.read_file(path, limits)
    assert caught.value.code == "E511"
    assert caught.value.where == str(path)
    assert caught.value.hint
    return caught.value.message


def test_what_is_no_sound_file_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, content in {"empty": b"", "text": b"hello" * 99, "riff": b"RIFF", "flac": b"fLaC" + b"\0" * 50}.items():
        (tmp_path / name).write_bytes(content)

    for name in ("pipe", "empty", "text", "riff", "flac", "missing", "."):
        check_refused(tmp_path / name)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("extension", ["flac", "wav"])
@pytest.mark.parametrize("part", [0.01, 0.5, 0.9])
def test_lossless_file_that_ends_early_is_refused(tmp_path: Path, extension: str, part: float) -> None:
    AUDIO.write_file(Audio(RNG.normal(size=(20_000, 2)) / 9, 44_100), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "b").write_bytes(data[: int(len(data) * part)])

    check_refused(tmp_path / "b")


@pytest.mark.parametrize("extension", ["ogg", "mp3"])
def test_lossy_file_that_ends_early_gives_what_is_there(
    tmp_path: Path, extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    AUDIO.write_file(Audio(RNG.normal(size=(88_200, 2)) / 9, 44_100), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "b").write_bytes(data[: len(data) // 2])
    (tmp_path / "c").write_bytes(data[: len(data) // 100])

    assert 0.4 < AUDIO.read_file(tmp_path / "b", LIMITS).duration < 1.6
    check_refused(tmp_path / "c")
    assert capfd.readouterr() == ("", "")


def find_code(path: Path) -> str:
    """The code of the error that reading a file ends in, "" for none; any other error passes through."""
    try:
        AUDIO.read_file(path, MediaLimits(max_audio_seconds=60))
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


def test_length_limit_holds_while_decoding_where_the_header_is_silent(tmp_path: Path) -> None:
    AUDIO.write_file(make_tone(3.0, 8000), tmp_path / "a.flac", None)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0  # total samples: 36 bits, of which 0 means that they are not known
    data[22:26] = bytes(4)
    (tmp_path / "b.flac").write_bytes(data)

    assert "over the limit" in check_refused(tmp_path / "b.flac", MediaLimits(max_audio_seconds=2))


def test_rate_beyond_reason_is_refused(tmp_path: Path) -> None:
    AUDIO.write_file(make_tone(0.1), tmp_path / "a.wav", None)
    data = (tmp_path / "a.wav").read_bytes().replace(struct.pack("<I", 44_100), struct.pack("<I", 2_000_000), 1)
    (tmp_path / "b.wav").write_bytes(data)

    check_refused(tmp_path / "b.wav")


def test_playlist_reaches_no_other_file(tmp_path: Path) -> None:
    AUDIO.write_file(make_tone(0.5), tmp_path / "secret.mp3", None)
    (tmp_path / "a.mp3").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/secret.mp3\n#EXT-X-ENDLIST\n")
    (tmp_path / "b.mp3").write_text(f"ffconcat version 1.0\nfile {tmp_path}/secret.mp3\n")

    check_refused(tmp_path / "a.mp3")
    check_refused(tmp_path / "b.mp3")


def test_name_that_looks_like_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    AUDIO.write_file(make_tone(0.5), tmp_path / "a.mp3", None)
    (tmp_path / "a.mp3").rename(tmp_path / "concat:x|y")

    assert AUDIO.read_file(Path("concat:x|y"), LIMITS).frames == 22_050
