"""Colors given to images: from scribbles, exemplars and other images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_style import colorize
from studio_style.color_match import compute_luma
from studio_style.nodes.colors import colorize_image, transfer_color
from tests.plugins.studio_style.images import draw_scene, draw_stripes, make_grey, measure_psnr


def scatter_dabs(image: Image, count: int) -> Image:
    """Take dabs of 3 x 3 pixels of an image's own colors, transparent elsewhere."""
    rng, alpha = np.random.default_rng(0), np.zeros((image.height, image.width, 1), np.float32)
    for _ in range(count):
        row, column = rng.integers(1, image.height - 1), rng.integers(1, image.width - 1)
        alpha[row - 1 : row + 2, column - 1 : column + 2] = 1
    return Image(np.concatenate([image.pixels * alpha, alpha], axis=2))


def test_thirty_dabs_bring_a_grey_image_much_nearer_to_its_colors() -> None:
    truth = draw_scene(96, 64)
    grey = make_grey(truth)

    colored = colorize_image(TestContext(), grey, scribbles=scatter_dabs(truth, 30))

    shown = Image(np.repeat(grey.pixels, 3, axis=2))
    assert measure_psnr(colored, truth) > measure_psnr(shown, truth) + 5


def test_an_exemplar_of_the_same_kind_lends_its_colors() -> None:
    truth = draw_scene(96, 64)
    grey = make_grey(truth)

    colored = colorize_image(TestContext(), grey, exemplar=draw_scene(80, 60, shift=12))

    assert measure_psnr(colored, truth) > measure_psnr(Image(np.repeat(grey.pixels, 3, axis=2)), truth) + 5


def test_coloring_keeps_the_luma_and_the_alpha() -> None:
    truth = draw_scene(60, 40)
    alpha = np.linspace(0, 1, 60, dtype=np.float32)[None, :, None].repeat(40, axis=0)
    grey = Image(np.concatenate([make_grey(truth).pixels.repeat(3, axis=2), alpha], axis=2))

    colored = colorize_image(TestContext(), grey, exemplar=truth, scribbles=scatter_dabs(truth, 9))

    assert np.abs(compute_luma(colored.pixels[..., :3]) - compute_luma(grey.pixels[..., :3])).max() < 0.01
    assert np.array_equal(colored.pixels[..., 3:], alpha)


def test_coloring_a_large_image_keeps_its_edges_sharp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colorize, "_SOLVED_SIDE", 80)  # large is what has longer sides
    truth = draw_scene(240, 160)

    colored = colorize_image(TestContext(), make_grey(truth), scribbles=scatter_dabs(truth, 150))

    assert (colored.width, colored.height) == (240, 160)
    assert measure_psnr(colored, truth) > 33.5  # 34.8; colors that are enlarged plainly have 31.5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "nothing to take"),
        ({"scribbles": draw_scene()}, "no alpha"),
        ({"scribbles": Image(np.zeros((8, 8, 4), np.uint8))}, "8 x 8"),
        ({"scribbles": Image(np.zeros((32, 48, 4), np.uint8))}, "transparent everywhere"),
    ],
)
def test_colors_that_cannot_be_used_are_told(given: dict[str, Any], said: str) -> None:
    with pytest.raises(MediaError, match=said) as caught:
        colorize_image(TestContext(), make_grey(draw_scene()), **given)

    assert caught.value.code == "E684"


def test_colors_without_luma_leave_light_and_dark_as_they_are() -> None:
    content = draw_scene(60, 40)

    moved = transfer_color(TestContext(), content, draw_stripes(), method="sliced", keep_luma=True)

    change = np.abs(compute_luma(moved.pixels) - compute_luma(content.pixels))
    assert np.median(change) < 1e-3
    assert np.abs(moved.pixels - content.pixels).mean() > 0.02
