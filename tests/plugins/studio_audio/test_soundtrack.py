"""Music cut at its beats and fitted to a length and a curve."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from studio_audio import soundtrack
from studio_audio.soundtrack import Piece, Request, interpolate, lay_out, measure_jumps, ride


def make_piece(beats: int = 12, length: int = 400, rate: int = 800) -> Piece:
    """A piece of noise cut into equal beats of random features."""
    draw = np.random.default_rng(0)
    samples = (0.1 * draw.standard_normal((beats * length, 1))).astype(np.float32)
    features = draw.standard_normal((4, beats))
    return Piece(samples, rate, np.arange(beats + 1) * length, features, np.zeros(beats), np.array([0]))


def test_a_curve_is_level_before_its_first_and_after_its_last_point() -> None:
    times = np.array([-1.0, 0.0, 1.5, 2.0, 9.0])

    assert interpolate([(1.0, 0.2), (2.0, 0.8)], times).tolist() == pytest.approx([0.2, 0.2, 0.5, 0.8, 0.8])


def test_the_path_is_the_cheapest_of_all() -> None:
    draw = np.random.default_rng(3)
    miss, jumps, ending = draw.random((4, 5)), draw.random((5, 5)), draw.random(5)

    def measure(path: tuple[int, ...]) -> float:
        steps = sum(jumps[a, b] for a, b in itertools.pairwise(path))
        return float(sum(miss[at, beat] for at, beat in enumerate(path)) + steps + ending[path[-1]])

    best = min(itertools.product(range(5), repeat=4), key=measure)

    assert tuple(soundtrack._search(miss, jumps, ending).tolist()) == best


def test_without_a_curve_a_piece_of_its_own_length_is_played_from_its_beginning() -> None:
    piece = make_piece()

    path = soundtrack.find_path(piece, Request(6.0, [], None, False), 0.5)

    assert path.tolist() == list(range(12))


def test_beats_in_order_are_the_piece_itself() -> None:
    piece = make_piece()

    made, seams = lay_out(piece, np.arange(3, 9))

    assert np.array_equal(made, piece.samples[3 * 400 : 9 * 400])
    assert seams == []


def test_a_jump_is_crossfaded_and_moved_by_30_milliseconds_at_most() -> None:
    piece = make_piece()

    made, seams = lay_out(piece, np.array([0, 1, 2, 7, 8]))

    assert len(seams) == 1
    place, frame, moved = seams[0]
    assert (place, frame) == (3, 1200 + moved)
    assert abs(moved) <= 0.03 * piece.rate
    assert len(made) == 5 * 400
    inside = 1200 + moved + 20
    assert np.array_equal(made[inside:2000], piece.samples[2800 + moved + 20 : 3600])


def test_going_on_costs_less_than_any_jump_from_the_same_beat() -> None:
    costs = measure_jumps(make_piece())

    rows = np.arange(10)
    assert (costs[rows, rows + 1] <= costs[rows].min(axis=1) + 0.5).all()
    assert (np.diag(costs)[:-1] > costs[rows.max(), rows.max() + 1]).all()


def test_the_gain_follows_the_curve_and_only_turns_down() -> None:
    samples = np.full((8000, 1), 0.5, np.float32)

    made = ride(samples, 1000, [(0.0, 0.0), (8.0, 1.0)], 1.0)[:, 0]
    decibels = 20 * np.log10(made / 0.5)

    assert decibels.max() <= 1e-4
    assert decibels[[500, 4000, 7500]] == pytest.approx([-11.2, -6.0, -0.7], abs=0.7)
    assert np.array_equal(ride(samples, 1000, [(0.0, 0.0), (8.0, 1.0)], 0.0), samples)


def test_a_ride_that_is_asked_for_is_taken_and_otherwise_the_least_that_follows() -> None:
    samples = np.full((8000, 1), 0.5, np.float32)
    curve = [(0.0, 0.0), (4.0, 1.0), (8.0, 0.0)]

    assert soundtrack.ride_to_curve(samples, 1000, Request(8.0, curve, 0.3, False))[1] == 0.3
    assert soundtrack.ride_to_curve(samples, 1000, Request(8.0, curve, None, False))[1] == 0.5
