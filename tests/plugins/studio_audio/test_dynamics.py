"""Compressor, limiter and loudness, against the formulas that they follow."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from studio.api import Audio
from studio_audio.dynamics import Ceiling, Curve, change_gain, compress, follow_curve, limit, normalize
from studio_audio.loudness import measure_true_peak
from tests.plugins.studio_audio.signals import make_noise, make_tone

RATE = 48_000


def make_level(*decibels: float, seconds: float = 0.5) -> Audio:
    """Steps of constant samples at levels in decibels."""
    steps = [np.full(round(seconds * RATE), 10 ** (level / 20), np.float32) for level in decibels]
    return Audio(np.concatenate(steps), RATE)


def read_decibels(audio: Audio, seconds: float) -> float:
    return float(20 * np.log10(abs(audio.samples[round(seconds * RATE), 0])))


@pytest.mark.parametrize(("level", "out"), [(-30.0, -30.0), (-20.0, -20.0), (-10.0, -17.5), (0.0, -15.0)])
def test_over_the_threshold_the_level_rises_by_one_part_of_the_ratio(level: float, out: float) -> None:
    made, _ = compress(make_level(level), Curve(-20.0, 4.0, 0.0, 0.005, 0.05), 0.0)

    assert read_decibels(made, 0.45) == pytest.approx(out, abs=0.02)


@pytest.mark.parametrize(
    ("over", "reduction"), [(-5.0, 0.0), (-2.5, 0.75 * 6.25 / 20), (0.0, 0.75 * 25 / 20), (5.0, 0.75 * 5)]
)
def test_the_knee_is_a_parabola_between_its_ends(over: float, reduction: float) -> None:
    # Giannoulis, Massberg and Reiss 2012, equation 4: (1 - 1/R) (x - T + W/2)^2 / 2W
    made, deepest = compress(make_level(-20.0 + over), Curve(-20.0, 4.0, 10.0, 0.005, 0.05), 0.0)

    assert -20.0 + over - read_decibels(made, 0.45) == pytest.approx(reduction, abs=0.02)
    assert deepest == pytest.approx(reduction, abs=0.02)


def test_attack_and_release_are_the_times_of_63_percent() -> None:
    made, _ = compress(make_level(-40.0, 0.0, -40.0), Curve(-20.0, 1000.0, 0.0, 0.05, 0.1), 0.0)

    turned = [level - read_decibels(made, at) for level, at in ((0.0, 0.55), (0.0, 0.95), (-40.0, 1.1))]

    assert turned == pytest.approx([0.632 * 20, 20, 0.368 * 20], abs=0.4)


def test_makeup_is_added_after_the_reduction() -> None:
    made, _ = compress(make_level(-10.0), Curve(-20.0, 4.0, 0.0, 0.005, 0.05), 6.0)

    assert read_decibels(made, 0.45) == pytest.approx(-11.5, abs=0.02)


def test_a_limiter_turns_down_before_the_peak_and_gives_10_decibels_back_in_its_release() -> None:
    samples = np.full(RATE, 0.1, np.float32)
    samples[RATE // 2] = 1.0
    ceiling = Ceiling(10 ** (-10 / 20), ahead=0.01, release=0.2, true_peak=False)

    made = limit(Audio(samples, RATE), ceiling, lambda audio: audio, lambda *_: None)
    gain = 20 * np.log10(made.samples[:, 0] / samples)

    assert made.samples[RATE // 2, 0] == pytest.approx(ceiling.amplitude, rel=0.01)
    assert gain[RATE // 2 - round(0.02 * RATE)] == pytest.approx(0, abs=0.1)
    assert gain[RATE // 2 + round(0.1 * RATE)] == pytest.approx(-5, abs=0.5)
    assert gain[RATE // 2 + round(0.22 * RATE)] == pytest.approx(0, abs=0.3)


def test_a_true_peak_limiter_holds_what_lies_between_the_samples() -> None:
    wave = np.sin(np.pi / 2 * np.arange(4000) + np.pi / 4).astype(np.float32)  # its peaks lie between samples
    audio = Audio(wave, RATE)

    made = limit(audio, Ceiling(0.8, 0.005, 0.1), lambda one: one, lambda *_: None)

    assert measure_true_peak(audio.samples) == pytest.approx(1.0, abs=0.02)
    assert measure_true_peak(made.samples) <= 0.8001


def test_gain_is_a_factor() -> None:
    assert change_gain(make_tone(), -0.5).samples == pytest.approx(make_tone().samples * -0.5)


@pytest.mark.parametrize("peaks", ["limit", "reduce", "allow"])
def test_peaks_are_limited_or_the_gain_is_less_or_they_may_pass(peaks: str) -> None:
    samples = make_noise(3.0, rate=RATE).samples.copy()
    samples[RATE] = 0.9

    made = normalize(Audio(samples, RATE), -14.0, 0.891, peaks, lambda one: one, lambda *_: None)
    peak = measure_true_peak(made.audio.samples)

    assert (peak <= 0.8911) == (peaks != "allow")
    assert (made.after == pytest.approx(-14, abs=0.2)) == (peaks != "reduce")


def test_a_key_decides_the_gain_and_the_audio_only_its_own_level() -> None:
    # gain = -(L - T)(1 - 1/R) for the level L of the key
    key = make_level(-60.0, -8.0, -60.0)

    made, deepest = compress(make_level(-6.0, seconds=1.5), Curve(-20.0, 4.0, 0.0, 0.005, 0.02), 0.0, key)

    assert [read_decibels(made, at) for at in (0.3, 0.95, 1.45)] == pytest.approx([-6, -15, -6], abs=0.02)
    assert deepest == pytest.approx(9, abs=0.01)


def test_a_sidechain_gives_what_that_of_ffmpeg_gives() -> None:
    import av
    from av.filter import Graph

    music, key = make_level(-6.0, seconds=1.5), make_level(-60.0, -8.0, -60.0)
    graph = Graph()
    sources = [graph.add_abuffer(sample_rate=RATE, format="fltp", layout="mono", time_base="1/48000") for _ in "ab"]
    chain = graph.add(
        "sidechaincompress", f"threshold={10 ** (-20 / 20)}:ratio=4:knee=1:attack=5:release=20:detection=peak"
    )
    sink = graph.add("abuffersink")
    for index, source in enumerate(sources):
        source.link_to(chain, 0, index)
    chain.link_to(sink)
    graph.configure()
    for source, audio in zip(sources, (music, key), strict=True):
        frame = av.AudioFrame.from_ndarray(audio.samples.T.copy(), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        source.push(frame)
        source.push(None)
    pulled = []
    while True:
        try:
            pulled.append(sink.pull().to_ndarray()[0])
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    reference = 20 * np.log10(np.abs(np.concatenate(pulled)))

    made, _ = compress(music, Curve(-20.0, 4.0, 0.0, 0.005, 0.02), 0.0, key)

    for seconds in (0.3, 0.95, 1.45):
        assert read_decibels(made, seconds) == pytest.approx(reference[round(seconds * RATE)], abs=0.2)


def test_a_curve_of_gain_is_straight_in_decibels_between_its_points() -> None:
    made = follow_curve(make_level(0.0, seconds=3), [(1.0, -20.0), (2.0, 0.0)])

    assert [read_decibels(made, at) for at in (0.5, 1.0, 1.5, 1.75, 2.5)] == pytest.approx(
        [-20, -20, -10, -5, 0], abs=0.001
    )
