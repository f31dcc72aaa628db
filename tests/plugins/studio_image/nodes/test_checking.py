"""`check.text`, `check.image` and `check.frames` on images whose contrast, shares and stretches are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage import data
from skimage.measure import blur_effect

from studio.api import ColorSpace, Image, MediaError, Video
from studio.testing import TestContext
from studio_image.frame_faults import measure_blur
from studio_image.nodes import checking
from studio_image.nodes.text import draw_text

CTX = TestContext()
GREY = {"#767676": 4.54, "#777777": 4.48}
"""Contrast to white, as WebAIM's contrast checker shows it."""


def make_layer(color: tuple[int, int, int] = (255, 255, 255), box: tuple[int, int, int] | None = None) -> Image:
    """A letter of 16 x 8 pixels at 12, 6 on 40 x 20 pixels; with a box, three pixels of it on each side."""
    layer = np.zeros((20, 40, 4), np.uint8)
    if box is not None:
        layer[3:17, 9:31] = (*box, 255)
    layer[6:14, 12:28] = (*color, 255)
    return Image(layer)


def make_ground(left: int, right: int) -> Image:
    """Two halves of grey."""
    pixels = np.full((20, 40, 3), left, np.uint8)
    pixels[:, 20:] = right
    return Image(pixels)


def measure(verdict: Any) -> dict[str, float]:
    return {row["name"]: row["measured"] for row in verdict["measures"]}


@pytest.mark.parametrize("color", GREY)
def test_the_contrast_of_greys_on_white_is_that_of_wcag(color: str) -> None:
    level = int(color[1:3], 16)

    found = checking.check_text(CTX, make_layer((level, level, level)), make_ground(255, 255), color=color)

    assert measure(found.verdict)["contrast"] == pytest.approx(GREY[color], abs=0.005)
    assert found.passed == (GREY[color] >= 4.5)


def test_the_pixels_under_each_letter_count_and_not_their_mean() -> None:
    layer, ground = make_layer(), make_ground(0, 255)

    strict = checking.check_text(CTX, layer, ground)
    lenient = checking.check_text(CTX, layer, ground, ignored_share=0.5)

    assert measure(strict.verdict)["contrast"] == pytest.approx(1)
    assert measure(lenient.verdict)["contrast"] == pytest.approx(21)
    assert strict.image is layer


def test_a_box_behind_letters_is_their_ground() -> None:
    found = checking.check_text(CTX, make_layer(box=(0, 0, 0)), make_ground(255, 255))

    assert measure(found.verdict)["contrast"] == pytest.approx(21, abs=0.01)


def test_the_margin_is_the_least_distance_to_an_edge() -> None:
    found = checking.check_text(CTX, make_layer(), make_ground(0, 0), min_margin=7)

    assert measure(found.verdict)["margin"] == 6
    assert not found.passed


def test_text_that_runs_off_its_image_does_not_fit() -> None:
    paper = Image(np.zeros((40, 80, 4), np.uint8))
    cut = draw_text(CTX, paper, "Kunming", font_size=40, wrap_width=0)
    whole = draw_text(CTX, paper, "Kunming", font_size=12, wrap_width=0)
    ground = Image(np.zeros((40, 80, 3), np.uint8))

    assert measure(checking.check_text(CTX, cut, ground).verdict)["margin"] == 0
    assert checking.check_text(CTX, whole, ground).passed


def test_a_layer_without_letters_of_the_color_does_not_pass() -> None:
    found = checking.check_text(CTX, make_layer(), make_ground(0, 0), color="red")

    assert found.verdict["sentence"] == "letters 0 pixels (expected at least 1)"


def test_a_layer_of_another_size_is_refused() -> None:
    with pytest.raises(MediaError, match="the layer is 40 x 20 but the ground is 8 x 8"):
        checking.check_text(CTX, make_layer(), Image(np.zeros((8, 8, 3), np.uint8)))


def test_size_transparency_and_black_are_counted() -> None:
    pixels = np.full((10, 20, 4), 255, np.uint8)
    pixels[:5, :, :3] = 20  # a half
    pixels[:, :5, 3] = 0  # a quarter, which shows nothing: black too
    image = Image(pixels)

    found = checking.check_image(CTX, image, min_width=20, max_height=9, max_transparent=0.25, max_black=0.5)

    assert measure(found.verdict) == {"width": 20, "height": 10, "transparent": 0.25, "black": 0.625}
    failed = [row["name"] for row in found.verdict["measures"] if not row["passed"]]
    assert failed == ["height", "black"]
    assert found.image is image


@pytest.mark.parametrize("sigma", [1.5, 3.0, 6.0])
def test_the_blur_is_that_of_scikit_image(sigma: float) -> None:
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(data.camera().astype(np.float32) / 255, sigma)

    assert measure_blur(blurred) == pytest.approx(float(blur_effect(blurred)), abs=0.03)


def test_a_photo_passes_a_limit_of_blur_and_does_not_once_it_is_blurred() -> None:
    from scipy.ndimage import gaussian_filter

    photo = data.camera()

    sharp = checking.check_image(CTX, Image(photo), max_blur=0.75)
    soft = checking.check_image(CTX, Image(gaussian_filter(photo, 5)), max_blur=0.75)

    assert (sharp.passed, soft.passed) == (True, False)


def test_an_image_in_another_color_space_is_handed_on_as_it_is() -> None:
    image = Image(np.full((4, 4, 3), 0.5, np.float32), color=ColorSpace("pq", "bt2020"))

    assert checking.check_image(CTX, image, max_black=1.0).image is image


def make_video(*parts: tuple[str, int]) -> Video:
    """Frames of noise that move, stand still or are black, at 10 frames per second."""
    rng = np.random.default_rng(1)
    frames: list[Image] = []
    for kind, count in parts:
        noise = rng.integers(0, 255, (24, 32, 3), np.uint8)
        for number in range(count):
            pixels = np.zeros_like(noise) if kind == "black" else noise
            frames.append(Image(np.roll(pixels, 2 * number, axis=1) if kind == "moves" else pixels))
    return Video.from_images(frames, 10)


def test_the_longest_stretches_of_a_video_are_found_with_their_starts() -> None:
    video = make_video(("moves", 4), ("still", 6), ("moves", 3), ("black", 5), ("moves", 2), ("still", 3))

    found = checking.check_frames(CTX, video, max_black_seconds=0.4, max_frozen_seconds=0.6)

    rows = {row["name"]: (row["measured"], row.get("at_seconds"), row["passed"]) for row in found.verdict["measures"]}
    assert rows["black"] == (0.5, pytest.approx(1.3), False)
    assert rows["frozen"] == (pytest.approx(0.6), pytest.approx(0.4), True)
    assert rows["blurred"] == (0.0, None, True)
    assert found.video is video


def test_blurred_frames_in_a_row_are_found_and_black_ones_are_not_blurred() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    smooth = [Image(np.broadcast_to(np.roll(ramp[None, :, None], 0, axis=1) // 2 + 8 * n, (48, 64, 3)).copy())
              for n in range(5)]  # fmt: skip
    video = Video.from_images([*smooth, *[Image(np.zeros((48, 64, 3), np.uint8))] * 5], 10)

    found = checking.check_frames(CTX, video, max_blurred_seconds=0.4)

    assert found.verdict["sentence"] == "blurred 0.5 seconds at 0.00 s (expected at most 0.4)"


def test_limits_that_are_null_are_not_measured() -> None:
    video = make_video(("still", 30))

    found = checking.check_frames(CTX, video, max_frozen_seconds=None, max_blurred_seconds=None)

    assert found.passed
    assert list(measure(found.verdict)) == ["black"]
