"""Time stretched and pitch changed."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio.blocks import cut_blocks
from studio_audio.stretch import change_pitch, overlap, stretch, stretch_audio
from tests.plugins.studio_audio.signals import find_frequency, make_noise, make_notes, make_tone


def ignore(*_: object) -> None:
    """Count nothing."""


@pytest.mark.parametrize("method", ["music", "tones"])
@pytest.mark.parametrize("factor", [0.37, 1.0, 2.5])
def test_the_length_is_exact(method: str, factor: float) -> None:
    noise = make_noise(0.5, channels=2).samples

    made = stretch(noise, 22_050, factor, method, ignore)

    assert made.shape == (round(len(noise) * factor), 2)
    assert factor != 1.0 or np.array_equal(made, noise)


def test_notes_begin_where_the_factor_puts_them() -> None:
    notes = make_notes([220, 330, 440], 0.5)

    made = stretch(notes.samples, notes.rate, 1.5, "music", ignore)[:, 0]

    for index, hertz in enumerate([220, 330, 440]):
        piece = made[round((index * 0.75 + 0.2) * notes.rate) :][:8192] * np.hanning(8192)
        found = np.argmax(np.abs(np.fft.rfft(piece, 1 << 17))) * notes.rate / (1 << 17)
        assert found == pytest.approx(hertz, rel=0.01)


def test_overlapped_pieces_keep_a_click_as_sharp_as_it_was() -> None:
    samples = np.zeros((8000, 1), np.float32)
    samples[4000] = 1.0

    made = np.concatenate(list(overlap(cut_blocks(samples), (8000, 1), 16_000, 128)))

    assert len(made) == 16_000
    loud = np.flatnonzero(np.abs(made[:, 0]) > 0.05)
    assert abs(loud.mean() - 8000) < 64
    assert made.max() > 0.4


def test_channels_stay_in_step() -> None:
    left = make_noise(0.4).samples
    both = np.concatenate([left, -0.5 * left], axis=1)

    made = stretch(both, 22_050, 1.3, "tones", ignore)

    assert made[:, 1] == pytest.approx(-0.5 * made[:, 0], abs=1e-4)


def test_a_stream_is_stretched_as_an_array_and_may_be_read_twice() -> None:
    noise = make_noise(0.4)

    audio = stretch_audio(noise, 10_000, "music", ignore)

    assert np.array_equal(audio.samples, stretch(noise.samples, noise.rate, 10_000 / noise.frames, "music", ignore))
    assert np.array_equal(audio.samples, audio.samples)


def test_twelve_semitones_double_the_frequency_and_keep_the_length() -> None:
    tone = make_tone(440, 0.6)

    made = change_pitch(tone, 12.0, "tones", ignore)

    assert made.frames == tone.frames
    assert find_frequency(made) == pytest.approx(880, rel=0.003)
    assert change_pitch(tone, 0.0, "tones", ignore) is tone
