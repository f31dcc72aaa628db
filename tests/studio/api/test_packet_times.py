"""Times of frames and audio: lengths, gaps, jumps of timestamps, and what a header gets wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio.api import av_audio, video_reading
from studio.api.audio_file import AudioType
from studio.api.image import Image
from studio.api.packet_times import StreamTimes, scan_packets
from studio.api.video import Frame, Video
from studio.api.video_file import VideoType
from studio.api.video_writing import Encoding, write_video
from studio.settings import MediaLimits
from tests.studio.api.media_files import measure_pitch, write_frames, write_part, write_tracks
from tests.studio.api.videos import LIMITS, VIDEO, make_ramp


def make_uneven() -> Video:
    """Frames of 100, 200 and 2000 ms."""
    frames = [Frame(image, time) for image, time in zip(make_ramp(3), (0.0, 0.1, 0.3), strict=True)]
    return Video(lambda: iter(frames), width=64, height=48, rate=Fraction(10), count=3, duration=2.3)


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm", "gif", "apng", "webp"])
def test_the_last_frame_lasts_as_long_in_every_format(tmp_path: Path, extension: str) -> None:
    write_video(make_uneven(), tmp_path / f"a.{extension}", None)

    seen = VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS)

    assert [frame.time for frame in seen.frames()] == pytest.approx([0.0, 0.1, 0.3], abs=1e-3)
    assert seen.duration == pytest.approx(2.3, abs=1e-3)


def make_moving(steps: list[int]) -> Video:
    """A square that moves over grey, so that encoders make B-frames; each frame shows for so many hundredths."""
    images = [np.full((48, 64, 3), 60, np.uint8) for _ in steps]
    for index, pixels in enumerate(images):
        pixels[10:26, index : index + 16] = (220, 180, 40)
    frames = [Frame(Image(pixels), sum(steps[:index]) / 100) for index, pixels in enumerate(images)]
    length = sum(steps) / 100
    return Video(lambda: iter(frames), width=64, height=48, rate=Fraction(10), count=len(steps), duration=length)


X264 = Encoding("mp4", "libx264", "aac", "yuv420p", {"crf": "18", "preset": "medium"})
X265 = Encoding("mp4", "libx265", "aac", "yuv420p", {"x265-params": "log-level=error"})
STEPS = {  # hundredths; what shows last is decoded last in some, before a B-frame in others
    "short last": [10, 10, 4, 20, 5, 37, 8, 8, 4, 10, 5, 20, 37, 4, 4, 10, 8, 5, 20, 10, 37, 8, 10, 20, 4],
    "long last": [10, 8, 8, 37, 10, 8, 20, 20, 10, 20, 10, 10, 8, 10, 10, 37, 5, 8, 10, 8, 20, 20, 5, 4, 37],
    "long start": [37, 10, 8, 8, 5, 20, 37, 10, 5, 4, 5, 37, 8, 37, 10, 20, 10, 20, 8, 8, 20, 8, 4, 5, 37],
    "long first": [37, 8, 20, 8, 37, 5, 37, 8, 37, 20, 10, 10, 4, 5, 4, 20, 4, 20, 4, 8, 20, 8, 37, 5, 8],
    "short": [4, 37, 5],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("encoding", [X264, replace(X264, container="mov"), X265], ids=["mp4", "mov", "x265"])
def test_uneven_frames_with_b_frames_end_when_they_should(tmp_path: Path, encoding: Encoding, steps: list[int]) -> None:
    path = tmp_path / f"a.{encoding.container}"

    write_video(make_moving(steps), path, None, encoding)

    with av.open(str(path)) as container:
        stream: Any = container.streams.video[0]
        declared = [(container.duration or 0) / 1e6, float(stream.duration * stream.time_base)]
        decoded = [packet.pts for packet in container.demux(stream) if packet.size]
    seen = VIDEO.read_file(path, LIMITS)
    assert len(steps) < 25 or decoded != sorted(decoded)
    assert [*declared, seen.duration] == pytest.approx([sum(steps) / 100] * 3, abs=1.5e-3)
    assert [frame.time for frame in seen.frames()] == pytest.approx([sum(steps[:n]) / 100 for n in range(len(steps))])


def test_the_last_frame_lasts_as_long_in_the_cache(tmp_path: Path) -> None:
    VIDEO.encode(make_uneven(), tmp_path / "a.nut")
    stored = VIDEO.decode(tmp_path / "a.nut")

    VIDEO.encode(stored, tmp_path / "b.nut")

    assert (stored.duration, stored.count) == (2.3, 3)
    assert (tmp_path / "a.nut").read_bytes() == (tmp_path / "b.nut").read_bytes()


def test_a_duration_that_is_not_given_is_known_once_the_frames_were_read() -> None:
    passes = []

    def create_frames() -> list[Frame]:
        passes.append(1)
        return [Frame(image, index / 10) for index, image in enumerate(make_ramp(3))]

    video = Video(lambda: iter(create_frames()), width=64, height=48, rate=Fraction(10))

    assert len(list(video.frames())) == 3
    assert video.duration == pytest.approx(0.3)
    assert len(passes) == 1


@pytest.mark.parametrize("extension", ["mkv", "nut"])
@pytest.mark.parametrize("gap", [0.05, 0.5, 3.0])
def test_gaps_in_the_audio_stay(tmp_path: Path, extension: str, gap: float) -> None:
    write_tracks(tmp_path / f"a.{extension}", [(440.0, "eng", True)], gap=(0.5, gap))

    video = VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).audio

    for audio in (video, AudioType().read_file(tmp_path / f"a.{extension}", LIMITS)):
        assert audio is not None
        assert audio.duration == pytest.approx(1.0 + gap, abs=0.002)
        samples = audio.samples[:, 0]
        quiet = samples[round(0.5 * 8000) + 16 : round((0.5 + gap) * 8000) - 16]
        assert np.abs(quiet).max() == 0
        assert measure_pitch(samples[-3200:]) == pytest.approx(440, abs=3)


def test_timestamps_that_jump_are_joined_in_sound_and_vision(tmp_path: Path) -> None:
    parts = [write_part(tmp_path / f"{n}.ts", tone, level) for n, (tone, level) in enumerate([(440, 60), (880, 180)])]
    (tmp_path / "a.ts").write_bytes(b"".join(parts))

    video = VIDEO.read_file(tmp_path / "a.ts", LIMITS)

    frames = list(video.frames())
    assert len(frames) == 50
    assert [frame.time for frame in frames] == pytest.approx([index / 25 for index in range(50)], abs=0.03)
    assert video.duration == pytest.approx(2.0, abs=0.03)
    assert video.audio is not None
    assert video.audio.duration == pytest.approx(2.0, abs=0.06)
    samples = video.audio.samples[:, 0]
    assert measure_pitch(samples[9600:38_400], 48_000) == pytest.approx(440, abs=3)
    assert measure_pitch(samples[57_600:86_400], 48_000) == pytest.approx(880, abs=3)
    assert any("timestamps jump" in doubt for doubt in VideoType().find_doubts(tmp_path / "a.ts", LIMITS))
    VIDEO.write_file(video, tmp_path / "b.mp4", None)
    assert VIDEO.read_file(tmp_path / "b.mp4", LIMITS).duration == pytest.approx(2.0, abs=0.03)


def test_the_packets_of_a_file_are_read_once_for_frames_and_audio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ts").write_bytes(write_part(tmp_path / "0.ts", 440, 60) + write_part(tmp_path / "1.ts", 880, 180))
    scans = []

    def scan(path: Path, limits: MediaLimits) -> dict[int, StreamTimes]:
        scans.append(path)
        return scan_packets(path, limits)

    for module in (video_reading, av_audio):
        monkeypatch.setattr(module, "scan_packets", scan)

    video = VIDEO.read_file(tmp_path / "a.ts", LIMITS)
    seen = (len(list(video.frames())), video.duration, video.count)

    assert video.audio is not None
    assert seen[0] == 50
    assert len(scans) == 1


@pytest.mark.parametrize(("start", "says"), [(0.0, False), (0.08, False), (0.52, True)])
def test_audio_before_the_first_frame_that_is_cut_off_is_told(tmp_path: Path, start: float, says: bool) -> None:
    write_tracks(tmp_path / "a.mkv", [(440.0, "eng", True)], video_start=start)

    doubts = VideoType().find_doubts(tmp_path / "a.mkv", LIMITS)

    assert any(f"the first {start:.2f} s of the audio" in doubt for doubt in doubts) == says


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_raw_streams_start_at_zero(tmp_path: Path, codec: str) -> None:
    raw = {"libx264": "h264", "libx265": "hevc", "mpeg4": "m4v"}[codec]
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    images = [image.to_uint8() for image in make_ramp(6)]
    write_frames(tmp_path / "a", images, codec=codec, pixels="yuv420p", container_format=raw, options=options)

    video = VIDEO.read_file(tmp_path / "a", LIMITS)

    assert video.duration == pytest.approx(6 / 25)
    assert (video.count, video.rate) == (6, 25)
    assert [frame.time for frame in video.frames()] == pytest.approx([index / 25 for index in range(6)], abs=1e-4)


def test_what_an_edit_list_cuts_off_is_not_counted(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.mp4", [image.to_uint8() for image in make_ramp(50)], options={"bf": "0", "g": "12"})
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    at = data.index(b"elst")
    scale = int.from_bytes(data[data.index(b"mdhd") + 16 : data.index(b"mdhd") + 20], "big")
    start = int.from_bytes(data[at + 16 : at + 20], "big") + scale // 2
    data[at + 16 : at + 20] = start.to_bytes(4, "big")
    data[at + 12 : at + 16] = (1500).to_bytes(4, "big")  # milliseconds, the clock of the movie
    (tmp_path / "b.mp4").write_bytes(data)

    video = VIDEO.read_file(tmp_path / "b.mp4", LIMITS)

    assert 36 <= sum(1 for _ in video.frames()) <= 38 < 50
    assert video.count == sum(1 for _ in video.frames())
    assert video.duration == pytest.approx(1.5, abs=0.045)


def test_the_rate_of_uneven_frames_is_the_nominal_one(tmp_path: Path) -> None:
    images = [image.to_uint8() for image in make_ramp(6)]
    write_frames(tmp_path / "a.mp4", images, times=[0, 1, 2, 3, 50, 51])

    video = VIDEO.read_file(tmp_path / "a.mp4", LIMITS)

    assert video.rate == 25
    assert video.count == 6


def test_packets_of_every_stream_are_scanned(tmp_path: Path) -> None:
    write_tracks(tmp_path / "a.mkv", [(440.0, "eng", True), (880.0, "fre", False)])

    found = scan_packets(tmp_path / "a.mkv", LIMITS)

    assert sorted(found) == [0, 1, 2]
    assert len(found[0].times) == 25
    assert [float(times.end or 0) for times in found.values()] == pytest.approx([1.0] * 3, abs=0.01)
