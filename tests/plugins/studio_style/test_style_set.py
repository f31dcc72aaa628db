"""Several styles with shares."""

from __future__ import annotations

import numpy as np
import pytest

from studio_style.style_set import StyleSet, create_style_set


def make_flat(level: float, side: int = 8) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((side, side, 3), level, np.float32)


def test_shares_add_up_to_1_and_styles_without_weight_are_left_out() -> None:
    styles = create_style_set([make_flat(0.1), make_flat(0.2), make_flat(0.3)], [1.0, 0.0, 3.0])

    assert styles.shares == (0.25, 0.75)
    assert [float(image[0, 0, 0]) for image in styles.images] == pytest.approx([0.1, 0.3])


def test_the_palette_has_pixels_of_each_style_by_its_share() -> None:
    palette = StyleSet((make_flat(0.0, 4), make_flat(1.0, 40)), (0.75, 0.25)).find_palette()

    assert palette.shape[1:] == (1, 3)
    assert palette.mean() == pytest.approx(0.25, abs=1e-4)


def test_the_palette_of_one_style_is_the_style() -> None:
    style = make_flat(0.5)

    assert StyleSet((style,), (1.0,)).find_palette() is style
