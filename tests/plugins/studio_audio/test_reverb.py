"""Rooms, and audio put into them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from studio_audio.blocks import cut_blocks
from studio_audio.reverb import convolve, convolve_blocks, create_room

RATE = 16_000


def find_decay(response: np.ndarray, rate: int) -> float:
    """The reverberation time by backward integration (Schroeder 1965), from -5 to -35 dB."""
    energy = np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1]
    decibels = 10 * np.log10(energy / energy[0] + 1e-12)
    first, last = int(np.argmax(decibels < -5)), int(np.argmax(decibels < -35))
    return 2 * (last - first) / rate


def test_a_room_without_damping_decays_by_60_decibels_in_its_time() -> None:
    room = create_room(RATE, 1, 1.2, 0.0, 0.0, np.random.default_rng(0))

    assert find_decay(room[:, 0], RATE) == pytest.approx(1.2, rel=0.05)


@pytest.mark.parametrize(("band", "spans", "seconds"), [("lowpass", (0.3, 1.2), 2.0), ("highpass", (0.02, 0.08), 0.2)])
def test_full_damping_lets_the_treble_decay_ten_times_as_fast_as_the_bass(
    band: str, spans: tuple[float, float], seconds: float
) -> None:
    room = create_room(RATE, 16, 2.0, 0.0, 1.0, np.random.default_rng(0))
    hertz = {"lowpass": 120, "highpass": 6500}[band]

    heard = sosfilt(butter(4, hertz, band, fs=RATE, output="sos"), room, axis=0)
    levels = [10 * np.log10((heard[round(at * RATE) :][: round(0.02 * RATE)] ** 2).mean()) for at in spans]

    assert (spans[1] - spans[0]) * 60 / (levels[0] - levels[1]) == pytest.approx(seconds, rel=0.2)


def test_a_room_begins_after_its_delay_and_each_channel_has_an_energy_of_1() -> None:
    room = create_room(RATE, 2, 0.5, 0.05, 0.5, np.random.default_rng(0))

    assert not room[: round(0.05 * RATE)].any()
    assert (room.astype(np.float64) ** 2).sum(axis=0) == pytest.approx([1, 1], abs=1e-4)
    assert abs(np.corrcoef(room.T)[0, 1]) < 0.1


def test_convolution_is_that_of_numpy_in_every_channel() -> None:
    draw = np.random.default_rng(1)
    samples, response = draw.standard_normal((300, 2)).astype(np.float32), draw.standard_normal((40, 2))

    made = convolve(samples, response.astype(np.float32))

    wanted = np.stack([np.convolve(samples[:, i], response[:, i]) for i in (0, 1)], axis=1)
    assert made == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("size", [17, 1000])
@pytest.mark.parametrize("frames", [1000, 1039])
def test_a_stream_is_the_dry_and_the_wet_by_their_shares(size: int, frames: int) -> None:
    draw = np.random.default_rng(1)
    samples, response = draw.standard_normal((1000, 1)).astype(np.float32), draw.standard_normal((40, 1))

    made = np.concatenate(list(convolve_blocks(cut_blocks(samples, size), response.astype(np.float32), 0.3, frames)))

    dry = np.pad(samples[:, 0], (0, 39))
    wanted = 0.7 * dry + 0.3 * np.convolve(samples[:, 0], response[:, 0])
    assert made[:, 0] == pytest.approx(wanted[:frames], abs=1e-4)
