"""speech.lip_curve: the opening follows the loudness."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio.testing import TestContext
from studio_speech.nodes.listening import trace_lips


def make_bursts(level: float = 0.5, channels: int = 1) -> Audio:
    """One second of silence, one of a loud tone, one of a tone 15 dB softer, one of silence."""
    time = np.arange(4 * 16_000) / 16_000
    envelope = np.select([time < 1, time < 2, time < 3], [0.0, 1.0, 10 ** (-15 / 20)], 0.0)
    return Audio(np.stack([level * envelope * np.sin(2 * np.pi * 220 * time)] * channels, axis=1), 16_000)


def test_the_mouth_is_open_where_it_is_loud_and_shut_in_silence() -> None:
    curve = np.array(trace_lips(TestContext(), make_bursts(), fps=25.0).curve)

    assert len(curve) == 100
    assert curve[:23].max() < 0.01
    assert curve[30:48].min() > 0.95
    assert curve[60:73] == pytest.approx(0.5**0.7, abs=0.03)  # 15 of 30 dB down
    assert curve[-10:].max() < 0.01


def test_the_level_and_the_channels_do_not_matter() -> None:
    loud, soft = (trace_lips(TestContext(), make_bursts(level, n)).curve for level, n in ((0.9, 1), (0.01, 2)))

    assert np.allclose(loud, soft, atol=0.02)


def test_attack_and_release_are_times_of_63_percent() -> None:
    curve = np.array(trace_lips(TestContext(), make_bursts(), fps=100.0, attack=0.1, release=0.2).curve)

    risen = int(np.argmax(curve > 0.63)) / 100
    assert risen == pytest.approx(1.1, abs=0.03)
    fallen = 3 + int(np.argmax(curve[300:] < curve[298] * 0.37)) / 100
    assert fallen == pytest.approx(3.2, abs=0.03)


@pytest.mark.parametrize(("frames", "fps", "count"), [(0, 25, 0), (1, 25, 1), (16_000, 23.976, 24), (8_000, 240, 120)])
def test_there_is_one_opening_for_each_frame(frames: int, fps: float, count: int) -> None:
    curve = trace_lips(TestContext(), Audio(np.zeros((frames, 1), np.float32), 16_000), fps=float(fps)).curve

    assert len(curve) == count
    assert not any(curve)


def test_a_dc_offset_and_a_very_low_rate_are_no_trouble() -> None:
    assert len(trace_lips(TestContext(), Audio(np.full((100, 1), 0.5, np.float32), 50), fps=240.0).curve) == 480
