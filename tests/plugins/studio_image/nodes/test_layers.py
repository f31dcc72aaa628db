"""Layers laid over each other and mixed, against the formulas of W3C Compositing and Blending Level 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio.api import Image, Mask, MediaError
from studio.testing import TestContext
from studio_image.nodes import layers

CTX = TestContext()


def dot(*samples: float) -> Image:
    return Image(np.array([[samples]], np.float32))


def soft_light(cb: float, cs: float) -> float:
    d = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else math.sqrt(cb)
    return cb - (1 - 2 * cs) * cb * (1 - cb) if cs <= 0.5 else cb + (2 * cs - 1) * (d - cb)


def hard_light(cb: float, cs: float) -> float:
    return 2 * cb * cs if cs <= 0.5 else cb + (2 * cs - 1) - cb * (2 * cs - 1)


FORMULAS = {
    "normal": lambda cb, cs: cs,
    "multiply": lambda cb, cs: cb * cs,
    "screen": lambda cb, cs: cb + cs - cb * cs,
    "overlay": lambda cb, cs: hard_light(cs, cb),
    "darken": min,
    "lighten": max,
    "color_dodge": lambda cb, cs: 0 if cb == 0 else 1 if cs == 1 else min(1, cb / (1 - cs)),
    "color_burn": lambda cb, cs: 1 if cb == 1 else 0 if cs == 0 else 1 - min(1, (1 - cb) / cs),
    "hard_light": hard_light,
    "soft_light": soft_light,
    "difference": lambda cb, cs: abs(cb - cs),
    "exclusion": lambda cb, cs: cb + cs - 2 * cb * cs,
    "add": lambda cb, cs: min(1, cb + cs),
}


@pytest.mark.parametrize("mode", sorted(FORMULAS))
@pytest.mark.parametrize(("alpha_b", "alpha_s"), [(1.0, 1.0), (1.0, 0.4), (0.7, 0.4), (0.0, 0.6), (0.5, 0.0)])
def test_a_blend_mode_gives_what_the_formula_gives(mode: str, alpha_b: float, alpha_s: float) -> None:
    for cb, cs in ((0.0, 0.0), (0.2, 0.8), (0.9, 0.1), (0.25, 0.5), (1.0, 1.0), (0.6, 0.6), (0.0, 1.0), (1.0, 0.0)):
        base, top = dot(cb, cb, cb, alpha_b), dot(cs, cs, cs, alpha_s)

        result = layers.composite_images(CTX, base, top, mode=mode).pixels[0, 0]

        mixed = (1 - alpha_b) * cs + alpha_b * FORMULAS[mode](cb, cs)
        alpha = alpha_s + alpha_b * (1 - alpha_s)
        assert result[3] == pytest.approx(alpha, abs=1e-6)
        if alpha > 0:
            color = (alpha_s * mixed + (1 - alpha_s) * alpha_b * cb) / alpha
            assert result[:3] == pytest.approx([color] * 3, abs=1e-5)


def test_opacity_and_mask_multiply_the_upper_alpha() -> None:
    mask = Mask(np.array([[0.5]], np.float32))

    result = layers.composite_images(CTX, dot(0.0, 0.0, 0.0), dot(1.0, 1.0, 1.0, 0.8), mask=mask, opacity=0.5)

    assert result.pixels[0, 0] == pytest.approx([0.2] * 3)


def test_the_upper_image_lies_where_it_is_put_and_is_cut_at_the_edges() -> None:
    base, top = Image(np.zeros((4, 5, 1))), Image(np.ones((3, 3, 1)))

    shifted = layers.composite_images(CTX, base, top, x=-1, y=2).pixels[:, :, 0]

    expected = np.zeros((4, 5))
    expected[2:4, 0:2] = 1
    assert np.array_equal(shifted, expected)
    for x, y in ((5, 0), (-3, 0), (0, 4), (0, -3)):
        assert layers.composite_images(CTX, base, top, x=x, y=y) == base


@pytest.mark.parametrize(("base", "top", "result"), [(1, 1, 1), (1, 3, 3), (1, 4, 3), (3, 1, 3), (3, 4, 3), (4, 1, 4)])
def test_the_result_has_the_channels_it_needs(base: int, top: int, result: int) -> None:
    lower, upper = Image(np.full((2, 2, base), 0.25)), Image(np.full((2, 2, top), 0.75))

    assert layers.composite_images(CTX, lower, upper).channels == result


def test_the_inputs_are_left_as_they_are() -> None:
    base, top = Image(np.zeros((4, 4, 4), np.float32)), Image(np.ones((4, 4, 4), np.float32))

    layers.composite_images(CTX, base, top)
    layers.blend_images(CTX, base, top)

    assert base.pixels.max() == 0
    assert top.pixels.min() == 1


def test_a_mask_of_another_size_is_an_error_with_both_sizes() -> None:
    with pytest.raises(MediaError, match="2 x 1 but the top image is 1 x 1") as caught:
        layers.composite_images(CTX, dot(0.0), dot(1.0), mask=Mask(np.ones((1, 2))))

    assert caught.value.code == "E507"


def test_a_blend_mixes_with_alpha_multiplied_in() -> None:
    red, clear = dot(1.0, 0.0, 0.0, 1.0), dot(0.0, 1.0, 0.0, 0.0)

    assert layers.blend_images(CTX, red, clear, opacity=0.25).pixels[0, 0] == pytest.approx([1.0, 0, 0, 0.75])
    assert layers.blend_images(CTX, dot(0.2), dot(1.0, 0.0, 0.6), opacity=0.5).pixels[0, 0] == pytest.approx(
        [0.6, 0.1, 0.4])  # fmt: skip


def test_a_blend_mask_chooses_where_the_second_shows() -> None:
    mask = Mask(np.array([[0.0, 0.5, 1.0]], np.float32))

    mixed = layers.blend_images(CTX, Image(np.zeros((1, 3))), Image(np.ones((1, 3))), opacity=0.8, mask=mask)

    assert mixed.pixels[0, :, 0] == pytest.approx([0, 0.4, 0.8])
