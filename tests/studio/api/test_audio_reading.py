"""Audio read whole, whatever its header says: chains of streams, wrong sizes, files that are cut off."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from studio.api.audio import Audio
from studio.api.av_file import create_audio_frame
from tests.studio.api.audios import AUDIO, LIMITS, RNG, check_refused, make_tone

WHOLE = RNG.integers(-20_000, 20_000, (4000, 2)).astype(np.int16)


def write_stream(samples: np.ndarray, rate: int, kind: str, subtype: str) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, samples, rate, subtype, format=kind)
    return target.getvalue()


def find_step(data: bytes) -> int:
    """Where the samples of `WHOLE` begin in an uncompressed file, of either byte order."""
    found = [data.find(WHOLE.astype(kind).tobytes()[:64]) for kind in ("<i2", ">i2")]
    return max(found)


@pytest.mark.parametrize(
    ("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")]
)
def test_all_links_of_a_chain_are_read(tmp_path: Path, kind: str, subtype: str) -> None:
    first, second = make_tone(2.0, 48_000, 1).samples, -0.5 * make_tone(3.0, 48_000, 1).samples
    (tmp_path / "a").write_bytes(b"".join(write_stream(part, 48_000, kind, subtype) for part in (first, second)))

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert (audio.rate, audio.frames) == (48_000, 5 * 48_000)
    expected = np.concatenate([first, second])
    assert np.sqrt(np.mean((audio.samples - expected)[4800:-4800] ** 2)) < 0.03
    assert "chain of 2 streams" in AUDIO.find_doubts(tmp_path / "a", LIMITS)[0]


def test_a_link_of_another_rate_and_channels_is_brought_to_the_first(tmp_path: Path) -> None:
    first, second = make_tone(1.0, 48_000, 1), make_tone(1.0, 24_000, 2)
    (tmp_path / "a").write_bytes(
        write_stream(first.samples, 48_000, "OGG", "VORBIS") + write_stream(second.samples, 24_000, "OGG", "VORBIS")
    )

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert (audio.rate, audio.channels) == (48_000, 1)
    assert abs(audio.frames - 96_000) < 64
    expected = 0.25 * np.sqrt(2)  # two tones of 0.5, averaged: RMS 0.25 each, uncorrelated
    assert abs(np.sqrt(np.mean(audio.samples[50_000:90_000] ** 2)) / (expected / np.sqrt(2)) - 1) < 0.03


@pytest.mark.usefixtures("small_memory")
def test_a_long_chain_is_read_whole(tmp_path: Path) -> None:
    parts = [make_tone(1.0, 44_100, 2).samples for _ in range(3)]
    (tmp_path / "a").write_bytes(b"".join(write_stream(part, 44_100, "OGG", "VORBIS") for part in parts))

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert audio.is_long
    assert audio.frames == 3 * 44_100


def test_a_whole_file_raises_no_doubt(tmp_path: Path) -> None:
    for extension in AUDIO.extensions:
        AUDIO.write_file(make_tone(0.5, 48_000), tmp_path / f"a.{extension}", "{}")

        assert list(AUDIO.find_doubts(tmp_path / f"a.{extension}", LIMITS)) == []


def test_an_ogg_file_that_is_cut_off_is_read_with_a_warning(tmp_path: Path) -> None:
    data = write_stream(RNG.uniform(-0.3, 0.3, (132_300, 2)), 44_100, "OGG", "VORBIS")
    (tmp_path / "a").write_bytes(data[: len(data) // 2])

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert 1.0 < audio.duration < 2.0
    assert "truncated" in AUDIO.find_doubts(tmp_path / "a", LIMITS)[0]


def cut_pages(data: bytes, count: int) -> bytes:
    """Return the first pages of an Ogg file, whole."""
    at = 0
    for _ in range(count):
        at = data.index(b"OggS", at + 1)
    return data[:at]


@pytest.mark.parametrize("kind", ["VORBIS", "OPUS"])
def test_an_ogg_file_that_ends_between_pages_is_read_with_a_warning(tmp_path: Path, kind: str) -> None:
    data = write_stream(RNG.uniform(-0.3, 0.3, (144_000, 2)), 48_000, "OGG", kind)
    (tmp_path / "a").write_bytes(cut_pages(data, data.count(b"OggS") - 1))

    assert 0.5 < AUDIO.read_file(tmp_path / "a", LIMITS).duration < 3.0
    assert "does not end the stream" in AUDIO.find_doubts(tmp_path / "a", LIMITS)[0]


@pytest.mark.parametrize("count", [1, 2])
def test_an_ogg_file_that_ends_inside_its_headers_says_so(tmp_path: Path, count: int) -> None:
    data = write_stream(RNG.uniform(-0.3, 0.3, (44_100, 2)), 44_100, "OGG", "VORBIS")
    (tmp_path / "a").write_bytes(cut_pages(data, count))

    assert "inside its headers" in check_refused(tmp_path / "a")


SIZES = {"WAV": 4, "AIFF": 4, "AU": 4, "CAF": 8, "W64": 8}
PLACES = {"WAV": -4, "AIFF": -12, "AU": 8, "CAF": -12, "W64": -8}
"""Where the size of the samples is: from where they begin, or from the start of the file."""


def set_size(data: bytes, kind: str, size: int) -> bytes:
    at = PLACES[kind] if PLACES[kind] > 0 else find_step(data) + PLACES[kind]
    order = "little" if kind in ("WAV", "W64") else "big"
    return data[:at] + size.to_bytes(SIZES[kind], order) + data[at + SIZES[kind] :]


@pytest.mark.parametrize("kind", list(SIZES))
@pytest.mark.parametrize("size", [0, 1000, 1_000_000])
def test_a_wrong_size_in_the_header_is_read_past_with_a_warning(tmp_path: Path, kind: str, size: int) -> None:
    data = write_stream(WHOLE, 22_050, kind, "PCM_16")
    data = data[: find_step(data) + WHOLE.nbytes]  # without the chunks behind the samples
    (tmp_path / "a").write_bytes(set_size(data, kind, size))

    assert AUDIO.read_file(tmp_path / "a", LIMITS) == Audio(WHOLE, 22_050)
    assert len(AUDIO.find_doubts(tmp_path / "a", LIMITS)) == 1


@pytest.mark.parametrize("kind", [*SIZES, "RF64", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_an_uncompressed_file_that_is_cut_off_is_read_to_its_end(tmp_path: Path, kind: str, subtype: str) -> None:
    data = write_stream(WHOLE / 32768 if subtype == "FLOAT" else WHOLE, 22_050, kind, subtype)
    (tmp_path / "a").write_bytes(data[: len(data) * 3 // 4])

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert 2700 < audio.frames < 3000
    assert audio == Audio(WHOLE[: audio.frames], 22_050)
    assert "truncated file" in AUDIO.find_doubts(tmp_path / "a", LIMITS)[0]


def test_a_stream_of_unknown_size_and_chunks_behind_the_samples_raise_no_doubt(tmp_path: Path) -> None:
    data = write_stream(WHOLE, 22_050, "WAV", "PCM_16")
    (tmp_path / "a").write_bytes(set_size(data, "WAV", 2**32 - 1))
    (tmp_path / "b").write_bytes(data + b"LIST" + (4).to_bytes(4, "little") + b"INFO")

    for name in ("a", "b"):
        assert AUDIO.read_file(tmp_path / name, LIMITS) == Audio(WHOLE, 22_050)
        assert list(AUDIO.find_doubts(tmp_path / name, LIMITS)) == []


def set_flac_frames(data: bytes, frames: int) -> bytes:
    packed = int.from_bytes(data[18:26], "big") >> 36 << 36 | frames
    return data[:18] + packed.to_bytes(8, "big") + data[26:]


@pytest.mark.parametrize("frames", [0, 10_000, 40_000])
def test_a_wrong_number_of_samples_in_flac_is_read_past_with_a_warning(tmp_path: Path, frames: int) -> None:
    whole = RNG.integers(-20_000, 20_000, (30_000, 2)).astype(np.int16)
    data = write_stream(whole, 44_100, "FLAC", "PCM_16")
    (tmp_path / "a").write_bytes(set_flac_frames(data, frames))

    assert AUDIO.read_file(tmp_path / "a", LIMITS) == Audio(whole, 44_100)
    assert bool(AUDIO.find_doubts(tmp_path / "a", LIMITS)) == (frames > 0)  # 0 says that it is not known


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_flac_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, part: float) -> None:
    whole = RNG.integers(-20_000, 20_000, (40_000, 2)).astype(np.int16)
    data = write_stream(whole, 44_100, "FLAC", "PCM_16")
    (tmp_path / "a").write_bytes(data[: int(len(data) * part)])

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert part * 40_000 - 5000 < audio.frames <= part * 40_000
    assert audio == Audio(whole[: audio.frames], 44_100)
    assert f"{audio.frames} of 40000 samples" in AUDIO.find_doubts(tmp_path / "a", LIMITS)[0]


def write_coded(path: Path, codec: str) -> None:
    options = {"movflags": "+faststart"} if codec == "aac" else {}
    with av.open(path, "w", container_options=options) as container:
        stream = container.add_stream(codec, rate=44_100, layout="stereo")
        for start, block in enumerate(make_tone(4.0, 44_100).blocks(16_384)):
            container.mux(stream.encode(create_audio_frame(block, start * 16_384, 44_100)))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("extension", ["mp3", "mka", "m4a"])
def test_a_coded_file_that_is_cut_off_is_warned_of(tmp_path: Path, extension: str) -> None:
    write_coded(tmp_path / f"a.{extension}", {"mp3": "mp3", "mka": "flac", "m4a": "aac"}[extension])
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "b").write_bytes(data[: len(data) // 2])

    audio = AUDIO.read_file(tmp_path / "b", LIMITS)

    assert 1.0 < audio.duration < 3.0
    assert "truncated" in AUDIO.find_doubts(tmp_path / "b", LIMITS)[0]
    assert list(AUDIO.find_doubts(tmp_path / f"a.{extension}", LIMITS)) == []


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_a_file_of_a_header_alone_is_refused(tmp_path: Path, kind: str) -> None:
    data = write_stream(make_tone(1.0, 44_100).samples, 44_100, kind, {"FLAC": "PCM_16", "OGG": "VORBIS"}[kind])
    (tmp_path / "a").write_bytes(data[: len(data) // 100])

    check_refused(tmp_path / "a")


def test_parts_that_all_have_one_time_follow_each_other(tmp_path: Path) -> None:
    wave = (np.sin(np.arange(160) * 0.3) * 9000).astype(np.int16)
    with av.open(str(tmp_path / "a.rm"), "w") as container:  # to which FFmpeg writes the time of the first alone
        stream: Any = container.add_stream("real_144", rate=8000, layout="mono")
        for index in range(30):
            frame: Any = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
            frame.rate, frame.pts = 8000, 160 * index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    assert AUDIO.read_file(tmp_path / "a.rm", LIMITS).frames >= 30 * 160
