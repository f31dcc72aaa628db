"""The threshold of marks: its arithmetic, and that the statistic stays under its bound."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio_provenance import audio_mark, image_search
from studio_provenance.keyed_phases import FALSE_POSITIVES, compute_chance, compute_threshold, draw_phases

RELEASED = [-0.6469, -0.2635, -2.5512, -2.9134, -0.7747, 0.5212, -2.5492, 1.7657]
RELEASED_ORDER = [3, 5, 0, 1, 2, 4, 6, 7]


@pytest.mark.parametrize("places", [image_search.PLACES, audio_mark.PLACES])
def test_all_places_of_a_search_together_have_one_chance_in_a_million(places: int) -> None:
    z = compute_threshold(places)

    assert places * math.exp(-(z**2) / 2) == pytest.approx(FALSE_POSITIVES)
    assert compute_chance(z, places) == pytest.approx(FALSE_POSITIVES)


@pytest.mark.parametrize("weights", [np.ones(50), np.geomspace(1, 1000, 50), np.r_[100.0, np.ones(49)]])
def test_random_angles_stay_under_the_bound_whatever_the_weights(weights: np.ndarray) -> None:
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, (200_000, 50))
    z = np.cos(angles) @ weights / np.sqrt(np.sum(weights**2) / 2)

    for least in (1.0, 2.0, 3.0, 4.0):
        assert np.mean(z >= least) <= math.exp(-(least**2) / 2)


def test_each_key_and_purpose_draws_waves_of_its_own() -> None:
    phases = [draw_phases(*of, 400).phases for of in ((b"a", "image"), (b"b", "image"), (b"a", "audio"))]

    for one, other in ((0, 1), (0, 2)):
        assert abs(np.vdot(phases[one], phases[other])) / 400 < 0.2


def test_a_key_draws_the_same_waves_in_every_release() -> None:
    drawn = draw_phases(b"a key", "image", 8)

    assert np.round(np.angle(drawn.phases), 4).tolist() == RELEASED
    assert drawn.search.tolist() + drawn.carriers.tolist() == RELEASED_ORDER
