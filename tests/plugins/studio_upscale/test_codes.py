"""Codes: how an image was probably made small, and how hard it was compressed."""

from __future__ import annotations

import numpy as np
import pytest

from studio_upscale.codes import CODES, EVEN, UNSEEN, find_codes
from studio_upscale.gauge import FEATURES, KERNELS, SCALES, Gauge


def make_gauge(*scores: float) -> Gauge:
    """Return a gauge whose guess is the softmax of some scores, whatever it sees."""
    last = np.zeros((1, len(KERNELS), 3), np.float32)
    last[0, :, -1] = scores
    return Gauge(
        np.zeros(FEATURES, np.float32),
        np.ones(FEATURES, np.float32),
        np.zeros((1, 2, FEATURES + len(SCALES) + 1), np.float32),
        np.zeros((1, 2, 3), np.float32),
        last,
        np.ones(1, np.float32),
    )


PLANE = np.random.default_rng(0).random((40, 40), dtype=np.float32)


def test_codes_are_the_shares_of_sampling_and_of_areas_and_the_step_of_jpeg() -> None:
    # antialiased 1 part, area 2 parts, cubic 5 parts
    gauge = make_gauge(np.log(1), np.log(2), np.log(5))

    assert find_codes(PLANE, gauge, 2) == pytest.approx((5 / 8, 2 / 8, 0.0), abs=1e-6)


def test_odds_weigh_the_guess() -> None:
    gauge = make_gauge(np.log(1), np.log(2), np.log(5))

    assert find_codes(PLANE, gauge, 2, EVEN | {"antialiased": 3.0}) == pytest.approx((5 / 10, 2 / 10, 0.0), abs=1e-6)


def test_an_image_of_which_nothing_can_be_seen_is_usually_smoothed() -> None:
    assert pytest.approx((0.25, 0.25, 0.0)) == UNSEEN
    assert len(UNSEEN) == CODES
