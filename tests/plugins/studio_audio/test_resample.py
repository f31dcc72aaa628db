"""Sample rates changed."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_audio.blocks import cut_blocks
from studio_audio.resample import resample, resample_blocks, resample_stream


def make_sine(rate: int, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * 1000 * time).astype(np.float32)[:, None]


@pytest.mark.parametrize(("source", "target"), [(48_000, 16_000), (16_000, 44_100), (44_100, 48_000)])
def test_a_sine_becomes_the_sine_of_the_other_rate(source: int, target: int) -> None:
    made = resample(make_sine(source), source, target)

    assert len(made) == target
    inner = slice(target // 20, -target // 20)
    assert np.abs(made[inner] - make_sine(target)[inner]).max() < 1e-4


def test_what_the_lower_rate_cannot_hold_is_gone() -> None:
    time = np.arange(48_000) / 48_000
    high = np.sin(2 * np.pi * 9000 * time).astype(np.float32)[:, None]

    assert np.abs(resample(high, 48_000, 16_000)[800:-800]).max() < 1e-4


def test_blocks_of_any_size_give_the_same_samples_and_the_exact_length() -> None:
    samples = np.random.default_rng(0).standard_normal((10_001, 2)).astype(np.float32)

    streams = [resample_blocks(cut_blocks(samples, size), 10_001, 8000, 11_025) for size in (7, 4096)]
    made = [np.concatenate(list(blocks)) for blocks in streams]

    assert len(made[0]) == round(10_001 * 11_025 / 8000)
    assert np.array_equal(*made)


def test_audio_at_its_own_rate_is_the_same_value() -> None:
    audio = Audio(make_sine(8000), 8000)

    assert resample_stream(audio, 8000) is audio
    assert (resample_stream(audio, 6000).rate, resample_stream(audio, 6000).frames) == (6000, 6000)
