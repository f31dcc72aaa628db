"""Blocks of samples: converted, regrouped, checked against what was declared."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from studio.api.audio import Audio
from studio.api.audio_blocks import (
    check_length,
    check_rate,
    convert,
    gather_blocks,
    limit_frames,
    regroup,
    skip_frames,
)
from studio.errors import MediaError


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([-32768, 0, 16384], np.int16), [-1, 0, 0.5]),
        (np.array([-(2**31), 0, 2**30], np.int32), [-1, 0, 0.5]),
        (np.array([-128, 0, 64], np.int8), [-1, 0, 0.5]),
        (np.array([0, 128, 192], np.uint8), [-1, 0, 0.5]),
        (np.array([-1, 0, 0.5], ">f8"), [-1, 0, 0.5]),
        ([-1.0, 0.0, 0.5], [-1, 0, 0.5]),
        (torch.tensor([-1.0, 0.0, 0.5], requires_grad=True), [-1, 0, 0.5]),
    ],
)
def test_samples_of_every_kind_become_float32(samples: object, expected: list[float]) -> None:
    audio = Audio(samples, 8000)

    assert audio.samples.dtype == np.float32
    assert audio.samples[:, 0].tolist() == expected


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize(
    ("block", "frames", "told"),
    [
        (np.zeros((12_000, 1)), 12_001, "declared"),
        (np.zeros((12_000, 1)), 11_999, "declared"),
        (np.zeros((12_000, 2)), 12_000, "channels"),
        (np.full((12_000, 1), np.nan), 12_000, "NaN"),
        (np.zeros((12_000, 1, 1)), 12_000, "shape"),
    ],
)
def test_a_stream_that_differs_from_its_declaration_is_refused(block: np.ndarray, frames: int, told: str) -> None:
    audio = Audio.from_blocks(lambda: [block], rate=8000, channels=1, frames=frames)

    with pytest.raises(MediaError, match=told) as caught:
        list(audio.blocks(100))
    assert caught.value.code == "E503"


RAMP = np.arange(20, dtype=np.float32).reshape(10, 2) / 20


def cut(samples: np.ndarray, *sizes: int) -> list[np.ndarray]:
    ends = np.cumsum([0, *sizes])
    return [samples[start:end] for start, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("sizes", [(10,), (1,) * 10, (3, 0, 7), (4, 5, 1)])
@pytest.mark.parametrize("size", [1, 3, 10, 99])
def test_blocks_of_any_lengths_become_blocks_of_one(sizes: tuple[int, ...], size: int) -> None:
    blocks = list(regroup(cut(RAMP, *sizes), size))

    assert [len(block) for block in blocks] == [len(RAMP[at : at + size]) for at in range(0, 10, size)]
    np.testing.assert_array_equal(np.concatenate(blocks), RAMP)


@pytest.mark.parametrize("frames", [None, 10])
def test_blocks_are_gathered_into_one_array(frames: int | None) -> None:
    np.testing.assert_array_equal(gather_blocks(cut(RAMP, 3, 7), 2, frames), RAMP)


def test_no_blocks_are_an_array_without_frames() -> None:
    assert gather_blocks([], 2).shape == (0, 2)


@pytest.mark.parametrize("count", [0, 2, 3, 9, 10, 50])
def test_frames_are_skipped_across_blocks(count: int) -> None:
    left = list(skip_frames(iter(cut(RAMP, 3, 7)), count))

    np.testing.assert_array_equal(gather_blocks(left, 2), RAMP[count:])


@pytest.mark.parametrize("count", [0, 2, 3, 9, 10, 50, None])
def test_frames_are_limited_across_blocks(count: int | None) -> None:
    left = list(limit_frames(iter(cut(RAMP, 3, 7)), count))

    np.testing.assert_array_equal(gather_blocks(left, 2), RAMP[:count])


@pytest.mark.parametrize(("frames", "found"), [(9, "more"), (11, "10")])
def test_a_stream_that_ends_elsewhere_than_before_is_refused(frames: int, found: str) -> None:
    with pytest.raises(MediaError, match=f"audio of {frames} frames now has {found}"):
        list(check_length(iter(cut(RAMP, 3, 7)), 0, frames))


@pytest.mark.parametrize("rate", [0, -1, 1_000_001, 44_100.0, True, "44100", None])
def test_a_rate_is_a_whole_number_of_hertz(rate: object) -> None:
    with pytest.raises(MediaError, match="invalid sample rate") as caught:
        check_rate(rate)
    assert caught.value.code == "E503"


def test_a_rate_of_numpy_becomes_a_plain_number() -> None:
    assert type(check_rate(np.int32(8000))) is int


@pytest.mark.parametrize(
    "source",
    [
        np.zeros((2, 2, 2)),
        np.zeros((2, 0)),
        np.zeros((1, 1025)),
        np.zeros(2, np.uint16),
        np.zeros(2, complex),
        [[1], [1, 2]],
    ],
)
def test_what_is_no_audio_is_refused(source: object) -> None:
    with pytest.raises(MediaError, match="invalid audio") as caught:
        convert(source)
    assert caught.value.code == "E503"
