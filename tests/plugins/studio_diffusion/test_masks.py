"""Masks for painting into an image, and canvases beyond its edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, Mask

pytestmark = pytest.mark.xdist_group("diffusers")


def ramp(width: int = 32, height: int = 32, channels: int = 3) -> Image:
    """An image that is another one at every pixel."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    planes = [x / width, y / height, (x + y) / (width + height), 0.5 + 0 * x]
    return Image(np.stack(planes[:channels], axis=2))


def left_half(width: int = 32, height: int = 32) -> Mask:
    samples = np.zeros((height, width), np.float32)
    samples[:, : width // 2] = 1
    return Mask(samples)


def test_a_feather_is_soft_at_the_masks_edge_and_whole_inside() -> None:
    from studio_diffusion.masks import soften_inside

    weight = soften_inside(left_half(64, 8).pixels, 8.0)

    assert (weight[:, 32:] == 0).all()
    assert (weight[:, :24] > 0.95).all()
    assert (np.diff(weight[4, 22:33]) <= 0).all()
    assert soften_inside(np.eye(8, dtype=np.float32), 100.0).max() > 0


@pytest.mark.parametrize("shade", [0.3, 0.6, 0.9])
def test_a_feather_keeps_the_masks_own_shades(shade: float) -> None:
    from studio_diffusion.masks import soften_inside

    mask = np.zeros((64, 64), np.float32)
    mask[:, :24], mask[:, 40:] = shade, 1.0

    weight = soften_inside(mask, 4.0)

    assert weight[32, 8] == pytest.approx(shade)
    assert weight[32, 60] == 1.0
    assert soften_inside(np.full((8, 8), shade, np.float32), 4.0).max() == pytest.approx(shade)


def test_a_thin_stroke_beside_a_large_piece_is_drawn_to_its_middle() -> None:
    from studio_diffusion.masks import soften_inside

    mask = np.zeros((64, 64), np.float32)
    mask[10:13, 5:30], mask[:, 40:] = 1.0, 1.0

    weight = soften_inside(mask, 8.0)

    assert weight[11, 15] == 1.0
    assert weight[10, 15] < 0.5
    assert weight[32, 60] == 1.0


def test_a_wide_border_is_blurred_at_a_bounded_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    from studio_diffusion.masks import extend_canvas

    widths: list[float] = []
    blur = cv2.GaussianBlur

    def record(pixels: Any, kernel: Any, width: float) -> Any:
        widths.append(width)
        return blur(pixels, kernel, width)

    monkeypatch.setattr(cv2, "GaussianBlur", record)

    canvas, mask = extend_canvas(np.full((16, 8, 3), 0.5, np.float32), 2048, 0, 0, 0, 2)

    assert max(widths) <= 16
    assert canvas.shape == (16, 2056, 3)
    np.testing.assert_allclose(canvas, 0.5, atol=1e-5)
    assert mask[:, :2048].all()


def test_the_seam_falls_from_new_to_old() -> None:
    from studio_diffusion.redraw import extend_image

    canvas, mask, weight = extend_image(ramp(), (8, 0, 0, 0), 8)

    assert (canvas.width, canvas.height) == (40, 32)
    assert (weight[:, :8] == 1).all()
    assert (weight[:, 16:] == 0).all()
    assert (np.diff(weight[5, 8:16]) < 0).all()
    assert (mask.pixels[:, :16] == 1).all()
    assert (mask.pixels[:, 16:] == 0).all()
