"""Edges after Canny, against scikit-image's."""

from __future__ import annotations

import numpy as np
from skimage import feature

from studio_image.detect_edges import detect_edges


def draw_disc() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    y, x = np.mgrid[:80, :80]
    return np.clip(25.5 - np.hypot(x - 40, y - 40), 0, 1).astype(np.float32)


def test_edges_lie_where_those_of_scikit_image_do() -> None:
    disc = draw_disc()

    ours = detect_edges(disc[:, :, None], 0.08, 0.2, 1.0) > 0
    theirs = feature.canny(disc, sigma=1.0, low_threshold=0.08, high_threshold=0.2)

    for one, other in ((ours, theirs), (theirs, ours)):
        near = np.zeros_like(other)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                near |= np.roll(other, (down, right), (0, 1))
        assert (one & near).sum() >= 0.98 * one.sum() > 100


def test_the_order_of_the_thresholds_does_not_matter() -> None:
    pixels = draw_disc()[:, :, None]

    assert np.array_equal(detect_edges(pixels, 0.2, 0.08, 1.0), detect_edges(pixels, 0.08, 0.2, 1.0))


def test_what_is_transparent_has_no_edges() -> None:
    hidden = np.concatenate([np.repeat(draw_disc()[:, :, None], 3, axis=2), np.zeros((80, 80, 1), np.float32)], axis=2)

    assert detect_edges(hidden, 0.08, 0.2, 1.0).max() == 0
