"""Swinging levels and delays: against FFmpeg's filters, and against a delay that is computed sample by sample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from studio.api import Audio
from studio.testing import TestContext
from studio_audio.blocks import BLOCK
from studio_audio.modulation import SWINGS, read_between, shake_delay
from studio_audio.nodes.effects import deess_audio, modulate_audio
from studio_video.audio import _create_graph, _push

RATE = 8000


def sine(hertz: float, seconds: float, level: float = 0.5, rate: int = RATE) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio((level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)[:, None], rate)


def run_ffmpeg(audio: Audio, name: str, options: str) -> Any:
    """What a filter of FFmpeg makes of audio."""
    graph, inlet, outlet = _create_graph(audio.rate, audio.channels, [(name, options)])
    return np.concatenate(list(_push(graph, inlet, outlet, audio.blocks(BLOCK), audio.rate, audio.channels)))


@pytest.mark.parametrize(("rate", "depth"), [(5.0, 0.5), (2.0, 1.0), (8.0, 0.1)])
def test_a_tremolo_is_that_of_ffmpeg(rate: float, depth: float) -> None:
    audio = sine(440, 1.0)

    made = modulate_audio(TestContext(), audio, kind="tremolo", frequency=rate, depth=depth)

    assert np.abs(made.samples - run_ffmpeg(audio, "tremolo", f"f={rate}:d={depth}")).max() < 0.002  # it has a table


@pytest.mark.parametrize("kind", ["vibrato", "chorus", "flanger"])
def test_a_swinging_delay_reads_where_it_should(kind: str) -> None:
    swing, rate, depth, mix = SWINGS[kind], 3.0, 0.7, 0.4
    audio = sine(200, 0.5)

    made = shake_delay(audio, swing, rate, depth, mix).samples[:, 0]

    late = []
    for index in range(audio.frames):
        total = 0.0
        for voice in range(swing.voices):
            share = 0.5 - 0.5 * math.cos(2 * math.pi * (rate * index / RATE + voice / swing.voices))
            delay = max((swing.seconds + swing.width * depth * share) * RATE, 2.0)
            place = (index - delay) / RATE
            total += 0.5 * math.sin(2 * math.pi * 200 * place) if place >= 0 else 0.0
        late.append((1 - mix) * float(audio.samples[index, 0]) + mix * total / swing.voices)
    assert np.abs(made - np.array(late))[400:].max() < 2e-3


def test_a_vibrato_swings_the_pitch_by_the_slope_of_its_delay() -> None:
    made = modulate_audio(TestContext(), sine(400, 2.0), kind="vibrato", frequency=2.0, depth=1.0).samples[:, 0]
    crossings = np.flatnonzero((made[:-1] < 0) & (made[1:] >= 0))
    exact = crossings + made[crossings] / (made[crossings] - made[crossings + 1])
    pitch = RATE / np.diff(exact)[5:]

    slope = SWINGS["vibrato"].width * math.pi * 2.0  # the steepest of width * (0.5 - 0.5 cos(2 pi f t))
    assert pitch.max() == pytest.approx(400 * (1 + slope), rel=0.003)
    assert pitch.min() == pytest.approx(400 * (1 - slope), rel=0.003)


def test_blocks_join_without_a_seam() -> None:
    audio = sine(300, (BLOCK + 5000) / RATE)
    whole = shake_delay(audio, SWINGS["chorus"], 0.7, 1.0, 1.0).samples

    assert len(whole) == audio.frames
    assert np.abs(np.diff(whole[BLOCK - 50 : BLOCK + 50], axis=0)).max() < 0.14


def test_a_cubic_goes_through_the_samples_and_keeps_straight_lines() -> None:
    line = np.arange(10, dtype=np.float32)[:, None]

    assert read_between(line, np.array([2.0, 2.25, 6.9]))[:, 0] == pytest.approx([2.0, 2.25, 6.9], abs=1e-5)


def test_without_depth_or_mix_audio_stays() -> None:
    audio = sine(440, 0.2)

    assert (modulate_audio(TestContext(), audio, kind="flanger", mix=0.0).samples == audio.samples).all()
    assert (modulate_audio(TestContext(), audio, kind="tremolo", depth=0.0).samples == audio.samples).all()


# -- hisses --------------------------------------------------------------------------------------------


def measure(audio: Audio) -> float:
    """The level of the middle of audio, in dB relative to a full sine."""
    middle = audio.samples[audio.frames // 3 : 2 * audio.frames // 3, 0].astype(np.float64)
    return float(20 * np.log10(np.sqrt(2 * (middle**2).mean())))


def test_a_hiss_is_turned_down_by_the_curve_of_a_compressor() -> None:
    hiss = sine(9000, 1.0, level=10 ** (-10 / 20), rate=48_000)

    made = deess_audio(TestContext(), hiss, frequency=5000.0, threshold=-30.0, ratio=4.0)

    assert measure(made.audio) == pytest.approx(-10 - 20 * (1 - 1 / 4), abs=0.3)
    assert made.gain_reduction == pytest.approx(15, abs=0.2)


@pytest.mark.parametrize(("hertz", "level"), [(400, -6), (9000, -40)])
def test_low_tones_and_soft_hisses_stay(hertz: float, level: float) -> None:
    tone = sine(hertz, 1.0, level=10 ** (level / 20), rate=48_000)

    made = deess_audio(TestContext(), tone, frequency=5000.0, threshold=-30.0).audio

    assert np.abs(made.samples - tone.samples)[2000:-2000].max() < 1e-4
