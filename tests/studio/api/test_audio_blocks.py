"""Blocks of samples: converted, regrouped, checked against what was declared."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from studio.api.audio import Audio
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
def test_stream_that_breaks_its_promise_is_refused(block: np.ndarray, frames: int, told: str) -> None:
    audio = Audio.from_blocks(lambda: [block], rate=8000, channels=1, frames=frames)

    with pytest.raises(MediaError, match=told) as caught:
        list(audio.blocks(100))
    assert caught.value.code == "E503"
