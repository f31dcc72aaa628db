"""A color removed and edges cleaned, against composites whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image
from studio.testing import TestContext
from studio_image.nodes import cutouts, masks

CTX = TestContext()
GREEN = np.array([0.0, 177 / 255, 64 / 255], np.float32)


def make_shape(softness: float) -> np.ndarray:
    shape = masks.new_mask(
        CTX, width=120, height=100, shape="ellipse", x=25.0, y=20.0, shape_width=70.0, shape_height=60.0,
        feather=softness,
    )  # fmt: skip
    return shape.pixels[:, :, None]


def make_colors() -> np.ndarray:
    across = np.linspace(0.2, 1.0, 120, dtype=np.float32)[None, :, None]
    return np.broadcast_to(np.concatenate([across, across * 0.4, 1 - across * 0.6], 2), (100, 120, 3))


@pytest.mark.parametrize("softness", [0.0, 1.0, 2.5])
def test_a_shape_before_a_screen_comes_back_with_its_alpha_and_its_colors(softness: float) -> None:
    alpha, colors = make_shape(softness), make_colors()

    cutout = cutouts.remove_color(CTX, Image(alpha * colors + (1 - alpha) * GREEN), color="#00b140").pixels

    assert np.abs(cutout[:, :, 3:] - alpha).mean() < 0.008
    solid = alpha[:, :, 0] > 0.3
    assert np.abs(cutout[:, :, :3] - colors)[solid].mean() < 0.01
    # laid over another ground it is what it would have been there
    ground = np.float32(0.9)
    seen = cutout[:, :, 3:] * cutout[:, :, :3] + (1 - cutout[:, :, 3:]) * ground
    assert np.abs(seen - (alpha * colors + (1 - alpha) * ground)).mean() < 0.008


def test_dark_and_light_details_at_an_edge_stay() -> None:
    alpha = (make_shape(0.0) > 0.5).astype(np.float32)
    stripes = np.where(np.arange(120)[None, :, None] // 2 % 2, np.float32(0.05), np.float32(0.95))
    picture = np.broadcast_to(stripes, (100, 120, 3))

    cutout = cutouts.remove_color(CTX, Image(alpha * picture + (1 - alpha) * GREEN), color="#00b140").pixels

    assert cutout[:, :, 3][alpha[:, :, 0] > 0].min() > 0.9
    assert cutout[:, :, 3][alpha[:, :, 0] == 0].max() == 0


def test_green_light_on_grey_is_taken_out_and_other_hues_are_left() -> None:
    lit = np.empty((8, 30, 3), np.float32)
    lit[:, :10] = (0.5, 0.6, 0.5)
    lit[:, 10:20] = (0.8, 0.3, 0.2)
    lit[:, 20:] = (0.95, 0.8, 0.35)

    kept = cutouts.remove_color(CTX, Image(lit), color="#00b140", spill=0.0).pixels
    clean = cutouts.remove_color(CTX, Image(lit), color="#00b140").pixels

    assert kept[:, :, :3] == pytest.approx(lit, abs=1e-6)
    grey = clean[0, 0, :3]
    assert grey[1] - max(grey[0], grey[2]) < 0.02  # from 0.1
    assert grey @ np.array([0.299, 0.587, 0.114]) == pytest.approx(0.5587, abs=1e-3)  # luma stays
    assert clean[:, 10:, :3] == pytest.approx(lit[:, 10:], abs=1e-5)


def test_transparency_that_is_there_already_stays() -> None:
    samples = np.full((4, 6, 4), 0.5, np.float32)
    samples[:, :3, :3] = GREEN

    cutout = cutouts.remove_color(CTX, Image(samples), color="#00b140").pixels

    assert cutout[:, :3, 3] == pytest.approx(0.0)
    assert cutout[:, 3:, 3] == pytest.approx(0.5)


def test_soft_edges_lose_the_former_background() -> None:
    alpha, colors = make_shape(3.0), make_colors()
    dirty = np.concatenate([alpha * colors + (1 - alpha) * GREEN, alpha], 2)

    clean = cutouts.clean_edges(CTX, Image(dirty)).pixels

    soft = (alpha[:, :, 0] > 0.05) & (alpha[:, :, 0] < 0.95)
    before, after = (np.abs(each[:, :, :3] - colors)[soft].mean() for each in (dirty, clean))
    assert after < before / 8
    assert clean[:, :, 3:] == pytest.approx(alpha)
    opaque = alpha[:, :, 0] >= 1
    assert np.array_equal(clean[opaque], dirty[opaque])


def test_a_cutout_shrinks_and_softens_on_demand_and_an_opaque_image_stays() -> None:
    alpha = (make_shape(0.0) > 0.5).astype(np.float32)
    cutout = Image(np.concatenate([make_colors(), alpha], 2))

    smaller = cutouts.clean_edges(CTX, cutout, shrink=2).pixels[:, :, 3]
    softer = cutouts.clean_edges(CTX, cutout, feather=2.0).pixels[:, :, 3]
    opaque = cutouts.clean_edges(CTX, Image(make_colors().copy())).pixels

    assert 0 < smaller.sum() < alpha.sum() * 0.95
    assert ((softer > 0.1) & (softer < 0.9)).sum() > 300
    assert opaque[:, :, :3] == pytest.approx(make_colors())
    assert opaque[:, :, 3] == pytest.approx(1.0)
