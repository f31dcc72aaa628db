"""Audio readers and writers against exact arithmetic, libsndfile and FFmpeg: container x codec x channels x rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.api.av_file import create_audio_frame, get_layout
from studio.api.formats.ogg import VORBIS_ORDER
from tests.studio.api.audios import AUDIO, LIMITS, RNG

FRAMES = 5000
BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
PLAIN = {
    "WAV": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"), "WAVEX": ("PCM_16", "PCM_24", "FLOAT"),
    "RF64": ("PCM_16", "PCM_24", "FLOAT"), "AIFF": ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
    "AU": ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
    "CAF": ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"), "W64": ("PCM_U8", "PCM_16", "PCM_24", "FLOAT"),
    "FLAC": ("PCM_S8", "PCM_16", "PCM_24"),
}  # fmt: skip


def make_tones(channels: int, rate: int, seconds: float = 1.0, step: float = 15.0) -> Audio:
    """A tone of its own in each channel, low enough for a channel of low frequencies alone: 50, 65, 80 Hz, ..."""
    time = np.arange(round(seconds * rate)) / rate
    return Audio(np.stack([0.4 * np.sin(2 * np.pi * (50 + step * c) * time) for c in range(channels)], axis=1), rate)


def find_tones(audio: Audio) -> list[int]:
    """The strongest frequency of each channel, in hertz."""
    spectrum = np.abs(np.fft.rfft(audio.samples, axis=0))
    return [round(float(at) * audio.rate / audio.frames) for at in spectrum.argmax(axis=0)]


@pytest.mark.parametrize(("kind", "subtype"), [(kind, each) for kind, subtypes in PLAIN.items() for each in subtypes])
@pytest.mark.parametrize(("channels", "rate"), [(1, 8000), (2, 44_100), (6, 96_000)])
def test_uncompressed_files_and_flac_are_read_exactly(
    tmp_path: Path, kind: str, subtype: str, channels: int, rate: int
) -> None:
    if subtype in BITS:
        top = 2 ** (BITS[subtype] - 1)
        whole = RNG.integers(-top, top, (FRAMES, channels))
        whole[:2] = [[-top], [top - 1]]
        expected = (whole / top).astype(np.float32)
        written: Any = (whole << (32 - BITS[subtype])).astype(np.int32)
    else:
        expected = RNG.normal(size=(FRAMES, channels)).astype(np.float32)
        written = expected.astype(np.float64)
    soundfile.write(tmp_path / "a", written, rate, subtype, format=kind)

    audio = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert (audio.rate, audio.frames) == (rate, FRAMES)
    np.testing.assert_array_equal(audio.samples, expected)
    assert list(AUDIO.find_doubts(tmp_path / "a", LIMITS)) == []


CODED = [
    ("matroska", "flac", 0), ("matroska", "pcm_s16le", 0), ("matroska", "pcm_f32le", 0), ("matroska", "alac", 0),
    ("matroska", "wavpack", 0), ("matroska", "tta", 0), ("ipod", "alac", 0), ("mov", "pcm_s24le", 0),
    ("wav", "pcm_s16le", 0), ("aiff", "pcm_s16be", 0), ("nut", "flac", 0), ("tta", "tta", 0), ("wv", "wavpack", 0),
    ("avi", "pcm_s16le", 0), ("ogg", "flac", 0), ("wav", "pcm_alaw", 0), ("wav", "pcm_mulaw", 0),
    ("caf", "alac", 0.03), ("ipod", "aac", 0.1), ("mp4", "ac3", 0.15), ("matroska", "aac", 0.1),
    ("matroska", "libopus", 0.1), ("matroska", "mp3", 0.12), ("mp2", "mp2", 0.15), ("ac3", "ac3", 0.15),
    ("asf", "wmav2", 0.25), ("mpegts", "aac", 0.15), ("adts", "aac", 0.15), ("wav", "adpcm_ms", 0.1),
]  # fmt: skip


STEREO_AT_MOST = ("mp3", "mp2", "wmav2", "adpcm_ms")


@pytest.mark.parametrize(
    ("container", "codec", "slack", "channels", "rate"),
    [
        (*row, channels, rate)
        for row in CODED
        for channels, rate in ((1, 48_000), (2, 44_100), (6, 48_000))
        if channels <= 2 or row[1] not in STEREO_AT_MOST
    ],
)
def test_files_of_ffmpeg_are_read_whole_with_channels_in_order(
    tmp_path: Path, container: str, codec: str, slack: float, channels: int, rate: int
) -> None:
    rate = 48_000 if codec == "libopus" else rate
    audio = make_tones(channels, rate)
    with av.open(tmp_path / "a", "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate, layout=get_layout(channels))
        if codec in ("wavpack", "tta"):  # FFmpeg takes 8 bits if not asked
            stream.format = {"wavpack": "fltp", "tta": "s32"}[codec]
        if slack:
            stream.bit_rate = 128_000 * channels
        for index, block in enumerate(audio.blocks(4096)):
            target.mux(stream.encode(create_audio_frame(block, 4096 * index, rate)))
        target.mux(stream.encode(None))

    seen = AUDIO.read_file(tmp_path / "a", LIMITS)

    assert (seen.rate, seen.channels) == (rate, channels)
    assert abs(seen.duration - audio.duration) <= slack
    middle = Audio(seen.samples[rate // 10 : rate // 10 + rate // 5 * 4], rate)
    assert max(abs(a - b) for a, b in zip(find_tones(middle), [50 + 15 * c for c in range(channels)], strict=True)) <= 1
    if slack == 0:
        level = 2e-4 if "law" not in codec else 0.02
        assert np.abs(seen.samples - audio.samples).max() <= level


@pytest.mark.parametrize(
    ("extension", "channels", "rate"),
    [
        (extension, channels, rate)
        for extension in AudioType.extensions
        for channels, rate in ((1, 8000), (2, 44_100), (2, 96_000), *((n, 48_000) for n in range(1, 9)))
        if channels <= 2 or extension not in STEREO_AT_MOST
    ],
)
def test_what_is_written_is_what_ffmpeg_and_libsndfile_read(
    tmp_path: Path, extension: str, channels: int, rate: int
) -> None:
    audio, path = make_tones(channels, rate), tmp_path / f"a.{extension}"

    AUDIO.write_file(audio, path, "{}")

    seen = AUDIO.read_file(path, LIMITS)
    readings = [seen]
    with av.open(path) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
        parts = [part for frame in [*container.decode(stream), None] for part in resampler.resample(frame)]
        arrays = [part.to_ndarray().reshape(-1, channels) for part in parts]
        readings.append(Audio(np.concatenate(arrays), stream.rate))
    if extension not in ("m4a", "mp3"):
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
        order = VORBIS_ORDER.get(channels) if extension in ("ogg", "opus") else None  # libsndfile leaves it as it is
        readings.append(Audio(samples if order is None else samples[:, order], found))
    for reading in readings:
        assert reading.channels == channels
        assert abs(reading.duration - audio.duration) < (0.06 if reading is not seen else 0.002)
        length = reading.rate * 4 // 5
        middle = Audio(reading.samples[reading.rate // 10 : reading.rate // 10 + length], reading.rate)
        found_tones = find_tones(middle)
        assert max(abs(a - b) for a, b in zip(found_tones, [50 + 15 * c for c in range(channels)], strict=True)) <= 1
        assert channels > 2 or np.abs(np.sqrt(2 * (middle.samples**2).mean(axis=0)) / 0.4 - 1).max() < 0.04
    if extension in ("flac", "wav"):
        assert all(np.abs(each.samples - audio.samples).max() <= 2.0**-23 for each in readings)
