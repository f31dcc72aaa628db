"""Where parts begin, and which of them are alike."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio import rhythm
from studio_audio.structure import average_between, describe_beats, find_borders, measure_timbre, name_parts
from tests.plugins.studio_audio.signals import make_noise, make_song


def make_features(*parts: tuple[int, int]) -> np.ndarray:
    """Noisy features of parts: each of one of three kinds, so many spans long."""
    draw = np.random.default_rng(0)
    kinds = np.eye(6)[:3] * 4
    rows = np.concatenate([np.repeat(kinds[kind][None], count, axis=0) for kind, count in parts])
    return (rows + 0.05 * draw.standard_normal(rows.shape)).T


def test_borders_lie_where_the_features_change() -> None:
    features = make_features((0, 20), (1, 16), (0, 24))

    assert find_borders(features, 16, 8).tolist() == [0, 20, 36, 60]


def test_parts_are_never_shorter_than_asked() -> None:
    features = make_features((0, 20), (1, 4), (0, 20))

    assert min(np.diff(find_borders(features, 16, 8))) >= 8


@pytest.mark.parametrize("count", [1, 16])
def test_too_few_spans_are_one_part(count: int) -> None:
    assert find_borders(make_features((0, count)), 16, 8).tolist() == [0, count]


def test_parts_that_are_alike_have_one_letter() -> None:
    features = make_features((0, 20), (1, 16), (0, 24), (2, 16))

    assert name_parts(features, np.array([0, 20, 36, 60, 76])) == ["A", "B", "A", "C"]


def test_means_are_taken_from_each_time_to_the_next() -> None:
    rows = np.arange(10.0)[None]
    times = np.array([0, 2, 2, 5]) * rhythm.HOP / rhythm.RATE

    assert average_between(rows, times, rhythm.HOP)[0].tolist() == [0.5, 2.0, 3.0]


def test_the_timbre_does_not_depend_on_the_level() -> None:
    signal = make_noise(1.0).samples[:, 0]

    soft, loud = measure_timbre(signal * np.float32(10)), measure_timbre(signal * np.float32(1000))

    assert np.abs(soft - loud).mean() < 0.01 * np.abs(loud).mean()


def test_the_beats_of_a_song_of_two_parts_are_described_in_two_groups() -> None:
    song = make_song(32)
    signal = rhythm.prepare(song.samples, song.rate)

    features = describe_beats(signal, np.arange(33) * 0.5)
    names = name_parts(features, np.array([0, 16, 32]))

    assert features.shape == (12 + 12, 32)
    assert names == ["A", "B"]
