"""Colors transferred, black-and-white images colored, and looks of photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_style.color_match import compute_luma
from studio_style.color_transport import match_distribution
from studio_style.looks import LOOKS
from studio_style.nodes.colors import colorize_image, transfer_color
from studio_style.nodes.looks import filter_photo
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


def test_coloring_a_large_image_keeps_its_edges_sharp() -> None:
    truth = draw_scene(900, 600)

    colored = colorize_image(TestContext(), make_grey(truth), scribbles=scatter_dabs(truth, 300))

    assert (colored.width, colored.height) == (900, 600)
    assert measure_psnr(colored, truth) > 24


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


def test_sliced_transport_meets_the_styles_quantiles_better_than_the_linear_map() -> None:
    content, style = draw_scene(60, 40), draw_stripes()

    def measure(image: Image) -> float:
        steps = np.linspace(0, 1, 21)
        pairs = [(image.pixels[..., index], style.pixels[..., index]) for index in range(3)]
        return float(np.mean([np.abs(np.quantile(a, steps) - np.quantile(b, steps)).mean() for a, b in pairs]))

    linear, sliced = (transfer_color(TestContext(), content, style, method=m) for m in ("linear", "sliced"))  # type: ignore[arg-type]

    assert measure(sliced) < measure(linear)


def test_colors_without_luma_leave_light_and_dark_as_they_are() -> None:
    content = draw_scene(60, 40)

    moved = transfer_color(TestContext(), content, draw_stripes(), method="sliced", keep_luma=True)

    change = np.abs(compute_luma(moved.pixels) - compute_luma(content.pixels))
    assert np.median(change) < 1e-3
    assert np.abs(moved.pixels - content.pixels).mean() > 0.02


def test_transport_raises_no_grain_in_a_flat_sky() -> None:
    rng = np.random.default_rng(2)
    sky = np.tile(np.linspace(0.5, 0.6, 80, dtype=np.float32)[:, None, None], (1, 80, 3)) * np.float32((0.8, 0.9, 1.0))
    noisy = (sky + rng.normal(0, 0.004, sky.shape)).astype(np.float32)

    moved = match_distribution(noisy, rng.uniform(0, 1, (60, 60, 3)).astype(np.float32))

    before, after = (np.abs(np.diff(each, axis=1)).mean() for each in (noisy, moved))
    assert after < 4 * before


@pytest.mark.parametrize("look", sorted(LOOKS))
@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 1), (37, 23)])
def test_looks_take_any_size_and_keep_the_range(look: Any, size: tuple[int, int]) -> None:
    for image in (draw_scene(*size), Image(np.zeros((size[1], size[0]), np.uint8))):
        made = filter_photo(TestContext(), image, look=look)

        assert (made.width, made.height, made.channels) == (*size, 3)
        assert np.isfinite(made.pixels).all()


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_looks_change_an_image_as_much_as_asked(look: Any) -> None:
    scene = draw_scene(96, 64)

    half, full = (filter_photo(TestContext(), scene, look=look, strength=strength) for strength in (0.5, 1.0))

    assert filter_photo(TestContext(), scene, look=look, strength=0.0) == scene
    assert 0 < np.abs(half.pixels - scene.pixels).mean() < np.abs(full.pixels - scene.pixels).mean()


def test_pixel_art_has_few_colors_in_square_cells() -> None:
    made = filter_photo(TestContext(), draw_scene(512, 340), look="pixel_art")

    assert len(np.unique(made.to_uint8().reshape(-1, 3), axis=0)) <= 24
    assert np.array_equal(made.pixels[0:5, 0:5], np.broadcast_to(made.pixels[0, 0], (5, 5, 3)))


def test_looks_of_a_strip_are_as_fine_as_its_short_side_asks_for() -> None:
    strip = Image(np.tile(np.linspace(0, 1, 20, dtype=np.float32)[:, None, None], (1, 4096, 3)))

    made = filter_photo(TestContext(), strip, look="pixel_art")

    assert len(np.unique(made.pixels[:, 0], axis=0)) > 5  # with cells of an image of 4096 pixels: 1


def test_halftone_prints_as_dark_as_the_image_is() -> None:
    grays = [
        filter_photo(TestContext(), Image(np.full((64, 64, 3), level, np.float32)), look="halftone").pixels.mean()
        for level in (0.1, 0.4, 0.7, 0.95)
    ]

    assert grays == sorted(grays)
    assert grays[-1] - grays[0] > 0.4


def test_a_strip_30_000_pixels_wide_keeps_its_size() -> None:
    strip = Image(np.tile(np.linspace(0, 1, 30_000, dtype=np.float32), (3, 1)))

    made = [
        filter_photo(TestContext(), strip, look="vintage"),
        transfer_color(TestContext(), strip, draw_stripes(), method="sliced"),
        colorize_image(TestContext(), strip, exemplar=draw_scene()),
    ]

    assert [(each.width, each.height) for each in made] == [(30_000, 3)] * 3
