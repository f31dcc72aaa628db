"""Spectrogram transfer by gradients."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio.optimize import match_random_filters, match_sliced_patches
from studio_audio.transfer_setting import Setting


def make_setting(rounds: int, seed: int = 1) -> Setting:
    return Setting(rate=16_000, window=128, rounds=rounds, seed=seed, device="cpu", step=lambda *_: None)


def make_levels(seed: int, scale: float) -> np.ndarray:
    """Levels whose bins rise or fall with the frequency."""
    noise = np.random.default_rng(seed).random((33, 64))
    return (noise * np.linspace(scale, 1 - scale, 33)[:, None]).astype(np.float32)


CONTENT, STYLE = make_levels(0, 1.0), make_levels(1, 0.0)


def measure_slope(levels: np.ndarray) -> float:
    """How the mean level of a bin goes with its frequency."""
    return float(np.polyfit(np.linspace(0, 1, 33), levels.mean(axis=1), 1)[0])


def test_random_filters_draw_the_levels_towards_the_style() -> None:
    made = match_random_filters(CONTENT, STYLE, make_setting(60))

    assert made.min() >= 0
    assert measure_slope(CONTENT) < measure_slope(made)


def test_patches_draw_the_levels_towards_the_style() -> None:
    made = match_sliced_patches(CONTENT, STYLE, CONTENT, make_setting(60))

    assert measure_slope(CONTENT) + 0.1 < measure_slope(made) <= measure_slope(STYLE) + 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_alone_decides(seed: int) -> None:
    made = [match_random_filters(CONTENT, STYLE, make_setting(5, number)) for number in (1, seed)]

    assert np.array_equal(*made) == (seed == 1)


def test_pieces_shorter_than_a_patch_stay_as_they_begin() -> None:
    short = CONTENT[:, :8]

    assert match_sliced_patches(short, STYLE, short, make_setting(5)) is short


def test_each_round_is_counted() -> None:
    counted: list[tuple[int, int]] = []
    setting = Setting(16_000, 128, 4, 1, "cpu", lambda done, total: counted.append((done, total)))

    match_random_filters(CONTENT, STYLE, setting)

    assert counted == [(0, 4), (1, 4), (2, 4), (3, 4)]
