"""Traces of JPEG: the steps that coefficients were rounded to."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from studio_upscale import jpeg
from studio_upscale.jpeg import find_step
from studio_upscale.pixels import find_brightness, to_floats
from studio_upscale.training.images import load_held_out


@pytest.fixture(scope="module")
def whole() -> Any:
    """A part of the image that was held out: the tower, at half its size, so that JPEG's traces are gone."""
    return cv2.resize(load_held_out()[:424, 200:560], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)[:204, :168]


def _press(whole: Any, quality: int) -> Any:
    buffer = io.BytesIO()
    PIL.Image.fromarray(whole).save(buffer, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(buffer))


@pytest.mark.parametrize("corner", [(0, 0), (3, 5), (7, 1)])
@pytest.mark.parametrize(("quality", "step"), [(40, 17), (75, 7), (90, 3)])
def test_the_steps_of_jpeg_are_found_wherever_its_blocks_begin(
    whole: Any, quality: int, step: int, corner: tuple[int, int]
) -> None:
    pressed = _press(whole, quality)[corner[0] :, corner[1] :]

    assert find_step(find_brightness(to_floats(pressed))) == pytest.approx(step, rel=0.15)
    assert find_step(find_brightness(to_floats(whole[corner[0] :, corner[1] :]))) == 0


@pytest.mark.parametrize(("step", "code"), [(1, np.log2(2) / 6), (17, np.log2(18) / 6)])
def test_the_code_grows_with_the_logarithm_of_the_step(step: int, code: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "find_step", lambda plane: float(step))

    assert jpeg.find_code(np.zeros((8, 8), np.float32)) == pytest.approx(code)


@pytest.mark.parametrize(("step", "harm"), [(0, 0), (2, 0), (5, 0.5), (8, 1), (40, 1)])
def test_harm_rises_from_steps_of_2_to_steps_of_8(step: int, harm: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "find_step", lambda plane: float(step))

    assert jpeg.find_harm(np.zeros((8, 8, 1), np.uint8)) == pytest.approx(harm)


def test_noise_and_tiny_images_have_no_trace_of_jpeg() -> None:
    noise = np.random.default_rng(0).random((64, 64), dtype=np.float32)

    assert find_step(noise) == 0
    assert find_step(noise[:8, :8]) == 0


def test_the_basis_is_orthonormal() -> None:
    assert pytest.approx(np.eye(8), abs=1e-6) == jpeg._BASIS @ jpeg._BASIS.T
