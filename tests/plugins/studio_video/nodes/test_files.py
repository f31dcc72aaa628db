"""Videos loaded and probed, sound and broken alike."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio.api import AudioType, MediaError, StudioError, Video
from studio.testing import TestContext
from studio_video.nodes import files
from studio_video.nodes.edit import loop_video
from tests.plugins.studio_video.clips import draw, make_video, open_file, read_times, tone, write_clip


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm", "gif"])
def test_videos_load_with_their_frames_and_audio(tmp_path: Path, extension: str) -> None:
    file = write_clip(tmp_path / f"a.{extension}", make_video())
    ctx = TestContext()
    film = files.load_video(ctx, file)

    assert (film.width, film.height, len(read_times(film))) == (64, 48, 12)
    assert (film.audio is None) == (extension == "gif")
    assert ctx.messages == []
    assert film.duration == pytest.approx(1.0, abs=0.03)


def write_uneven(path: Path) -> list[float]:
    """Write a video with uneven times."""
    times = [0.0, 0.1, 0.15, 0.6, 0.7, 1.4, 1.45, 2.0]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw(index), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return times


def test_uneven_times_are_kept_and_said(tmp_path: Path) -> None:
    times = write_uneven(tmp_path / "a.mkv")
    ctx = TestContext()
    film = files.load_video(ctx, open_file(tmp_path / "a.mkv"))

    assert read_times(film) == pytest.approx(times, abs=0.002)
    assert any("unevenly" in message for message in ctx.messages)


def test_a_rate_makes_times_even(tmp_path: Path) -> None:
    write_uneven(tmp_path / "a.mkv")
    film = files.load_video(TestContext(), open_file(tmp_path / "a.mkv"), fps=10.0)

    times = read_times(film)
    assert np.allclose(np.diff(times), 0.1)
    assert len(times) == pytest.approx(20, abs=1)
    assert film.rate == 10


def test_a_rotated_video_stands_upright(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", make_video(3))
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 0x10000
    data[at : at + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 0x40000000)
    (tmp_path / "b.mp4").write_bytes(data)

    film = files.load_video(TestContext(), open_file(tmp_path / "b.mp4"))
    first = next(film.frames()).image

    assert (film.width, film.height, first.width, first.height) == (48, 64, 48, 64)


def test_a_file_that_is_cut_off_gives_what_is_there_and_says_so(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "a.mp4", make_video(120, 160, 120))
    data = file.path.read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 2 // 3])
    ctx = TestContext()

    film = files.load_video(ctx, open_file(tmp_path / "b.mp4"))

    assert 20 < len(read_times(film)) < 120
    assert any("truncated" in message for message in ctx.messages)


def test_a_video_that_was_trimmed_by_copying_is_not_called_damaged(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "a.mp4", make_video(30))
    with av.open(str(file.path)) as source, av.open(str(tmp_path / "b.mp4"), "w") as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        off = int(Fraction(10, 25) / stream.time_base)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - off, packet.dts - off, copied
                target.mux(packet)
    ctx = TestContext()

    film = files.load_video(ctx, open_file(tmp_path / "b.mp4"))

    assert 0 < len(read_times(film)) < 30
    assert not any("damaged" in message for message in ctx.messages)


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_file_with_nothing_left_of_it_is_refused(tmp_path: Path, keep: int) -> None:
    file = write_clip(tmp_path / "a.mp4", make_video(3))
    (tmp_path / "b.mp4").write_bytes(file.path.read_bytes()[:keep])

    with pytest.raises(MediaError, match="E511"):
        files.load_video(TestContext(), open_file(tmp_path / "b.mp4"))


def test_audio_alone_is_not_a_video(tmp_path: Path) -> None:
    AudioType().write_file(tone(0.5), tmp_path / "a.m4a", None)

    with pytest.raises(MediaError, match="audio alone"):
        files.load_video(TestContext(), open_file(tmp_path / "a.m4a"))


def test_a_header_that_lies_about_the_size_makes_no_wrong_video(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "a.mp4", make_video(3))
    data = bytearray(file.path.read_bytes())
    at = data.index(b"avc1") + 4 + 24
    data[at : at + 4] = struct.pack(">HH", 4000, 30)
    (tmp_path / "b.mp4").write_bytes(data)

    film = files.load_video(TestContext(), open_file(tmp_path / "b.mp4"))

    assert {(f.image.width, f.image.height) for f in film.frames()} == {(64, 48)} == {(film.width, film.height)}


def test_a_header_that_lies_about_the_length_is_not_believed(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "a.mkv", make_video(12))
    data = bytearray(file.path.read_bytes())
    at = data.index(b"\x44\x89") + 3
    data[at : at + 8] = struct.pack(">d", 3_600_000.0)
    (tmp_path / "b.mkv").write_bytes(data)

    film = files.load_video(TestContext(), open_file(tmp_path / "b.mkv"))

    assert film.duration == pytest.approx(1.0, abs=0.05)
    assert film.count in (None, 12)


def test_a_video_that_changes_its_size_says_where(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.ivf"), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(draw(0), format="rgb24").reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    small = (tmp_path / "a.ivf").read_bytes()
    with av.open(str(tmp_path / "b.ivf"), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(draw(0, 32, 32), format="rgb24").reformat(format="yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    other = bytearray((tmp_path / "b.ivf").read_bytes()[32:])
    other[4:12] = struct.pack("<q", 1)
    (tmp_path / "c.ivf").write_bytes(small + other)

    film = files.load_video(TestContext(), open_file(tmp_path / "c.ivf"))
    with pytest.raises(StudioError, match="E504"):
        list(film.frames())


def test_probing_tells_what_is_there(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "a.mp4", make_video())
    facts: Any = files.probe_video(TestContext(), file).facts

    film = facts["video"][0]
    assert (film["codec"], film["width"], film["frames"], film["rotation"]) == ("h264", 64, 12, 0)
    assert film["seconds"] == pytest.approx(1.0)
    assert not film["variable_rate"]
    assert facts["audio"][0]["codec"] == "aac"
    assert facts["warnings"] == []


def test_a_playlist_reaches_no_other_file(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", make_video(2))
    (tmp_path / "b.mp4").write_text(f"ffconcat version 1.0\nfile {tmp_path / 'a.mp4'}\n", encoding="utf-8")

    with pytest.raises(MediaError, match="E511"):
        files.load_video(TestContext(), open_file(tmp_path / "b.mp4"))


@pytest.mark.slow
def test_a_hundred_thousand_tiny_frames_go_through(tmp_path: Path) -> None:
    from studio.api import Frame, Image
    from tests.plugins.studio_video.clips import name_output

    image = Image(np.full((1, 1, 3), 90, np.uint8))
    film = Video(
        lambda: (Frame(image, index / 1000) for index in range(100_000)), width=1, height=1, rate=Fraction(1000)
    )
    files.save_video(TestContext(), film, name_output(tmp_path / "a.mkv"), pixel_format="yuv444p")
    loaded = files.load_video(TestContext(), open_file(tmp_path / "a.mkv"))

    assert sum(1 for _ in loaded.frames()) == 100_000


def test_a_video_that_is_cut_off_is_as_long_as_what_is_left(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", make_video(60))
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) // 2])
    context = TestContext()

    film = files.load_video(context, open_file(tmp_path / "b.mp4"))
    left = sum(1 for _ in film.frames())

    assert 0 < left < 60
    assert film.count in (None, left)
    assert film.duration == pytest.approx(left / 12, abs=1e-3)
    assert sum(1 for _ in loop_video(context, film, count=2).frames()) == 2 * left


def write_apart(path: Path, video_start: float, audio_start: float) -> None:
    """Write ten frames and 1.5 s of sound that begin at other times; a click comes 0.75 s after the audio's start."""
    with av.open(str(path), "w") as container:
        video, audio = container.add_stream("ffv1", rate=10), container.add_stream("pcm_s16le", rate=8000)
        video.width, video.height, video.pix_fmt = 32, 32, "bgr0"
        video.codec_context.time_base = Fraction(1, 1000)
        audio.layout = "mono"
        packets = []
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), index * 20, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round((video_start + index / 10) * 1000), Fraction(1, 1000)
            packets += video.encode(frame)
        samples = np.zeros((1, 12_000), np.int16)
        samples[0, 6000] = 20_000
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = 8000, round(audio_start * 8000), Fraction(1, 8000)
        packets += [*video.encode(None), *audio.encode(sound), *audio.encode(None)]
        for packet in sorted(packets, key=lambda one: one.pts * one.time_base):
            container.mux(packet)


@pytest.mark.parametrize(
    ("video_start", "audio_start", "click"), [(0.0, 0.0, 0.75), (0.5, 0.0, 0.25), (0.0, 0.5, 1.25), (0.5, 0.5, 0.75)]
)
def test_audio_that_starts_before_the_video_is_cut_and_audio_that_starts_later_waits(
    tmp_path: Path, video_start: float, audio_start: float, click: float
) -> None:
    write_apart(tmp_path / "a.mkv", video_start, audio_start)

    film = files.load_video(TestContext(), open_file(tmp_path / "a.mkv"))

    assert film.audio is not None
    assert np.flatnonzero(np.abs(film.audio.samples[:, 0]) > 0.3) / 8000 == pytest.approx([click], abs=1e-3)
    assert film.audio.duration == pytest.approx(click + 0.75, abs=1e-3)
    assert next(film.frames()).time == 0.0
