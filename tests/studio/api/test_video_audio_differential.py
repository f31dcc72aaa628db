"""The audio of videos, against the samples that were written: container x codec x rate x channels.

The samples are noise, whose place is found exactly by correlation: audio is in step with the frames to a fraction of
the delay that codecs add. A lossless codec gives back every sample. The slow test leaves a table.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from studio.api.av_file import create_audio_frame, get_layout
from tests.studio.api.videos import LIMITS, VIDEO
from tests.tables import Recorder, add_row

SOUNDS = "Audio of videos read, against the samples that were written"
SECONDS = 1.0
LOSSLESS = ("pcm_s16le", "pcm_s24le", "pcm_f32le", "flac", "alac")
FORMATS = [
    ("mp4", "aac"), ("mp4", "libmp3lame"), ("mp4", "ac3"), ("mp4", "eac3"), ("mp4", "flac"), ("mp4", "libopus"),
    ("mp4", "alac"),
    ("mov", "aac"), ("mov", "pcm_s16le"), ("mov", "pcm_s24le"), ("mov", "alac"),
    ("mkv", "aac"), ("mkv", "libopus"), ("mkv", "vorbis"), ("mkv", "flac"), ("mkv", "pcm_s16le"),
    ("mkv", "pcm_f32le"), ("mkv", "libmp3lame"), ("mkv", "ac3"), ("mkv", "mp2"),
    ("webm", "libopus"), ("webm", "vorbis"),
    ("avi", "pcm_s16le"), ("avi", "libmp3lame"), ("avi", "ac3"),
    ("ts", "aac"), ("ts", "mp2"), ("ts", "ac3"), ("ts", "libmp3lame"), ("ts", "libopus"),
    ("mpg", "mp2"), ("flv", "aac"), ("flv", "libmp3lame"), ("nut", "flac"), ("nut", "pcm_f32le"),
]  # fmt: skip
RATES = [8000, 44_100, 48_000, 96_000]
CHANNELS = [1, 2, 6]
Array = npt.NDArray[Any]
Kind = tuple[str, str]
KNOWN = {
    ("mkv", "mp2"): "the encoder of MP2 leaves out its last, incomplete block",
    ("ts", "mp2"): "the encoder of MP2 leaves out its last, incomplete block",
    ("mpg", "mp2"): "the encoder of MP2 leaves out its last, incomplete block",
    ("avi", "libmp3lame"): "AVI does not record the delay of its codec",
    ("avi", "ac3"): "AVI does not record the delay of its codec",
}
"""Differences that the file is the cause of; FFmpeg reads the same."""
_VIDEO = {"webm": ("libvpx-vp9", {}), "mpg": ("mpeg1video", {}), "flv": ("flv", {}), "ts": ("mpeg2video", {})}


def can_write(extension: str, codec: str, rate: int, channels: int) -> bool:
    found = av.Codec(codec, "w")
    if extension == "flv" and (channels == 6 or rate == 96_000):  # which FFmpeg reads at another rate, or not at all
        return False
    if channels not in {"libmp3lame": (1, 2), "mp2": (1, 2), "vorbis": (2,)}.get(codec, CHANNELS):
        return False
    if codec == "libopus" and rate != 48_000:  # which Opus decodes to
        return False
    is_rough = rate == 8000 and channels == 6 and codec not in LOSSLESS  # too few bits to compare
    return not is_rough and (not found.audio_rates or rate in found.audio_rates)


def make_noise(frames: int, channels: int) -> Array:
    """Noise of low frequencies, which every codec keeps, a different one in each channel."""
    spectrum = np.fft.rfft(np.random.default_rng(5).normal(size=(frames, channels)), axis=0)
    spectrum[frames * 90 // len(spectrum) // 2 :] = 0
    spectrum[round(2000 * SECONDS) :] = 0
    spectrum[: round(30 * SECONDS)] = 0
    noise = np.fft.irfft(spectrum, frames, axis=0)
    return (noise / np.abs(noise).max() * 0.5).astype(np.float32)


def write_file(path: Path, codec: str, samples: Array, rate: int) -> None:
    name, options = _VIDEO.get(path.suffix[1:], ("mpeg4", {}))
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(name, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio: Any = container.add_stream(
            codec, rate=rate, options={"strict": "-2"} if codec in ("flac", "vorbis") else {}
        )
        audio.layout = get_layout(samples.shape[1])
        if codec not in LOSSLESS:
            audio.bit_rate = 96_000 * samples.shape[1]
        resampler = av.AudioResampler(format=audio.codec_context.format, layout=audio.layout, rate=rate)
        for index in range(25):
            frame: Any = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 9 * index, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        size = audio.codec_context.frame_size or 1024
        for start in range(0, len(samples), size):
            for part in resampler.resample(create_audio_frame(samples[start : start + size], start, rate)):
                container.mux(audio.encode(part))
        container.mux(audio.encode(None))


def write_avi(path: Path, codec: str, options: dict[str, str], samples: Array) -> None:
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        audio: Any = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for index in range(25):
            frame: Any = av.VideoFrame.from_ndarray(np.full((96, 128, 3), 9 * index, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        block = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        block.rate, block.pts, block.time_base = 8000, 0, Fraction(1, 8000)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))


def find_lag(seen: Array, written: Array) -> int:
    """By how many samples one comes later than the other."""
    size = 1 << (len(seen) + len(written)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(seen, size) * np.conj(np.fft.rfft(written, size)))
    lag = int(np.argmax(correlation))
    return lag if lag < size // 2 else lag - size


def compare(folder: Path, kind: Kind, rate: int, channels: int) -> tuple[float, float, float]:
    """Return how far audio is out of step and too long or short, in milliseconds, and the error by the level."""
    written = make_noise(round(SECONDS * rate), channels)
    path = folder / f"a.{kind[0]}"
    write_file(path, kind[1], written, rate)

    audio = VIDEO.read_file(path, LIMITS).audio

    assert audio is not None
    assert (audio.rate, audio.channels) == (rate, channels)
    lags = [find_lag(audio.samples[:, each], written[:, each]) for each in range(channels)]
    lag = max(lags, key=abs)
    seen = audio.samples[max(lag, 0) :][: len(written) - max(-lag, 0)]
    same = written[max(-lag, 0) :][: len(seen)]
    error = float(np.sqrt(np.mean((seen - same) ** 2) / np.mean(same**2)))
    return lag / rate * 1000, (audio.frames - len(written)) / rate * 1000, error


def is_good(kind: Kind, lag: float, longer: float, error: float) -> bool:
    if kind[1] in LOSSLESS:
        return lag == 0 and longer == 0 and error < 1e-4
    latest, least = (140, -25) if kind in KNOWN else (1.1, -1)
    return abs(lag) < latest and least < longer < (155 if kind in KNOWN else 65) and error < 0.2


@pytest.mark.parametrize("kind", FORMATS, ids="-".join)
def test_audio_of_a_video_is_in_step_with_its_frames(tmp_path: Path, kind: Kind) -> None:
    assert is_good(kind, *compare(tmp_path, kind, 48_000, 2))


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a wide product: 5 minutes on a busy machine
def test_audio_in_every_format_rate_and_number_of_channels_is_what_was_written(
    tmp_path: Path, record_property: Recorder
) -> None:
    failed = []
    for kind in FORMATS:
        cases, found = list[tuple[int, int]](), list[tuple[float, float, float]]()
        for case in [each for each in product(RATES, CHANNELS) if can_write(*kind, *each)]:
            with suppress(av.error.FFmpegError):  # FFmpeg does not write it
                found.append(compare(tmp_path, kind, *case))
                cases.append(case)
        bad = [case for case, each in zip(cases, found, strict=True) if not is_good(kind, *each)]
        failed += [(kind, case) for case in bad]
        lag, longer, error = (max(column, key=abs) for column in zip(*found, strict=True))
        row = {"file": f".{kind[0]}", "codec": kind[1], "rates x channels": len(cases)}
        row |= {"out of step, ms": f"{lag:.2f}", "longer, ms": f"{longer:.1f}", "error": f"{error:.5f}"}
        add_row(record_property, SOUNDS, row | {"result": f"differs: {bad}" if bad else KNOWN.get(kind, "ok")})
    assert failed == []


@pytest.mark.parametrize(
    ("codec", "options"), [("libx264", {"bf": "2"}), ("libx264", {"bf": "0"}), ("mpeg4", {"bf": "2"})]
)
def test_avi_with_b_frames_loses_no_frame_and_no_audio(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    written = (make_noise(8000, 1)[:, 0] * 32767).astype(np.int16)
    write_avi(tmp_path / "a.avi", codec, options, written)

    video = VIDEO.read_file(tmp_path / "a.avi", LIMITS)

    assert video.audio is not None
    assert np.array_equal(np.round(video.audio.samples[:, 0] * 32768), written)
    seen = [(round(frame.time, 3), float(frame.image.pixels.mean())) for frame in video.frames()]
    assert [time for time, _ in seen] == [round(i / 25, 3) for i in range(25)]
    assert [level for _, level in seen] == pytest.approx(
        [9 * i / 255 for i in range(25)], abs=0.03
    )  # of 0.035 from frame to frame
    assert (video.count, video.duration) == (25, 1.0)
