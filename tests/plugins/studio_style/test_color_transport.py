"""Whole color distributions moved onto others, without grain."""

from __future__ import annotations

import numpy as np

from studio.api import Image
from studio.testing import TestContext
from studio_style.color_transport import match_distribution
from studio_style.nodes.colors import transfer_color
from tests.plugins.studio_style.images import draw_scene, draw_stripes


def test_sliced_transport_meets_the_styles_quantiles_better_than_the_linear_map() -> None:
    content, style = draw_scene(60, 40), draw_stripes()

    def measure(image: Image) -> float:
        steps = np.linspace(0, 1, 21)
        pairs = [(image.pixels[..., index], style.pixels[..., index]) for index in range(3)]
        return float(np.mean([np.abs(np.quantile(a, steps) - np.quantile(b, steps)).mean() for a, b in pairs]))

    linear, sliced = (transfer_color(TestContext(), content, style, method=m) for m in ("linear", "sliced"))  # type: ignore[arg-type]

    assert measure(sliced) < measure(linear)


def test_transport_raises_no_grain_in_a_flat_sky() -> None:
    rng = np.random.default_rng(2)
    sky = np.tile(np.linspace(0.5, 0.6, 80, dtype=np.float32)[:, None, None], (1, 80, 3)) * np.float32((0.8, 0.9, 1.0))
    noisy = (sky + rng.normal(0, 0.004, sky.shape)).astype(np.float32)

    moved = match_distribution(noisy, rng.uniform(0, 1, (60, 60, 3)).astype(np.float32))

    before, after = (np.abs(np.diff(each, axis=1)).mean() for each in (noisy, moved))
    assert after < 4 * before
