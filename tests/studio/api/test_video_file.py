"""Videos in files: read, written, refused, and never more of them in memory than needed."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import PIL.Image
import pytest

from studio.api.audio import Audio
from studio.api.image import Image
from studio.api.video import Video
from studio.api.video_file import VideoType
from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.videos import GRAPH, LIMITS, NTSC, VIDEO, make_noise, make_ramp, make_video


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_film_goes_through_every_format(tmp_path: Path, extension: str) -> None:
    audio = Audio(0.25 * np.sin(np.arange(48_000) / 20), 48_000)
    video = Video.from_images(make_ramp(25), 25, audio)

    VIDEO.write_file(video, tmp_path / f"a.{extension}", GRAPH)

    seen = VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS)
    frames = list(seen.frames())
    assert (seen.width, seen.height, seen.channels, seen.rate) == (64, 48, 3, 25)
    assert [round(frame.time, 3) for frame in frames] == [round(index / 25, 3) for index in range(25)]
    for frame, image in zip(frames, video.frames(), strict=True):
        assert np.abs(frame.image.pixels - image.image.pixels).max() < 0.02
    assert VIDEO.read_provenance(tmp_path / f"a.{extension}") == GRAPH
    if extension != "gif":
        assert seen.audio is not None
        assert abs(seen.audio.duration - 1.0) < (0.025 if extension == "mkv" else 0.001)
        assert abs(float(np.abs(seen.audio.samples).max()) - 0.25) < 0.02


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "mov"])
@pytest.mark.parametrize("colour", [(230, 20, 30), (10, 200, 60), (20, 30, 220)])
def test_colours_survive_within_the_codec(tmp_path: Path, extension: str, colour: tuple[int, int, int]) -> None:
    image = Image(np.full((48, 64, 3), colour, np.uint8))

    VIDEO.write_file(Video.from_images([image] * 3, 25), tmp_path / f"a.{extension}", None)

    seen = next(VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()).image.to_uint8()
    assert np.abs(seen.astype(int) - colour).max() <= 4


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_odd_sizes_are_padded_by_their_edge_where_the_codec_needs_it(tmp_path: Path, extension: str) -> None:
    image = np.full((47, 63, 3), 30, np.uint8)
    image[:, -1] = 200

    VIDEO.write_file(Video.from_images([Image(image)] * 2, 25), tmp_path / f"a.{extension}", None)

    seen = next(VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()).image
    assert (seen.width, seen.height) == ((63, 47) if extension == "gif" else (64, 48))
    assert seen.pixels[20, -1].min() > 0.7


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_independent_reader_sees_every_frame(tmp_path: Path, extension: str) -> None:
    VIDEO.write_file(Video.from_images(make_ramp(12), NTSC), tmp_path / f"a.{extension}", None)

    capture = cv2.VideoCapture(str(tmp_path / f"a.{extension}"))
    frames = []
    while (got := capture.read())[0]:
        frames.append(got[1].mean())
    capture.release()

    assert len(frames) == 12
    assert np.all(np.diff(frames) > 2)


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_index_comes_before_the_pictures(tmp_path: Path, extension: str) -> None:
    VIDEO.write_file(Video.from_images(make_ramp(12), 25), tmp_path / f"a.{extension}", None)

    data = (tmp_path / f"a.{extension}").read_bytes()

    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_uneven_times_are_kept(tmp_path: Path, extension: str) -> None:
    times = [0.0, 0.1, 0.5, 0.55, 2.0]

    VIDEO.write_file(make_video(make_ramp(5), times), tmp_path / f"a.{extension}", None)

    seen = [frame.time for frame in VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()]
    np.testing.assert_allclose(seen, times, atol=1e-4)


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_grey_and_alpha_are_written_too(tmp_path: Path, extension: str) -> None:
    grey = Image(np.full((48, 64), 100, np.uint8))
    clear = Image(np.zeros((48, 64, 4), np.uint8))

    VIDEO.write_file(Video.from_images([grey], 25), tmp_path / f"g.{extension}", None)
    VIDEO.write_file(Video.from_images([clear], 25), tmp_path / f"c.{extension}", None)

    seen = next(VIDEO.read_file(tmp_path / f"g.{extension}", LIMITS).frames()).image
    assert np.abs(seen.to_uint8().astype(int) - 100).max() <= 3
    seen = next(VIDEO.read_file(tmp_path / f"c.{extension}", LIMITS).frames()).image
    assert seen.pixels[..., -1].max() == 0 if extension == "gif" else seen.pixels.min() > 0.97


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_equal_films_give_equal_bytes(tmp_path: Path, extension: str) -> None:
    video = Video.from_images(make_ramp(5), 25, Audio(np.zeros(8000), 8000))

    for name in ("a", "b"):
        VIDEO.write_file(video, tmp_path / f"{name}.{extension}", GRAPH)

    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_two_megabytes_of_provenance_come_back(tmp_path: Path, extension: str) -> None:
    text = json.dumps({"prompt": "ä" * 333_000, "more": "x" * 10_000})

    VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / f"a.{extension}", text)

    assert VIDEO.read_provenance(tmp_path / f"a.{extension}") == text
    assert sum(1 for _ in VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()) == 2


def test_foreign_film_has_no_provenance(tmp_path: Path) -> None:
    make_ramp(1)[0].to_pillow().save(tmp_path / "a.gif", comment=b"hello")
    VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / "a.mp4", None)

    assert VIDEO.read_provenance(tmp_path / "a.gif") is None
    assert VIDEO.read_provenance(tmp_path / "a.mp4") is None


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation_flag_is_honoured(tmp_path: Path, turn: int) -> None:
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


def test_ten_bit_film_is_read_at_sixteen_bits(tmp_path: Path) -> None:
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


def test_sound_that_starts_later_is_preceded_by_silence(tmp_path: Path) -> None:
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


def test_flash_and_click_stay_together_through_store_and_file(tmp_path: Path) -> None:
    rate, seconds = 25, 6
    images = [Image(np.full((32, 32, 3), 255 if index % rate == 0 else 0, np.uint8)) for index in range(rate * seconds)]
    clicks = np.zeros(8000 * seconds, np.float32)
    for second in range(seconds):
        clicks[8000 * second : 8000 * second + 80] = 0.9

    VIDEO.encode(Video.from_images(images, rate, Audio(clicks, 8000)), tmp_path / "a.nut")
    VIDEO.write_file(VIDEO.decode(tmp_path / "a.nut"), tmp_path / "a.mp4", None)

    seen = VIDEO.read_file(tmp_path / "a.mp4", LIMITS)
    flashes = [frame.time for frame in seen.frames() if frame.image.pixels.mean() > 0.5]
    assert seen.audio is not None
    loud = np.abs(seen.audio.samples[:, 0]) > 0.4
    starts = [i / 8000 for i in np.flatnonzero(loud) if not loud[max(0, i - 2000) : i].any()]
    np.testing.assert_allclose(starts, flashes, atol=1 / rate)
    assert len(flashes) == seconds


# --- what is hostile ------------------------------------------------------------------------------------------


def check_refused(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as caught:
        VIDEO.read_file(path, limits)
    assert caught.value.code == "E511"
    assert caught.value.where == str(path)
    assert caught.value.hint
    return caught.value.message


def test_what_is_no_film_file_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"hello" * 999)
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {tmp_path}/x.mp4\n")
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
def test_truncated_film_is_refused_or_gives_the_frames_that_are_there(
    tmp_path: Path, extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    VIDEO.write_file(Video.from_images(make_noise(20, size=(48, 64)), 25), tmp_path / f"a.{extension}", None)
    data = (tmp_path / f"a.{extension}").read_bytes()
    (tmp_path / "short").write_bytes(data[: len(data) // 50])
    (tmp_path / "half").write_bytes(data[: len(data) // 2])

    if extension != "gif":  # of which FFmpeg gives the rows that are there
        check_refused(tmp_path / "short")
    assert 1 <= sum(1 for _ in VIDEO.read_file(tmp_path / "half", LIMITS).frames()) < 20
    assert capfd.readouterr() == ("", "")


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
def test_mutated_films_are_read_or_refused_and_nothing_else(
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


def test_very_wide_film_ends_in_a_right_result_or_a_clear_error(tmp_path: Path) -> None:
    video = Video.from_images([Image(np.zeros((1, 100_000, 3), np.uint8))], 25)

    VIDEO.encode(video, tmp_path / "a.nut")
    with pytest.raises(MediaError) as caught:
        VIDEO.write_file(video, tmp_path / "a.mp4", None)

    assert next(VIDEO.decode(tmp_path / "a.nut").frames()).image.width == 100_000
    assert caught.value.code == "E512"
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize("name", ["a.xyz", "a", "missing/a.mp4"])
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError) as caught:
        VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / name, None)

    assert caught.value.code == "E512"


def test_importing_the_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio.api.video_file, studio.api.audio_file\n"
        "print([m for m in ('numpy', 'PIL', 'cv2', 'av', 'soundfile', 'torch') if m in sys.modules])"
    )

    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )

    assert out.stdout.strip() == "[]"
