"""Looks: what is dark, what shines, which colors are left, and where channels lie."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from studio.api import Image
from studio.testing import TestContext
from studio_image.nodes import looks
from studio_image.pixels import compute_luma, decode_srgb

CTX = TestContext()


def make_noise(channels: int = 3, height: int = 24, width: int = 31) -> Image:
    return Image(np.random.default_rng(channels).random((height, width, channels), dtype=np.float32))


def test_a_vignette_leaves_the_middle_and_mixes_its_color_into_the_corners() -> None:
    white = Image(np.ones((101, 201, 3), np.float32))

    done = looks.add_vignette(CTX, white, strength=0.8, radius=0.5, softness=0.5).pixels[:, :, 0]

    assert done[50, 100] == 1
    assert done[0, 0] == pytest.approx(0.2, abs=0.01)
    assert done[50, 0] == pytest.approx(1 - 0.8 * 0.37, abs=0.03)  # at 0.707 of a corner: smoothstep of 0.41
    assert np.all(np.diff(done[50, 100:]) <= 0)
    assert done == pytest.approx(done[::-1, ::-1], abs=1e-6)


def test_a_colored_vignette_makes_a_grey_image_rgb_and_keeps_alpha() -> None:
    grey, clear = Image(np.ones((9, 9, 1), np.float32)), make_noise(4)

    assert looks.add_vignette(CTX, grey, color="#400000").channels == 3
    assert looks.add_vignette(CTX, grey).channels == 1
    assert np.array_equal(looks.add_vignette(CTX, clear).pixels[:, :, 3], clear.pixels[:, :, 3])


def test_bloom_adds_the_light_of_bright_parts_around_them() -> None:
    samples = np.full((81, 81, 3), 0.1, np.float32)
    samples[38:43, 38:43] = 1.0

    done = looks.add_bloom(CTX, Image(samples), threshold=0.5, radius=4.0, strength=0.5).pixels

    added = decode_srgb(done)[:, :, 0] - decode_srgb(samples)[:, :, 0]
    added[38:43, 38:43] = 0  # they are full already
    shining = 25 * 0.5
    assert added.sum() == pytest.approx(shining, rel=0.25)  # less what falls on the bright part itself
    assert added[40, 48] > added[40, 55] > added[40, 62] > -1e-6
    assert looks.add_bloom(CTX, Image(np.full((9, 9, 3), 0.3, np.float32))).pixels == pytest.approx(0.3, abs=1e-5)


def test_a_gradient_map_gives_each_luma_its_color() -> None:
    image = make_noise(4)

    done = looks.map_gradient(CTX, image, colors=["black", "#ff0000", "white"]).pixels

    luma = compute_luma(image.pixels)
    assert done[:, :, 0] == pytest.approx(np.minimum(2 * luma, 1), abs=1e-5)
    assert done[:, :, 1] == pytest.approx(np.maximum(2 * luma - 1, 0), abs=1e-5)
    assert np.array_equal(done[:, :, 3], image.pixels[:, :, 3])
    half = looks.map_gradient(CTX, image, colors=["black", "#ff0000", "white"], strength=0.5).pixels
    assert half == pytest.approx((done + image.pixels) / 2, abs=1e-6)


@pytest.mark.parametrize("dither", [False, True])
def test_so_many_colors_are_left_and_dithering_keeps_the_mean(dither: bool) -> None:
    image = make_noise(3, 64, 64)

    done = looks.quantize_image(CTX, image, color_count=5, dither=dither).pixels

    assert len(np.unique(done.reshape(-1, 3), axis=0)) <= 5
    assert done.mean() == pytest.approx(image.pixels.mean(), abs=0.01)
    few = np.asarray(PIL.Image.fromarray(np.rint(image.pixels * 255).astype(np.uint8)).quantize(5).convert("RGB"))
    assert np.abs(done - image.pixels).mean() < np.abs(few / 255 - image.pixels).mean() * (1.6 if dither else 1.1)


def test_an_image_of_few_colors_keeps_them() -> None:
    flag = np.zeros((6, 9, 3), np.uint8)
    flag[:, :3], flag[:, 3:6] = (200, 16, 46), (1, 33, 105)

    assert looks.quantize_image(CTX, Image(flag), color_count=3).pixels == pytest.approx(Image(flag).pixels, abs=1e-6)


def test_squares_have_the_mean_of_what_they_cover() -> None:
    image = make_noise(3, 10, 14)

    done = looks.pixelate_image(CTX, image, size=4).pixels

    assert done[0:4, 4:8] == pytest.approx(np.broadcast_to(image.pixels[0:4, 4:8].mean((0, 1)), (4, 4, 3)), abs=1e-6)
    assert done[8:, 12:] == pytest.approx(np.broadcast_to(image.pixels[8:, 12:].mean((0, 1)), (2, 2, 3)), abs=1e-6)
    assert looks.pixelate_image(CTX, image, size=1).pixels == pytest.approx(image.pixels)
    assert looks.pixelate_image(CTX, image, size=1000).pixels[0, 0] == pytest.approx(
        image.pixels.mean((0, 1)), abs=1e-6
    )


def test_what_is_transparent_gives_a_square_no_color() -> None:
    samples = np.zeros((4, 4, 4), np.float32)
    samples[:, :2] = (1, 0, 0, 1)

    done = looks.pixelate_image(CTX, Image(samples), size=4).pixels

    assert done[0, 0] == pytest.approx([1, 0, 0, 0.5])


def test_red_and_blue_move_and_green_and_alpha_stay() -> None:
    image = make_noise(4)

    done = looks.shift_channels(CTX, image, red_x=3, red_y=-2, blue_x=0, blue_y=5).pixels

    assert np.array_equal(done[:-2, 3:, 0], image.pixels[2:, :-3, 0])
    assert np.array_equal(done[5:, :, 2], image.pixels[:-5, :, 2])
    assert np.array_equal(done[:, :, [1, 3]], image.pixels[:, :, [1, 3]])
    assert np.array_equal(done[:-2, 0, 0], image.pixels[2:, 0, 0])  # the edge is repeated
