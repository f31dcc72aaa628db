"""Videos written: sizes, times, colors, bytes, and what other readers see."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from studio.api import video_writing
from studio.api.audio import Audio
from studio.api.content_origin import Content, read_content
from studio.api.image import Image
from studio.api.video import Frame, Video
from studio.api.video_file import VideoType
from studio.api.video_writing import Encoding, write_video
from studio.errors import MediaError
from tests.studio.api.videos import GRAPH, LIMITS, NTSC, VIDEO, make_ramp, make_video


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "mov"])
@pytest.mark.parametrize("color", [(230, 20, 30), (10, 200, 60), (20, 30, 220)])
def test_colors_survive_within_the_codec(tmp_path: Path, extension: str, color: tuple[int, int, int]) -> None:
    image = Image(np.full((48, 64, 3), color, np.uint8))

    VIDEO.write_file(Video.from_images([image] * 3, 25), tmp_path / f"a.{extension}", None)

    seen = next(VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()).image.to_uint8()
    assert np.abs(seen.astype(int) - color).max() <= 4


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_odd_sizes_are_padded_by_their_edge_where_the_codec_needs_it(tmp_path: Path, extension: str) -> None:
    image = np.full((47, 63, 3), 30, np.uint8)
    image[:, -1] = 200

    VIDEO.write_file(Video.from_images([Image(image)] * 2, 25), tmp_path / f"a.{extension}", None)

    seen = next(VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()).image
    assert (seen.width, seen.height) == ((63, 47) if extension in ("gif", "apng", "webp") else (64, 48))
    assert seen.pixels[20, -1].min() > 0.7


@pytest.mark.parametrize("extension", [each for each in VideoType.extensions if each != "webp"])  # OpenCV reads none
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
def test_the_index_comes_before_the_frames(tmp_path: Path, extension: str) -> None:
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
    assert seen.pixels[..., -1].max() == 0 if extension in ("gif", "webm", "apng", "webp") else seen.pixels.min() > 0.97


@pytest.mark.parametrize("extension", VideoType.extensions)
def test_equal_videos_give_equal_bytes(tmp_path: Path, extension: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # the assembler code of libx264 reads memory that nothing wrote
    monkeypatch.setitem(video_writing._X264, "x264-params", "asm=0:threads=1")
    video = Video.from_images(make_ramp(5, (96, 160)), 25, Audio(np.zeros(8000), 8000))

    for name in ("a", "b"):
        VIDEO.write_file(video, tmp_path / f"{name}.{extension}", GRAPH)

    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


def test_a_very_wide_video_ends_in_a_right_result_or_a_clear_error(tmp_path: Path) -> None:
    video = Video.from_images([Image(np.zeros((1, 100_000, 3), np.uint8))], 25)

    VIDEO.encode(video, tmp_path / "a.nut")
    with pytest.raises(MediaError) as caught:
        VIDEO.write_file(video, tmp_path / "a.mp4", None)

    assert next(VIDEO.decode(tmp_path / "a.nut").frames()).image.width == 100_000
    assert caught.value.code == "E512"
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize("extension", ["webm", "apng", "webp", "gif"])
def test_alpha_is_kept_by_formats_that_have_it(tmp_path: Path, extension: str) -> None:
    array = np.zeros((48, 64, 4), np.uint8)
    array[:, :, 1], array[8:40, 8:40, 3] = 200, 255
    video = Video.from_images([Image(array)] * 3, 10)

    VIDEO.write_file(video, tmp_path / f"a.{extension}", None)

    seen = next(VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames()).image.pixels
    assert np.abs(seen[:, :, 3] - array[:, :, 3] / 255.0).mean() < 0.01
    assert np.abs(seen[16:32, 16:32, :3] - [0, 200 / 255, 0]).max() < 0.06


@pytest.mark.parametrize(
    ("name", "losses"),
    [
        ("a.mp4", "alpha is laid over white: write .webm, .apng, or ProRes in .mov to keep it"),
        ("a.webm", ""),
        ("a.gif", "GIF has alpha on or off: from a half on it is opaque"),
        ("a.apng", ""),
    ],
)
def test_what_becomes_of_alpha_is_said(name: str, losses: str) -> None:
    video = Video.from_images([Image(np.zeros((4, 4, 4), np.uint8))], 10)

    assert VIDEO.find_loss(video, Path(name)) == losses


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("extension", VideoType.extensions)
def test_every_format_carries_its_record_and_the_term_for_its_source(
    tmp_path: Path, extension: str, count: int
) -> None:
    text = json.dumps({"digital_source_type": "trainedAlgorithmicMedia", "note": "Größe <&>" * 60}, sort_keys=True)
    array = np.full((48, 64, 4), 90, np.uint8)
    array[8:40, 8:40, 3] = 255
    images = [Image(array + np.uint8(20 * index)) for index in range(count)]

    VIDEO.write_file(Video.from_images(images, 10), tmp_path / f"a.{extension}", text)

    assert VIDEO.read_provenance(tmp_path / f"a.{extension}") == text
    assert read_content(tmp_path / f"a.{extension}") == Content.GENERATED
    assert len(list(VIDEO.read_file(tmp_path / f"a.{extension}", LIMITS).frames())) == count
    if extension in ("gif", "apng", "webp"):
        with PIL.Image.open(tmp_path / f"a.{extension}") as opened:
            opened.load()
            assert (getattr(opened, "n_frames", 1), opened.size) == (count, (64, 48))


def test_writing_says_whether_frames_of_16_bits_became_8(tmp_path: Path) -> None:
    deep = Image(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64, 1) * np.uint16(16))
    black, white = (Image(np.full((64, 64, 1), level, np.uint16)) for level in (0, 65535))
    late, shallow = Video.from_images([black, deep], 10), Video.from_images([black, white], 10)

    assert write_video(late, tmp_path / "late.mp4", None)
    assert not write_video(shallow, tmp_path / "shallow.mp4", None)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling policies")
def test_av1_gives_no_thread_of_this_process_another_priority(tmp_path: Path) -> None:
    def list_policies() -> set[int]:
        found = set()
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                found.add(os.sched_getscheduler(int(thread)))
        return found

    before, seen = list_policies(), set()

    def frames() -> Iterator[Frame]:
        for index in range(80):
            seen.update(list_policies())
            yield Frame(Image(np.full((64, 64, 3), index, np.uint8)), index / 10)

    write_video(
        Video(frames, width=64, height=64, rate=10, count=80),
        tmp_path / "a.mp4",
        None,
        Encoding("mp4", "libsvtav1", "yuv420p"),
    )

    assert seen | list_policies() <= before


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_h265_of_a_few_frames_is_written(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(3)
    images = [Image(rng.integers(0, 255, (64, 64, 3)).astype(np.uint8))] * count
    encoding = Encoding("mp4", "libx265", "aac", "yuv420p", {"x265-params": "log-level=error"})

    write_video(Video.from_images(images, 10), tmp_path / "a.mp4", None, encoding)

    back = VIDEO.read_file(tmp_path / "a.mp4", LIMITS)
    assert [frame.time for frame in back.frames()] == pytest.approx([index / 10 for index in range(count)])
