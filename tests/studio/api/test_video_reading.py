"""Videos read: depth, rotation, alpha, audio in step, damaged files and limits."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from studio.api.audio import Audio
from studio.api.av_file import decode_packets
from studio.api.image import Image
from studio.api.video import Video
from studio.api.video_file import VideoType
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.media_files import make_corner, write_frames
from tests.studio.api.videos import GRAPH, LIMITS, VIDEO, make_noise, make_ramp


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_the_rotation_flag_is_applied(tmp_path: Path, turn: int) -> None:
    image = np.full((48, 64, 3), 20, np.uint8)
    image[:24, :32] = 220  # the top left
    VIDEO.write_file(Video.from_images([Image(image)] * 3, 25), tmp_path / "a.mp4", None)
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]  # clockwise, as ISO 14496-12 turns
    plain = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", cosine << 16, sine << 16, 0, -sine << 16, cosine << 16, 0, 0, 0, 1 << 30)
    data = (tmp_path / "a.mp4").read_bytes()
    at = data.index(plain, data.index(b"tkhd"))
    (tmp_path / "b.mp4").write_bytes(data[:at] + turned + data[at + 36 :])

    video = VIDEO.read_file(tmp_path / "b.mp4", LIMITS)

    expected = np.rot90(image, -turn // 90)
    seen = next(video.frames()).image.to_uint8()
    assert (video.height, video.width) == expected.shape[:2]
    assert np.abs(seen.astype(int) - expected).mean() < 4


def test_gif_that_is_opaque_is_rgb_and_one_that_is_not_is_rgba(tmp_path: Path) -> None:
    frames = [PIL.Image.new("RGBA", (8, 8), (255, 0, 0, 255)), PIL.Image.new("RGBA", (8, 8), (0, 255, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    frames[0].putpixel((0, 0), (0, 0, 0, 0))
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:], duration=100)

    assert VIDEO.read_file(tmp_path / "a.gif", LIMITS).channels == 3
    assert VIDEO.read_file(tmp_path / "b.gif", LIMITS).channels == 4
    assert next(VIDEO.read_file(tmp_path / "b.gif", LIMITS).frames()).image.pixels[0, 0, 3] == 0


def test_a_ten_bit_video_is_read_at_sixteen_bits(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    array = np.broadcast_to(ramp[None, :, None], (48, 64, 3)).copy()
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gbrp10le"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb48le").reformat(format="gbrp10le")))
        container.mux(stream.encode(None))

    seen = next(VIDEO.read_file(tmp_path / "a.mkv", LIMITS).frames()).image

    assert seen.stored.dtype == np.uint16
    assert np.abs(seen.stored.astype(int) - array).max() < 100  # 10 bits have steps of 64


def test_audio_that_starts_later_is_preceded_by_silence(tmp_path: Path) -> None:
    loud = np.full((1, 8000), 16_000, np.int16)
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        pictures = container.add_stream("ffv1", rate=25)
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format="yuv420p")
            frame.pts = index
            container.mux(pictures.encode(frame))
        block = av.AudioFrame.from_ndarray(loud, format="s16", layout="mono")
        block.rate, block.pts, block.time_base = 8000, 4000, Fraction(1, 8000)
        container.mux(sound.encode(block))
        container.mux(pictures.encode(None))

    audio = VIDEO.read_file(tmp_path / "a.mkv", LIMITS).audio

    assert audio is not None
    assert audio.frames == 12_000
    assert np.flatnonzero(audio.samples[:, 0])[0] == 4000


def check_refused(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as caught:
        VIDEO.read_file(path, limits)
    assert caught.value.code == "E511"
    assert caught.value.where == str(path)
    assert caught.value.hint
    return caught.value.message


def test_a_file_without_video_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"hello" * 999)
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {tmp_path}/x.mp4\n", encoding="utf-8")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="flt", layout="mono")
        block.rate = 44_100
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))

    for name in ("pipe", "empty", "text", "list.mp4", "missing", "."):
        check_refused(tmp_path / name)

    assert "no video" in check_refused(tmp_path / "sound.mp4")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_a_truncated_video_is_refused_or_gives_the_frames_that_are_there(
    tmp_path: Path, extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    VIDEO.write_file(Video.from_images(make_noise(20, size=(48, 64)), 25), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "short").write_bytes(data[: len(data) // 50])
    (tmp_path / "half").write_bytes(data[: len(data) // 2])

    if extension != "gif":  # of which FFmpeg gives the rows that are there
        check_refused(tmp_path / "short")
    if extension == "webp":  # whose decoder takes whole files alone
        check_refused(tmp_path / "half")
        return
    assert 1 <= sum(1 for _ in VIDEO.read_file(tmp_path / "half", LIMITS).frames()) < 20
    assert capfd.readouterr() == ("", "")


def test_frames_that_the_decoder_holds_back_are_there_where_the_file_ends_in_an_error(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.mp4", [make_corner()] * 8, options={"bf": "3"}, pixels="yuv420p")
    seen: list[float] = []

    with av.open(str(tmp_path / "a.mp4")) as container:
        failing = FailingContainer(container, 8)
        seen += [frame.time for frame in decode_packets(failing, container.streams.video[0])]

    assert seen == [index / 25 for index in range(8)]


class FailingContainer:
    """A container of which the demuxer fails behind some packets, as for a stream that changes its parameters."""

    def __init__(self, container: Any, packets: int) -> None:
        self._container, self._packets = container, packets

    def demux(self, stream: Any) -> Iterator[Any]:
        yield from islice(self._container.demux(stream), self._packets)
        raise av.error.PatchWelcomeError(0, "not implemented")


def find_code(path: Path) -> str:
    """The code of the error that reading a file ends in, "" for none; any other error passes through."""
    try:
        video = VIDEO.read_file(path, MediaLimits(max_pixels=1_000_000, max_audio_seconds=60))
        for _, _frame in zip(range(10), video.frames(), strict=False):
            pass
        _ = video.audio
    except MediaError as error:
        return error.code
    return ""


@pytest.mark.parametrize("extension", ["mp4", "mkv", "gif"])
def test_mutated_videos_are_read_or_refused_and_nothing_else(
    tmp_path: Path, extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(4)
    audio = Audio(np.zeros(3000), 8000)
    VIDEO.write_file(Video.from_images(make_ramp(3), 25, audio), tmp_path / f"a.{extension}", GRAPH)
    data = (tmp_path / f"a.{extension}").read_bytes()
    for _ in range(60):
        mutated = bytearray(data)
        for at in rng.integers(0, len(data), 8):
            mutated[at] = rng.integers(0, 256)
        (tmp_path / "m").write_bytes(mutated)
        assert find_code(tmp_path / "m") in ("", "E504", "E511")
        VIDEO.read_provenance(tmp_path / "m")

    assert capfd.readouterr() == ("", "")


def test_size_limits_hold(tmp_path: Path) -> None:
    VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / "a.mp4", None)

    assert "over the limit" in check_refused(tmp_path / "a.mp4", MediaLimits(max_pixels=64 * 48 - 1))
    assert "over the limit" in check_refused(tmp_path / "a.mp4", MediaLimits(max_side=63))
    assert "bytes" in check_refused(tmp_path / "a.mp4", MediaLimits(max_file_bytes=100))
