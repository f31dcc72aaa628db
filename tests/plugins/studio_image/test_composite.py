"""Blend modes against the formulas of W3C Compositing and Blending Level 1, over a grid of both colors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from studio_image.blend_modes import BlendMode
from studio_image.composite import blend, composite

LEVELS = [0.0, 0.05, 0.1, 0.2, 0.22, 0.24, 0.25, 0.26, 0.4, 0.49, 0.5, 0.51, 0.6, 0.75, 0.9, 0.99, 1.0]


def soft_light(cb: float, cs: float) -> float:
    if cs <= 0.5:
        return cb - (1 - 2 * cs) * cb * (1 - cb)
    curve = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else math.sqrt(cb)
    return cb + (2 * cs - 1) * (curve - cb)


def hard_light(cb: float, cs: float) -> float:
    return cb * 2 * cs if cs <= 0.5 else cb + (2 * cs - 1) - cb * (2 * cs - 1)


def color_dodge(cb: float, cs: float) -> float:
    if cb == 0:
        return 0
    return 1 if cs == 1 else min(1, cb / (1 - cs))


def color_burn(cb: float, cs: float) -> float:
    if cb == 1:
        return 1
    return 0 if cs == 0 else 1 - min(1, (1 - cb) / cs)


FORMULAS: dict[BlendMode, Callable[[float, float], float]] = {
    "normal": lambda cb, cs: cs,
    "multiply": lambda cb, cs: cb * cs,
    "screen": lambda cb, cs: cb + cs - cb * cs,
    "overlay": lambda cb, cs: hard_light(cs, cb),
    "darken": min,
    "lighten": max,
    "color_dodge": color_dodge,
    "color_burn": color_burn,
    "hard_light": hard_light,
    "soft_light": soft_light,
    "difference": lambda cb, cs: abs(cb - cs),
    "exclusion": lambda cb, cs: cb + cs - 2 * cb * cs,
    "add": lambda cb, cs: min(1, cb + cs),
}


@pytest.mark.parametrize("mode", FORMULAS)
def test_a_mode_is_its_formula_for_every_pair_of_levels(mode: BlendMode) -> None:
    pairs = list(itertools.product(LEVELS, LEVELS))
    below, above = (np.array([[pair[index] for pair in pairs]], np.float32)[:, :, None] for index in (0, 1))

    made = composite(below, above, 0, 0, 1.0, mode)[0, :, 0]

    expected = [FORMULAS[mode](float(cb), float(cs)) for cb, cs in zip(below[0, :, 0], above[0, :, 0], strict=True)]
    assert np.abs(made - expected).max() < 2e-6


def test_a_transparent_backdrop_takes_the_source_whatever_the_mode() -> None:
    clear, source = np.zeros((1, 1, 4), np.float32), np.full((1, 1, 4), 0.5, np.float32)

    for mode in FORMULAS:
        assert composite(clear, source, 0, 0, 1.0, mode)[0, 0] == pytest.approx([0.5] * 4)


def test_a_cover_per_sample_moves_with_the_part_that_lies_inside() -> None:
    base, top = np.zeros((2, 2, 1), np.float32), np.ones((2, 2, 1), np.float32)
    cover = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)

    made = composite(base, top, 1, -1, cover, "normal")[:, :, 0]

    assert made == pytest.approx(np.array([[0, 0.3], [0, 0]]))


def test_blending_weighs_colors_by_their_alpha() -> None:
    opaque, faint = np.array([[[1, 0, 0, 1]]], np.float32), np.array([[[0, 0, 1, 0.25]]], np.float32)

    # half of each: alpha 0.625, of which 0.5 is red and 0.125 blue
    assert blend(opaque, faint, 0.5)[0, 0] == pytest.approx([0.8, 0, 0.2, 0.625])
