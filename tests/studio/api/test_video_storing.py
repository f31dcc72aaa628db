"""Videos in the cache: without loss, byte by byte the same, and few frames at once."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from processes import create_environment

from studio.api.audio import Audio
from studio.api.color import SRGB, ColorSpace
from studio.api.image import Image
from studio.api.video import Frame, Video
from studio.api.video_file import VideoType
from studio.errors import MediaError
from tests.studio.api.videos import NTSC, RNG, VIDEO, make_noise, make_ramp, make_video


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_stored_video_is_exact(tmp_path: Path, dtype: type, channels: int) -> None:
    images, times = make_noise(5, channels, dtype), [0.0, 0.000001, 0.033367, 1.000003, 86_400.123457]

    VIDEO.encode(make_video(images, times), tmp_path / "a.nut")

    seen = VIDEO.decode(tmp_path / "a.nut")
    frames = list(seen.frames())
    assert [frame.image for frame in frames] == images
    assert [frame.time for frame in frames] == times
    assert (seen.rate, seen.width, seen.height, seen.channels, seen.count) == (NTSC, 18, 14, channels, 5)
    assert seen.duration == pytest.approx(86_400.123457 + 1001 / 30_000, abs=1e-6)
    assert VIDEO.find_source(seen) == tmp_path / "a.nut"
    assert VIDEO.find_source(make_video(images, times)) is None


@pytest.mark.parametrize("channels", [1, 2, 6, 11])
def test_stored_audio_of_a_video_is_exact(tmp_path: Path, channels: int) -> None:
    audio = Audio(RNG.normal(size=(100_003, channels)) * 3, 44_101)

    VIDEO.encode(make_video(make_noise(2), [0.0, 0.5], audio), tmp_path / "a.nut")

    assert VIDEO.decode(tmp_path / "a.nut").audio == audio


def test_audio_without_samples_is_stored(tmp_path: Path) -> None:
    VIDEO.encode(make_video(make_noise(1), [0.0], Audio(np.zeros((0, 2)), 8000)), tmp_path / "a.nut")

    assert VIDEO.decode(tmp_path / "a.nut").audio == Audio(np.zeros((0, 2)), 8000)


def test_a_video_that_turns_deep_is_stored_at_sixteen_bits_from_the_start(tmp_path: Path) -> None:
    images = [*make_noise(3), *make_noise(1, dtype=np.uint16)]

    VIDEO.encode(make_video(images, [0, 1, 2, 3]), tmp_path / "a.nut")

    assert [frame.image for frame in VIDEO.decode(tmp_path / "a.nut").frames()] == images


def test_floats_are_rounded_to_sixteen_bits(tmp_path: Path) -> None:
    image = Image(RNG.random((4, 6, 3), dtype=np.float32))

    VIDEO.encode(make_video([image], [0.0]), tmp_path / "a.nut")

    seen = next(VIDEO.decode(tmp_path / "a.nut").frames()).image
    assert np.abs(seen.pixels - image.pixels).max() <= 0.5 / 65535 + 1e-7


def test_equal_videos_are_stored_as_equal_bytes_in_any_process(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, numpy\n"
        "from studio.api.image import Image\nfrom studio.api.audio import Audio\n"
        "from studio.api.video import Video\nfrom studio.api.video_file import VideoType\n"
        "ramp = numpy.arange(70 * 90 * 3, dtype=numpy.uint16).reshape(70, 90, 3) % 251 / numpy.float32(255)\n"
        "images = [Image(ramp * k) for k in (1, 0.5)]\n"
        "video = Video.from_images(images, 25, audio=Audio(numpy.arange(9999, dtype=numpy.int16), 8000))\n"
        "VideoType().encode(video, pathlib.Path(sys.argv[1]))"
    )
    environment = create_environment()

    for name in ("a.nut", "b.nut"):
        subprocess.run([sys.executable, "-c", code, name], cwd=tmp_path, check=True, env=environment)

    assert (tmp_path / "a.nut").read_bytes() == (tmp_path / "b.nut").read_bytes()


def test_storing_holds_few_frames_at_once(tmp_path: Path) -> None:
    size, count = 300, 60

    def create_frames() -> Iterator[Frame]:
        for index in range(count):
            yield Frame(Image(np.full((size, size, 3), index, np.uint8)), index / 25)

    video = Video(create_frames, width=size, height=size, rate=Fraction(25), audio=Audio(np.zeros(8000), 8000))
    tracemalloc.start()
    VIDEO.encode(video, tmp_path / "a.nut")
    for _ in VIDEO.decode(tmp_path / "a.nut").frames():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 12 * size * size * 3  # measured: 4 frames' worth; 60 frames would be 60


@pytest.mark.parametrize(
    ("images", "times", "found"),
    [
        ([*make_noise(1), *make_ramp(1)], [0, 1], "frame 1"),
        ([*make_noise(1), *make_noise(1, channels=4)], [0, 1], "frame 1"),
        (make_noise(3), [0, 1, 1], "frame 2"),
        (make_noise(3), [0, 2, 1], "frame 2"),
    ],
)
@pytest.mark.parametrize("extension", ["nut", "mp4", "gif"])
def test_invalid_streams_are_refused_and_leave_no_file(
    tmp_path: Path, extension: str, images: list[Image], times: list[float], found: str
) -> None:
    video, path = make_video(images, times), tmp_path / f"a.{extension}"

    with pytest.raises(MediaError, match=found) as caught:
        VIDEO.encode(video, path) if extension == "nut" else VIDEO.write_file(video, path, None)

    assert caught.value.code == "E504"
    assert not path.exists()


@pytest.mark.parametrize("extension", ["nut", *VideoType.extensions])
def test_a_video_without_frames_is_refused(tmp_path: Path, extension: str) -> None:
    video, path = Video(lambda: iter(()), width=4, height=4, rate=Fraction(25)), tmp_path / f"a.{extension}"

    with pytest.raises(MediaError) as caught:
        VIDEO.encode(video, path) if extension == "nut" else VIDEO.write_file(video, path, None)

    assert caught.value.code == "E504"
    assert not path.exists()


def test_error_of_the_stream_itself_passes_through(tmp_path: Path) -> None:
    def create_frames() -> Iterator[Frame]:
        yield Frame(make_ramp(1)[0], 0.0)
        raise ValueError("the node failed")

    with pytest.raises(ValueError, match="the node failed"):
        VIDEO.encode(Video(create_frames, width=64, height=48, rate=Fraction(25)), tmp_path / "a.nut")


def test_file_that_was_not_stored_by_studio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nut").write_bytes(b"junk" * 100)
    VIDEO.write_file(Video.from_images(make_ramp(2), 25), tmp_path / "b.mp4", None)

    for name in ("a.nut", "b.mp4"):
        with pytest.raises(MediaError) as caught:
            VIDEO.decode(tmp_path / name)
        assert caught.value.code == "E511"


# --- color spaces ---------------------------------------------------------------------------------------------

LINEAR = ColorSpace("linear", "acescg")


def make_colored(arrays: Sequence[npt.NDArray[Any]], color: ColorSpace) -> Video:
    return Video.from_images([Image(array, color=color) for array in arrays], 25)


def read_pixels(video: Video) -> list[npt.NDArray[np.float32]]:
    return [frame.image.pixels for frame in video.frames()]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_linear_frames_come_back_as_half_floats(tmp_path: Path, channels: int) -> None:
    samples = RNG.normal(scale=8, size=(3, 10, 12, channels)).astype(np.float32)
    samples[..., 3:] = 0.5  # alpha
    samples[0, 0, 0, 0] = 1e6  # beyond what a half float holds
    video = make_colored(list(samples), LINEAR)

    VIDEO.encode(video, tmp_path / "a.nut")
    back = VIDEO.decode(tmp_path / "a.nut")

    assert back.color == LINEAR
    assert all(frame.image.color == LINEAR for frame in back.frames())
    expected = np.clip(samples, -65504, 65504).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(read_pixels(back), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_whole_numbers_of_any_color_space_come_back_exactly(tmp_path: Path, dtype: type) -> None:
    arrays = [image.stored for image in make_noise(3, 3, dtype)]
    color = ColorSpace("log", "bt2020", "limited")

    VIDEO.encode(make_colored(arrays, color), tmp_path / "a.nut")
    back = VIDEO.decode(tmp_path / "a.nut")

    assert back.color == color
    for frame, array in zip(back.frames(), arrays, strict=True):
        assert frame.image == Image(array, color=color)


def test_linear_video_that_turns_deeper_is_stored_at_the_last_depth_from_the_start(tmp_path: Path) -> None:
    arrays = [
        np.full((9, 9), 128, np.uint8),
        np.full((9, 9), 129, np.uint16),
        np.full((9, 9), -2.5, np.float32),
    ]

    VIDEO.encode(make_colored(arrays, LINEAR), tmp_path / "a.nut")

    first, second, third = read_pixels(VIDEO.decode(tmp_path / "a.nut"))
    np.testing.assert_allclose(first, 128 / 255, rtol=2**-11)
    np.testing.assert_allclose(second, 129 / 65535, rtol=2**-11)
    np.testing.assert_array_equal(third, -2.5)


def test_what_was_stored_as_half_floats_is_stored_again_without_change(tmp_path: Path) -> None:
    VIDEO.encode(make_colored([RNG.normal(size=(9, 9, 3)).astype(np.float32)], LINEAR), tmp_path / "a.nut")

    VIDEO.encode(VIDEO.decode(tmp_path / "a.nut"), tmp_path / "b.nut")

    assert (tmp_path / "a.nut").read_bytes() == (tmp_path / "b.nut").read_bytes()


def test_color_space_changes_the_stored_bytes_and_with_them_the_digest(tmp_path: Path) -> None:
    arrays = [image.stored for image in make_noise(2)]
    colors = [SRGB, ColorSpace("linear"), ColorSpace("linear", "acescg"), ColorSpace(range="limited")]
    paths = [tmp_path / f"{index}.nut" for index in range(len(colors))]

    for color, path in zip(colors, paths, strict=True):
        VIDEO.encode(make_colored(arrays, color), path)

    assert len({path.read_bytes() for path in paths}) == len(colors)


def test_frame_of_another_color_space_than_its_video_is_refused(tmp_path: Path) -> None:
    frame = Frame(Image(np.zeros((8, 8, 3), np.uint8)), 0.0)
    video = Video(lambda: iter([frame]), width=8, height=8, rate=Fraction(25), color=LINEAR)

    with pytest.raises(MediaError, match=r"frame 0 is .* the video is .*linear acescg") as caught:
        VIDEO.encode(video, tmp_path / "a.nut")
    assert caught.value.code == "E504"


@pytest.mark.parametrize(
    ("dtype", "digest"),
    [
        # of 0.1.0, which knew no color spaces
        (np.uint8, "cd26156c9a0c472d"),
        (np.uint16, "c85a2eb22a38b67e"),
        (np.float32, "8f552896f0b300b0"),
    ],
)
def test_srgb_videos_are_stored_as_they_always_were(tmp_path: Path, dtype: type, digest: str) -> None:
    ramp = np.arange(10 * 12 * 3).reshape(10, 12, 3)
    samples = {np.uint8: ramp % 256, np.uint16: ramp * 181, np.float32: ramp / 360}[dtype].astype(dtype)

    VIDEO.encode(make_colored([samples, samples[::-1]], SRGB), tmp_path / "a.nut")

    assert hashlib.sha256((tmp_path / "a.nut").read_bytes()).hexdigest()[:16] == digest
