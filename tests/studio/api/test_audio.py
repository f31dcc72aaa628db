"""Audio in memory and as a stream: what it is made from, what it refuses, how it is read."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from studio.api.audio import Audio
from studio.errors import MediaError
from tests.studio.api.audios import RNG, make_stream


def test_length_is_known_in_frames_and_seconds() -> None:
    audio = Audio(np.zeros((12_000, 2)), np.int64(48_000))

    assert (audio.frames, audio.channels, audio.rate, audio.duration) == (12_000, 2, 48_000, 0.25)
    assert repr(audio) == "Audio(0.25 s, 2 ch, 48000 Hz)"


def test_louder_than_full_scale_is_allowed_and_no_samples_are_too() -> None:
    assert Audio(np.array([7.5]), 8000).samples.max() == 7.5
    assert Audio(np.zeros((0, 2)), 8000).frames == 0


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.array([np.nan]), 8000),
        (np.array([np.inf]), 8000),
        (np.array([1e300]), 8000),
        (np.zeros((4, 0)), 8000),
        (np.zeros((2, 48_000)), 8000),
        (np.zeros((2, 2, 2)), 8000),
        (np.array(["a"]), 8000),
        ([[1.0], [1.0, 2.0]], 8000),
        (np.zeros(4, np.int64), 8000),
        (np.zeros(4), 0),
        (np.zeros(4), 1_000_001),
        (np.zeros(4), 44_100.0),
        (np.zeros(4), True),
    ],
)
def test_invalid_audio_is_refused(samples: object, rate: int) -> None:
    with pytest.raises(MediaError) as caught:
        Audio(samples, rate)

    assert caught.value.code == "E503"
    assert caught.value.hint


def test_audio_is_frozen_and_shares_nothing_with_its_source() -> None:
    source = np.zeros((4, 1), np.float32)
    audio = Audio(source, 8000)

    source[:] = 1

    assert audio.samples.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0] = 1
    with pytest.raises(AttributeError, match="frozen"):
        audio.rate = 1  # type: ignore[misc]
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(audio)


def test_blocks_give_all_samples_in_order() -> None:
    audio = Audio(RNG.normal(size=(1000, 2)), 8000)

    blocks = list(audio.blocks(300))

    assert [len(block) for block in blocks] == [300, 300, 300, 100]
    np.testing.assert_array_equal(np.concatenate(blocks), audio.samples)


def test_equality_looks_at_samples_and_rate() -> None:
    assert Audio([0.5], 8000) == Audio([0.5], 8000)
    assert Audio([0.5], 8000) != Audio([0.5], 8001)
    assert Audio([0.5], 8000) != Audio([0.25], 8000)
    assert Audio([0.5], 8000) != "sound"


@pytest.mark.usefixtures("small_memory")
def test_long_stream_is_read_in_blocks_of_any_size_and_span() -> None:
    samples = RNG.normal(size=(9000, 2)).astype(np.float32)
    audio = make_stream(samples, 777, 9000)

    assert audio.is_long
    assert audio.byte_size == 0
    for size, start, stop in ((1000, 0, None), (1, 8990, None), (4096, 1234, 5000), (10, 9000, None), (5, 7, 7)):
        blocks = list(audio.blocks(size, start, stop))
        assert all(len(block) == size for block in blocks[:-1])
        np.testing.assert_array_equal(np.concatenate([np.zeros((0, 2)), *blocks]), samples[start:stop])
    np.testing.assert_array_equal(audio.samples, samples)
    assert audio == Audio(samples, 8000)
    assert audio != Audio(samples[::-1], 8000)


@pytest.mark.usefixtures("small_memory")
def test_short_stream_is_held_and_long_one_keeps_no_samples() -> None:
    runs = []

    def create_blocks() -> list[np.ndarray]:
        runs.append(1)
        return [np.zeros((6000, 1), np.int16)] * 2

    held = Audio.from_blocks(lambda: create_blocks()[:1], rate=8000, channels=1, frames=6000)
    assert (held.is_long, held.frames, held.samples.shape, len(runs)) == (False, 6000, (6000, 1), 1)
    long = Audio.from_blocks(create_blocks, rate=8000, channels=1)
    assert (long.is_long, long.has_length, len(runs)) == (True, False, 1)
    assert (long.frames, long.duration, len(runs)) == (12_000, 1.5, 2)
    first = long.samples
    assert long.samples is first
    assert not first.flags.writeable


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("then", [11_000, 13_000])
def test_stream_that_is_another_when_it_is_read_again_is_refused(then: int) -> None:
    lengths = iter([12_000, then, then])
    audio = Audio.from_blocks(lambda: [np.zeros((next(lengths), 1))], rate=8000, channels=1)
    assert audio.frames == 12_000

    with pytest.raises(MediaError, match="12000 frames now has") as caught:
        _ = audio.samples
    assert caught.value.code == "E503"
    with pytest.raises(MediaError, match="12000 frames now has"):
        list(audio.blocks(100, start=500))


def test_stream_too_long_to_hold_is_refused_by_samples_alone() -> None:
    audio = Audio.from_blocks(lambda: iter([]), rate=8000, channels=2, frames=200_000_000)

    assert repr(audio) == "Audio(25000 s, 2 ch, 8000 Hz)"
    with pytest.raises(MediaError, match="too long to be held whole"):
        _ = audio.samples
