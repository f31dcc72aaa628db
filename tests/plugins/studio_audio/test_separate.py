"""What sings and what strikes."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio.blocks import cut_blocks
from studio_audio.separate import split_blocks

RATE = 16_000


def split(samples: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    parts = list(split_blocks(lambda: cut_blocks(samples, 4096), samples.shape, RATE, margin, lambda *_: None))
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])


def make_tone_and_clicks() -> tuple[np.ndarray, np.ndarray]:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    clicks = np.zeros(2 * RATE)
    clicks[RATE // 4 :: RATE // 2] = 0.9
    return tone.astype(np.float32)[:, None], clicks.astype(np.float32)[:, None]


def test_a_tone_goes_to_one_part_and_clicks_to_the_other() -> None:
    tone, clicks = make_tone_and_clicks()

    sings, strikes = split(tone + clicks, 1.0)

    inner = slice(2000, -2000)
    assert np.corrcoef(sings[inner, 0], tone[inner, 0])[0, 1] > 0.99
    at = np.flatnonzero(clicks[:, 0])
    assert strikes[at, 0].min() > 0.7
    assert np.abs(sings[at, 0] - tone[at, 0]).max() < 0.2


def test_without_a_margin_the_parts_add_up() -> None:
    noise = np.random.default_rng(0).standard_normal((RATE, 2)).astype(np.float32)

    sings, strikes = split(noise, 1.0)

    assert sings + strikes == pytest.approx(noise, abs=1e-5)


def test_with_a_margin_less_goes_to_either() -> None:
    noise = np.random.default_rng(0).standard_normal((RATE, 1)).astype(np.float32)

    narrow, wide = split(noise, 3.0), split(noise, 1.0)

    for few, many in zip(narrow, wide, strict=True):
        assert (few**2).sum() < 0.8 * (many**2).sum()
