"""`Distance`: PSNR and SNR by their definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Image
from studio.api.builtin import create_builtin_value_types
from studio.provenance.distance import Distance, join_distances, measure_distances

TYPES = {value_type.python: value_type for value_type in create_builtin_value_types()}


def measure(a: Any, b: Any) -> dict[str, Distance] | None:
    return measure_distances(TYPES[type(a)], a, b)


def test_psnr_of_images_is_relative_to_white() -> None:
    black = np.zeros((4, 5, 3), np.uint8)
    near = black.copy()
    near[0, 0, 0] = 51

    found = measure(Image(black), Image(near))

    assert found is not None
    assert found["pixels"].psnr_decibels == pytest.approx(10 * math.log10(255**2 / (51**2 / 60)))
    assert found["pixels"].largest == pytest.approx(0.2)


def test_snr_of_audio_is_relative_to_the_first() -> None:
    samples = np.linspace(-1, 1, 1000, dtype=np.float32)[None]

    found = measure(Audio(samples, 8000), Audio(samples * np.float32(0.9), 8000))

    assert found is not None
    assert found["audio"].snr_decibels == pytest.approx(20, abs=1e-4)


def test_equal_values_have_no_ratio_and_other_sizes_no_distance() -> None:
    image = Image(np.zeros((4, 5, 3), np.uint8))

    found = measure(image, image)

    assert found is not None
    assert (found["pixels"].psnr_decibels, found["pixels"].largest) == (None, 0.0)
    assert measure(image, Image(np.zeros((4, 6, 3), np.uint8))) is None


def test_distances_are_joined() -> None:
    joined = join_distances([Distance(1.0, 4.0, 2, 0.5), Distance(3.0, 0.0, 2, 1.0)])

    assert (joined.mean, joined.largest, joined.count) == (1.0, 1.0, 4)
