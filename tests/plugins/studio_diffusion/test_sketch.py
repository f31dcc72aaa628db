"""Sketches and photographs as control images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image

pytestmark = pytest.mark.xdist_group("diffusers")


def draw_ring(paper: float, ink: float, side: int = 128) -> Any:
    y, x = np.mgrid[:side, :side] - side / 2
    ring = np.abs(np.hypot(x, y) - side / 3) < 2
    return np.repeat(np.where(ring, ink, paper).astype(np.float32)[:, :, None], 3, axis=2), ring


@pytest.mark.parametrize(("paper", "ink"), [(1.0, 0.1), (0.95, 0.5), (0.0, 1.0)])
@pytest.mark.parametrize("kind", ["lines", "scribble"])
def test_a_drawing_becomes_white_lines_on_black(paper: float, ink: float, kind: str) -> None:
    from studio_diffusion.sketch import prepare_sketch

    pixels, ring = draw_ring(paper, ink)
    control = prepare_sketch(pixels, kind, (128, 128))

    assert control[ring].mean() > 0.9
    assert control[64, 64].max() == 0
    assert control[0, 0].max() == 0


def test_a_scribble_is_thicker_than_lines_and_thin_lines_survive_shrinking() -> None:
    from studio_diffusion.sketch import prepare_sketch

    pixels, _ = draw_ring(1.0, 0.0, side=512)
    lines, scribble = (prepare_sketch(pixels, kind, (64, 64)) for kind in ("lines", "scribble"))

    assert scribble.mean() > 1.5 * lines.mean()
    assert lines.max(axis=(0, 2)).max() > 0.9


def test_a_photograph_becomes_its_edges() -> None:
    from studio_diffusion.sketch import is_drawing, prepare_sketch

    y, x = np.mgrid[:64, :64].astype(np.float32) / 64
    photo = np.stack([x, y, np.where(x > 0.5, 0.9, 0.1)], axis=2).astype(np.float32)

    assert not is_drawing(photo)
    for kind in ("lines", "scribble", "canny"):
        control = prepare_sketch(photo, kind, (64, 64))
        assert control[:, 31:33].max() == 1
        assert control[:, :20].max() == 0


def test_depth_is_taken_as_it_is() -> None:
    from studio_diffusion.sketch import prepare_sketch

    pixels = Image(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1).repeat(3, axis=2)).pixels

    np.testing.assert_array_equal(prepare_sketch(pixels, "depth", (8, 8)), pixels)
