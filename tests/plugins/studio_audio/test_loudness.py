"""Loudness, its gates, and true peaks, against ITU-R BS.1770-4 and EBU R 128."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av import AudioFrame
from av.filter import Graph

from studio.api import Audio
from studio_audio import loudness
from tests.plugins.studio_audio.signals import make_noise, make_tone


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 192_000])
def test_a_full_scale_sine_in_one_channel_has_the_loudness_of_the_standard(rate: int) -> None:
    # BS.1770-4: 0 dBFS at 997 Hz in one front channel reads -3.01 LKFS
    tone = make_tone(997, 2, rate=rate)

    assert loudness.measure_loudness(tone.samples * 2, rate) == pytest.approx(-3.01, abs=0.06)


def test_the_gate_leaves_silence_out() -> None:
    tone = make_tone(997, 4, rate=48_000).samples
    half = np.concatenate([tone, np.zeros_like(tone)])

    assert loudness.measure_loudness(half, 48_000) == pytest.approx(loudness.measure_loudness(tone, 48_000), abs=0.2)


def test_surround_counts_more_and_the_low_frequency_channel_not_at_all() -> None:
    tone = make_tone(997, 1, rate=48_000).samples[:, 0]

    def measure(channel: int) -> float:
        samples = np.zeros((len(tone), 6), np.float32)
        samples[:, channel] = tone
        return loudness.measure_loudness(samples, 48_000)

    assert measure(4) - measure(0) == pytest.approx(10 * np.log10(1.41), abs=0.01)
    assert measure(3) == -np.inf


def test_the_true_peak_is_found_between_samples() -> None:
    # at a quarter of the rate and 45 degrees off, the samples reach 0.707 of the peak
    wave = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4) * np.hanning(4800)

    assert np.abs(wave).max() < 0.71
    assert loudness.measure_true_peak(wave[:, None].astype(np.float32)) == pytest.approx(1.0, abs=0.01)


def make_levels(*steps: tuple[float, float], rate: int = 8000) -> Audio:
    """A sine of 1 kHz in both channels, at levels in dBFS for some seconds each, as EBU Tech 3341 and 3342 ask for."""
    levels = np.concatenate([np.full(round(seconds * rate), 10 ** (level / 20)) for level, seconds in steps])
    wave = levels * np.sin(2 * np.pi * 1000 * np.arange(len(levels)) / rate)
    return Audio(np.repeat(wave[:, None], 2, axis=1).astype(np.float32), rate)


@pytest.mark.parametrize(
    ("steps", "spread"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_the_loudness_range_is_that_of_ebu_tech_3342(steps: list[tuple[float, float]], spread: float) -> None:
    audio = make_levels(*steps)

    assert loudness.measure_range(audio.samples, audio.rate) == pytest.approx(spread, abs=1)


@pytest.mark.parametrize(
    ("steps", "level"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_the_integrated_loudness_is_that_of_ebu_tech_3341(steps: list[tuple[float, float]], level: float) -> None:
    audio = make_levels(*steps, rate=16_000)

    assert loudness.measure_loudness(audio.samples, audio.rate) == pytest.approx(level, abs=0.1)


def make_power(*steps: tuple[float, int]) -> np.ndarray:
    """Powers of so many steps of 100 ms at levels in LUFS."""
    return np.concatenate([np.full(count, 10 ** ((level + 0.691) / 10)) for level, count in steps])


@pytest.mark.parametrize(("soft", "spread"), [(-41.0, 21.0), (-45.0, 0.0)])
def test_the_gate_of_the_range_lies_20_lu_below_the_mean(soft: float, spread: float) -> None:
    # half at -20 and half far below have a mean of -23: the gate lies at -43
    assert loudness.spread(make_power((-20, 2000), (soft, 2000))) == pytest.approx(spread, abs=0.05)


@pytest.mark.parametrize(("soft", "loudness_found"), [(-32.5, -22.79), (-33.5, -20.0)])
def test_the_gate_of_the_loudness_lies_10_lu_below_the_mean(soft: float, loudness_found: float) -> None:
    # the mean of both halves is -22.8, so the gate lies at -32.8
    power = make_power((-20, 2000), (soft, 2000))

    assert loudness.integrate(power, 1.0) == pytest.approx(loudness_found, abs=0.05)


def test_what_is_under_70_lufs_counts_for_neither_mean_nor_range() -> None:
    power = make_power((-60, 500), (-71, 5000))

    assert loudness.integrate(power, 1.0) == pytest.approx(-60, abs=0.05)
    assert loudness.spread(power) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize(("soft", "loud", "spread"), [(12, 8, 20.0), (8, 4, 0.0), (12, 4, 10.0), (8, 8, 10.0)])
def test_the_range_goes_from_the_10th_to_the_95th_percentile(soft: int, loud: int, spread: float) -> None:
    power = make_power((-30, soft * 100), (-20, (100 - soft - loud) * 100), (-10, loud * 100))

    assert loudness.spread(power) == pytest.approx(spread, abs=0.1)


def test_loudness_and_range_of_moving_noise_are_those_of_ffmpeg() -> None:
    audio = make_noise(20.0, rate=48_000, channels=2)
    moving = audio.samples * (0.1 + np.abs(np.sin(np.arange(audio.frames) / 48_000 / 3)))[:, None].astype(np.float32)

    integrated, spread = measure_with_ffmpeg(moving, 48_000)

    assert loudness.measure_loudness(moving, 48_000) == pytest.approx(integrated, abs=0.1)
    assert loudness.measure_range(moving, 48_000) == pytest.approx(spread, abs=0.3)


def measure_with_ffmpeg(samples: np.ndarray, rate: int) -> tuple[float, float]:
    """Integrated loudness and range as libavfilter's ebur128 finds them."""
    graph = Graph()
    source = graph.add_abuffer(format="flt", sample_rate=rate, layout="stereo", time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), format="flt", layout="stereo")
    frame.sample_rate, frame.pts = rate, 0
    source.push(frame)
    source.push(None)
    found: dict[str, str] = {}
    while True:
        try:
            found = dict(sink.pull().metadata) or found
        except (av.error.EOFError, av.error.BlockingIOError):
            return float(found["lavfi.r128.I"]), float(found["lavfi.r128.LRA"])
