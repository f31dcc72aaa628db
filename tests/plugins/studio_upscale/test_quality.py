"""The networks that ship do better than interpolation on an image that they were not trained on."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from studio.api import Image, Model
from studio.testing import TestContext
from studio_upscale import studio_models
from studio_upscale.nodes.images import denoise_image, enlarge_image, restore_image
from studio_upscale.opener import UpscaleOpener
from studio_upscale.training.images import load_held_out, shrink_antialiased

MARGIN = {"builtin:compact": 0.3, "builtin:compact-fast": 0.15}


@pytest.fixture(scope="module")
def whole() -> Any:
    """A part of the image that was held out: the tower, at half its size, so that JPEG's traces are gone."""
    return cv2.resize(load_held_out()[:424, 200:560], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)[:204, :168]


def _measure(made: Any, whole: Any) -> float:
    weights = np.array([0.299, 0.587, 0.114])
    first, second = (pixels[8:-8, 8:-8].astype(float) @ weights for pixels in (made, whole))
    return float(10 * np.log10(255**2 / np.mean((first - second) ** 2)))


def _press(whole: Any, quality: int) -> Any:
    buffer = io.BytesIO()
    PIL.Image.fromarray(whole).save(buffer, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(buffer))


@pytest.mark.parametrize("model", ["builtin:compact", "builtin:compact-fast"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_enlarging_beats_bicubic(ctx: TestContext, whole: Any, model: str, scale: int) -> None:
    small = np.clip(np.rint(shrink_antialiased(whole, scale)), 0, 255).astype(np.uint8)
    size = (whole.shape[1], whole.shape[0])

    made = enlarge_image(ctx, Image(small), scale=scale, model=Model(model)).stored
    plain = np.asarray(PIL.Image.fromarray(small).resize(size, PIL.Image.Resampling.BICUBIC))

    assert _measure(made, whole) > _measure(plain, whole) + MARGIN[model]


@pytest.mark.parametrize("model", ["builtin:compact", "builtin:compact-fast"])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("grey", [0, 90, 255])
def test_what_is_flat_stays_flat(ctx: TestContext, model: str, scale: int, grey: int) -> None:
    made = enlarge_image(ctx, Image(np.full((40, 50, 3), grey, np.uint8)), scale=scale, model=Model(model)).stored

    assert np.all(made == grey)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_sixteen_bits_stay_in_every_arithmetic(dtype: str) -> None:
    model = Model("builtin:compact-fast")
    opened = UpscaleOpener().open(studio_models()["compact-fast"], model, device="cpu", dtype=dtype, parts={})
    ctx = TestContext(models={model.reference: opened})
    ramp = np.tile(np.linspace(39_000, 41_000, 64).astype(np.uint16), (40, 1))[..., None]

    flat = enlarge_image(ctx, Image(np.full((30, 30, 1), 40_001, np.uint16)), model=model).stored
    made = enlarge_image(ctx, Image(ramp), model=model).stored.astype(int)

    assert np.all(flat == 40_001)
    assert np.diff(made[20, 8:-8, 0]).min() >= 0
    assert len(np.unique(made[20])) > 100


def test_restoring_takes_away_artefacts_of_jpeg(ctx: TestContext, whole: Any) -> None:
    pressed = _press(whole, 20)

    assert _measure(restore_image(ctx, Image(pressed)).stored, whole) > _measure(pressed, whole) + 0.3


def test_restoring_leaves_an_image_without_traces_of_jpeg_as_it_is(ctx: TestContext, whole: Any) -> None:
    made = restore_image(ctx, Image(whole)).stored

    assert np.array_equal(made, whole)
    assert "no trace of JPEG" in ctx.messages[0]


@pytest.mark.parametrize("quality", [60, 75, 85, 90, 95])
def test_restoring_never_lowers_a_light_compression(ctx: TestContext, whole: Any, quality: int) -> None:
    pressed = _press(whole, quality)

    assert _measure(restore_image(ctx, Image(pressed)).stored, whole) >= _measure(pressed, whole) - 0.05


def test_restoring_always_changes_a_clean_image_by_little(ctx: TestContext, whole: Any) -> None:
    assert _measure(restore_image(ctx, Image(whole), force=True).stored, whole) > 38


def test_denoising_takes_away_noise(ctx: TestContext, whole: Any) -> None:
    noisy = np.clip(whole + np.random.default_rng(0).normal(0, 15, whole.shape), 0, 255).astype(np.uint8)

    assert _measure(denoise_image(ctx, Image(noisy)).stored, whole) > _measure(noisy, whole) + 2
