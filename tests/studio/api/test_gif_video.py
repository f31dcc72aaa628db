"""GIF files as videos: what browsers show, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from studio.errors import MediaError
from studio.settings import MediaLimits
from tests.studio.api.gifs import write_gif
from tests.studio.api.videos import LIMITS, VIDEO

KEYS = {(0, 0, 0, 0): "0", (255, 0, 0, 255): "1", (0, 255, 0, 255): "2", (0, 0, 255, 255): "3"}


def show(path: Path) -> list[list[str]]:
    frames = [frame.image.to_uint8() for frame in VIDEO.read_file(path, LIMITS).frames()]
    return [["".join(KEYS[tuple(pixel)] for pixel in row) for row in frame.tolist()] for frame in frames]


def test_the_first_frame_may_be_opaque_and_later_ones_transparent(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [(["1111", "1111"], 2, 10), (["0022", "0022"], 2, 10), (["0000", "0000"], 2, 10)])

    assert show(tmp_path / "a.gif") == [["1111", "1111"], ["0022", "0022"], ["0000", "0000"]]


@pytest.mark.parametrize(
    ("disposal", "expected"),
    [(0, ["1130", "1130"]), (1, ["1130", "1130"]), (2, ["1030", "1030"]), (3, ["1230", "1230"])],
)
def test_what_is_left_of_an_image_is_what_its_disposal_says(tmp_path: Path, disposal: int, expected: list[str]) -> None:
    images = [(["1200", "1200"], 1, 10), (["1", "1"], disposal, 10), (["03", "03"], 1, 10)]
    write_gif(tmp_path / "a.gif", images, at=(1, 0))

    assert show(tmp_path / "a.gif")[1:] == [["1100", "1100"], expected]


def test_an_opaque_file_is_rgb(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [(["12", "31"], 1, 10), (["20", "02"], 1, 10)])

    video = VIDEO.read_file(tmp_path / "a.gif", LIMITS)

    assert (video.channels, video.count) == (3, 2)
    assert list(video.frames())[1].image.to_uint8()[0].tolist() == [[0, 255, 0], [0, 255, 0]]


def test_the_last_frame_lasts_as_long_as_the_file_says(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [(["12"], 1, 10), (["21"], 1, 20), (["13"], 1, 200)])

    video = VIDEO.read_file(tmp_path / "a.gif", LIMITS)

    assert ([frame.time for frame in video.frames()], video.duration) == ([0.0, 0.1, 0.3], 2.3)


def test_delays_that_browsers_do_not_take_are_a_tenth_of_a_second(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [(["12"], 1, 0), (["21"], 1, 1), (["13"], 1, 2)])

    video = VIDEO.read_file(tmp_path / "a.gif", LIMITS)

    assert ([frame.time for frame in video.frames()], video.duration) == ([0.0, 0.1, 0.2], 0.22)


def test_interlaced_images_and_palettes_of_their_own_are_those_of_pillow(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    pictures = [PIL.Image.fromarray(rng.integers(0, 256, (19, 23, 3)).astype(np.uint8)) for _ in range(3)]
    pictures = [picture.quantize(200) for picture in pictures]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100, interlace=1)

    frames = list(VIDEO.read_file(tmp_path / "a.gif", LIMITS).frames())

    for frame, picture in zip(frames, pictures, strict=True):
        np.testing.assert_array_equal(frame.image.to_uint8(), np.asarray(picture.convert("RGB")))


def test_a_truncated_file_gives_the_frames_that_are_there(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [(["12"], 1, 10), (["21"], 1, 20), (["13"], 1, 200)])
    (tmp_path / "b.gif").write_bytes((tmp_path / "a.gif").read_bytes()[:-5])

    assert VIDEO.read_file(tmp_path / "b.gif", LIMITS).count == 2


def test_limits_hold(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [(["1" * 64], 1, 10)])

    with pytest.raises(MediaError, match="over the limit"):
        VIDEO.read_file(tmp_path / "a.gif", MediaLimits(max_side=63))
