"""Videos cropped and resized."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from studio.api import Image, MediaError, Video
from studio.testing import TestContext
from studio_video.nodes import edit
from studio_video.shape import choose_size, lay_over, read_color, resize, scale_to
from tests.plugins.studio_video.clips import make_plain

CTX = TestContext()


def test_fitting_adds_bars_and_filling_cuts() -> None:
    white = make_plain([255], size=16)
    fitted = next(
        edit.resize_video(CTX, white, width=32, height=16, fit="pad", background="red").frames()
    ).image.to_uint8()
    filled = next(edit.resize_video(CTX, white, width=32, height=16, fit="cover").frames()).image.to_uint8()

    assert fitted[0, 0].tolist() == [255, 0, 0]
    assert fitted[8, 16].tolist() == [255, 255, 255]
    assert (filled == 255).all()


def test_a_smaller_video_does_not_alias() -> None:
    stripes = Image(np.tile(np.array([0, 255], np.uint8), (64, 32))[:, :, None].repeat(3, axis=2))
    small = edit.resize_video(CTX, Video.from_images([stripes], 1), scale=0.25)

    assert np.abs(next(small.frames()).image.to_uint8().astype(int) - 128).max() <= 2


@pytest.mark.parametrize(
    ("width", "height", "scale", "multiple", "size"),
    [
        (320, None, None, 1, (320, 180)),
        (None, 90, None, 1, (160, 90)),
        (100, 100, None, 1, (100, 100)),
        (None, None, 0.1, 1, (64, 36)),
        (101, None, None, 2, (100, 56)),
        (1, None, None, 16, (16, 16)),
    ],
)
def test_a_size_follows_from_what_is_given(
    width: int | None, height: int | None, scale: float | None, multiple: int, size: tuple[int, int]
) -> None:
    assert choose_size((640, 360), width, height, scale, multiple) == size


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((None, None, None), "no size"),
        ((10, None, 0.5), "a scale and a side"),
        ((None, 10, 0.5), "a scale and a side"),
        ((40_000, None, None), "too large"),
    ],
)
def test_nothing_too_much_and_too_large_are_refused(given: tuple[int, int, float], says: str) -> None:
    with pytest.raises(MediaError, match=says):
        choose_size((640, 360), *given, 1)


def test_what_is_clear_gives_no_color_to_its_neighbours() -> None:
    array = np.zeros((8, 8, 4), np.uint8)
    array[:, :4] = (200, 0, 0, 255)
    array[:, 4:] = (0, 255, 0, 0)  # clear green

    small = scale_to(array, (2, 8))
    large = scale_to(array, (16, 8))

    assert small[0, 0].tolist() == [200, 0, 0, 255]
    for made in (small, large):
        assert made[made[..., 3] > 8][:, 1].max() <= 2


def test_values_at_half_the_size_are_the_means_of_four() -> None:
    array = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 3

    assert scale_to(array, (4, 4))[..., 0] == pytest.approx(array.reshape(4, 2, 4, 2).mean(axis=(1, 3)), abs=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_bars_are_of_the_color_in_every_depth(dtype: type) -> None:
    top = 1.0 if dtype is np.float32 else np.iinfo(dtype).max
    white = np.full((4, 4, 4), top, dtype)

    fitted = resize(white, (8, 4), "fit", "auto", (255, 0, 0))

    assert fitted.dtype == dtype
    assert fitted[0, 0].tolist() == [top, 0, 0, top]
    assert fitted[0, 3].tolist() == [top] * 4


@pytest.mark.parametrize(("x", "y", "covered"), [(0, 0, 4), (-1, -1, 1), (3, 3, 1), (4, 0, 0), (-2, 0, 0)])
def test_what_sticks_out_is_left_out(x: int, y: int, covered: int) -> None:
    base, top = np.zeros((4, 4, 3), np.uint8), np.full((2, 2, 3), 200, np.uint8)

    made = lay_over(base, top, x, y, 1.0)

    assert (made[..., 0] == 200).sum() == covered
    assert not base.any()


def test_clear_and_half_clear_layers_add_up_as_porter_and_duff_say() -> None:
    base = np.array([[[100, 100, 100, 128]]], np.uint8)
    top = np.array([[[200, 0, 0, 128]]], np.uint8)

    made = lay_over(base, top, 0, 0, 0.5)[0, 0].astype(float)

    own, below = 128 / 255 * 0.5, 128 / 255
    alpha = own + below * (1 - own)
    assert made[3] == pytest.approx(255 * alpha, abs=1)
    assert made[0] == pytest.approx((200 * own + 100 * below * (1 - own)) / alpha, abs=1)


def test_colors_have_names_and_numbers() -> None:
    assert read_color("#ff8000") == (255, 128, 0)
    assert read_color("teal") == (0, 128, 128)
    with pytest.raises(MediaError, match="invalid color 'mauvish'"):
        read_color("mauvish")


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"megapixels": 0.0576}, (320, 180)),
        ({"longer_side": 320}, (320, 180)),
        ({"shorter_side": 90}, (160, 90)),
        ({"megapixels": 0.5, "multiple": 16}, (944, 528)),
    ],
)
def test_a_size_follows_from_an_area_and_from_a_side(given: dict[str, Any], size: tuple[int, int]) -> None:
    multiple = given.pop("multiple", 1)

    assert choose_size((640, 360), None, None, None, multiple, **given) == size


def test_a_missing_size_is_refused_with_all_ways_to_give_one() -> None:
    with pytest.raises(MediaError, match="no size was given") as caught:
        choose_size((640, 360), None, None, None, 1)

    ways = ("width", "height", "scale", "megapixels", "longer_side", "shorter_side")
    assert [way for way in ways if way not in caught.value.hint] == []


@pytest.mark.parametrize("given", [{"megapixels": 1.0, "longer_side": 9}, {"shorter_side": 3, "megapixels": 2.0}])
def test_a_size_in_two_ways_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(MediaError, match="2 ways") as caught:
        choose_size((640, 360), None, None, None, 1, **given)

    assert caught.value.code == "E701"


@pytest.mark.parametrize(
    ("only", "width", "is_resized"),
    [
        ("shrink", 320, True),
        ("shrink", 960, False),
        ("enlarge", 320, False),
        ("enlarge", 960, True),
        ("always", 960, True),
    ],
)
def test_only_says_which_videos_are_resized(only: Any, width: int, is_resized: bool) -> None:
    video = Video.from_images([Image(np.zeros((36, 640, 1), np.uint8))], Fraction(1))

    made = edit.resize_video(CTX, video, width=width, only=only)

    assert made.width == (width if is_resized else 640)
    assert (made is video) != is_resized
