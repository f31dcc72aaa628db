"""GIF files written: alpha from frame to frame, delays, and sizes against FFmpeg's encoder."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest
from av.filter import Graph

from studio.api.gif_writing import GifLook, write_gif
from studio.api.image import Image
from studio.api.video import Video
from tests.studio.api.videos import LIMITS, VIDEO, make_noise, make_video


def read_again(path: Path) -> list[np.ndarray]:
    return [frame.image.to_uint8() for frame in VIDEO.read_file(path, LIMITS).frames()]


def make_bar(left: int, ground: tuple[int, ...] = (0, 0, 0, 0)) -> Image:
    array = np.broadcast_to(np.array(ground, np.uint8), (16, 32, 4)).copy()
    array[4:12, left : left + 8] = (255, 0, 0, 255)
    return Image(array)


def test_nothing_is_left_of_an_opaque_frame_between_transparent_ones(tmp_path: Path) -> None:
    images = [make_bar(0), make_bar(8, (0, 0, 255, 255)), make_bar(16)]

    write_gif(Video.from_images(images, 5), tmp_path / "a.gif", None, GifLook())

    for seen, image in zip(read_again(tmp_path / "a.gif"), images, strict=True):
        np.testing.assert_array_equal(seen[:, :, 3], image.to_uint8()[:, :, 3])
        assert np.abs(seen[:, :, :3].astype(int) - image.to_uint8()[:, :, :3])[seen[:, :, 3] > 0].max() < 9


@pytest.mark.parametrize("seed", range(6))
def test_alpha_of_any_frames_comes_back(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(6):
        array = np.zeros((9, 7, 4), np.uint8)
        array[:, :, 3] = rng.integers(0, 2, (9, 7)) * 255 if rng.random() < 0.7 else 255
        array[:, :, 0] = array[:, :, 3] // 2
        images.append(Image(array))

    write_gif(Video.from_images(images, 5), tmp_path / "a.gif", None, GifLook())

    seen = [
        array[:, :, -1] if array.shape[2] == 4 else np.full((9, 7), 255) for array in read_again(tmp_path / "a.gif")
    ]
    np.testing.assert_array_equal(seen, [image.to_uint8()[:, :, 3] for image in images])


def test_every_frame_has_its_delay_and_the_last_too(tmp_path: Path) -> None:
    video = make_video(make_noise(3), [0.0, 0.1, 0.3])
    video = Video(video.frames, width=18, height=14, rate=video.rate, count=3, duration=2.3)

    write_gif(video, tmp_path / "a.gif", None, GifLook())

    again = VIDEO.read_file(tmp_path / "a.gif", LIMITS)
    assert ([frame.time for frame in again.frames()], again.duration) == ([0.0, 0.1, 0.3], 2.3)


def test_a_faster_video_lasts_as_long_and_has_no_delay_that_browsers_do_not_take(tmp_path: Path) -> None:
    write_gif(Video.from_images(make_noise(24), 120), tmp_path / "a.gif", None, GifLook())

    with PIL.Image.open(tmp_path / "a.gif") as seen:
        delays = []
        for index in range(seen.n_frames):  # type: ignore[attr-defined]
            seen.seek(index)
            delays.append(seen.info["duration"])

    assert (sum(delays), min(delays) >= 20) == (200, True)


def test_a_frame_longer_than_a_delay_can_be_is_shown_again(tmp_path: Path) -> None:
    video = make_video(make_noise(2), [0.0, 1500.0])

    write_gif(video, tmp_path / "a.gif", None, GifLook())

    again = list(VIDEO.read_file(tmp_path / "a.gif", LIMITS).frames())
    assert [frame.time for frame in again] == [0.0, 655.35, 1310.7, 1500.0]
    assert again[0].image == again[2].image


@pytest.mark.parametrize("colors", [2, 4, 16, 255])
def test_there_are_no_more_colors_than_asked_for(tmp_path: Path, colors: int) -> None:
    write_gif(Video.from_images(make_noise(3, size=(40, 50)), 5), tmp_path / "a.gif", None, GifLook(colors))

    found = np.unique(np.concatenate([array.reshape(-1, 3) for array in read_again(tmp_path / "a.gif")]), axis=0)

    assert len(found) <= colors


def make_scene(index: int) -> Image:
    """A gradient on which a square moves."""
    y, x = np.mgrid[0:90, 0:120]
    array = np.stack([x * 2, y * 2, (x + y)], axis=2).astype(np.uint8)
    array[20:50, 3 * index : 3 * index + 30] = (250, 40, 30)
    return Image(array)


def test_a_file_is_as_small_as_that_of_ffmpeg(tmp_path: Path) -> None:
    images = [make_scene(index) for index in range(20)]

    write_gif(Video.from_images(images, 25), tmp_path / "a.gif", None, GifLook())

    write_with_ffmpeg(images, tmp_path / "b.gif")
    assert (tmp_path / "a.gif").stat().st_size < 1.02 * (tmp_path / "b.gif").stat().st_size


def write_with_ffmpeg(images: list[Image], path: Path) -> None:
    """As `split[a][b];[a]palettegen[p];[b][p]paletteuse` does."""
    base, graph = Fraction(1, 25), Graph()
    source = graph.add_buffer(width=120, height=90, format="bgra", time_base=base)
    split, palette = graph.add("split"), graph.add("palettegen")
    use, sink = graph.add("paletteuse"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    for index, image in enumerate(images):
        frame: Any = av.VideoFrame.from_ndarray(image.to_uint8(), format="rgb24").reformat(format="bgra")
        frame.pts, frame.time_base = index, base
        source.push(frame)
    source.push(None)
    with av.open(str(path), "w", format="gif") as container:
        stream: Any = container.add_stream("gif", rate=25)
        stream.width, stream.height, stream.pix_fmt = 120, 90, "pal8"
        for _ in images:
            container.mux(stream.encode(sink.pull()))
        container.mux(stream.encode(None))
