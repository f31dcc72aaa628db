"""Second-order sections against FFmpeg's, which follow the same cookbook."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from av import AudioFrame
from av.filter import Graph
from scipy.signal import sosfreqz

from studio.api import MediaError
from studio_audio.bands import parse_bands
from studio_audio.bounds import check_frequency
from studio_audio.filters import create_bands, create_biquad, filter_blocks, filter_samples

RATE = 48_000


def run_ffmpeg(name: str, options: str, samples: np.ndarray) -> np.ndarray:
    """Filter mono audio with libavfilter, in double precision."""
    graph = Graph()
    source = graph.add_abuffer(format="dbl", sample_rate=RATE, layout="mono", time_base=Fraction(1, RATE))
    step, sink = graph.add(name, f"{options}:precision=f64"), graph.add("abuffersink")
    source.link_to(step)
    step.link_to(sink)
    graph.configure()
    frame = AudioFrame.from_ndarray(samples.astype(np.float64)[None], format="dbl", layout="mono")
    frame.sample_rate, frame.pts = RATE, 0
    source.push(frame)
    return np.asarray(sink.pull().to_ndarray().reshape(-1))


@pytest.mark.parametrize(
    ("kind", "gain", "q", "name", "options"),
    [
        ("peak", -6.0, 1.4, "equalizer", "f=1200:t=q:w=1.4:g=-6"),
        ("low_shelf", 9.0, 0.707, "lowshelf", "f=1200:t=q:w=0.707:g=9"),
        ("high_shelf", -12.0, 0.5, "highshelf", "f=1200:t=q:w=0.5:g=-12"),
        ("low_pass", 0.0, 0.9, "lowpass", "f=1200:t=q:w=0.9"),
        ("high_pass", 0.0, 2.0, "highpass", "f=1200:t=q:w=2"),
        ("band_pass", 0.0, 3.0, "bandpass", "f=1200:t=q:w=3"),
        ("notch", 0.0, 5.0, "bandreject", "f=1200:t=q:w=5"),
    ],
)
def test_each_kind_answers_an_impulse_as_ffmpeg_does(kind: str, gain: float, q: float, name: str, options: str) -> None:
    impulse = np.zeros(2048, np.float32)
    impulse[3] = 1.0

    ours = filter_samples(impulse[:, None], [create_biquad(kind, RATE, 1200.0, gain, q)])[:, 0]

    assert np.abs(ours - run_ffmpeg(name, options, impulse)).max() < 1e-6


def test_a_shelf_lifts_its_side_and_leaves_the_other() -> None:
    section = create_biquad("low_shelf", RATE, 300.0, 6.0)

    _, answer = sosfreqz(np.array([section]), [10.0, 12_000.0], fs=RATE)

    assert 20 * np.log10(np.abs(answer)) == pytest.approx([6.0, 0.0], abs=0.02)


def test_blocks_of_any_size_are_filtered_as_the_whole() -> None:
    samples = np.random.default_rng(1).standard_normal((5000, 2)).astype(np.float32)
    sections = [create_biquad("peak", RATE, 700.0, 12.0, 8.0), create_biquad("high_pass", RATE, 40.0)]

    pieces = np.split(samples, [1, 17, 1000, 1001])

    made = np.concatenate(list(filter_blocks(iter(pieces), sections)))
    assert np.array_equal(made, filter_samples(samples, sections))


def test_a_band_has_a_peak_of_07_where_nothing_more_is_said() -> None:
    assert create_bands(parse_bands([{"frequency": 100}]), RATE) == [create_biquad("peak", RATE, 100.0, 0.0, 0.5**0.5)]


@pytest.mark.parametrize("frequency", [0, -5, 24_000, "100", True, float("nan")])
def test_a_frequency_of_half_the_rate_and_what_is_not_a_number_are_refused(frequency: object) -> None:
    with pytest.raises(MediaError, match="E641"):
        check_frequency(frequency, RATE)
    assert check_frequency(23_999, RATE) == 23_999.0
