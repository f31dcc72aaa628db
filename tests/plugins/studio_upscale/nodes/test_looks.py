"""The crisp look, kinds of restoring, and a second model for clean images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from studio.api import Image, Model, ModelError, Video
from studio.testing import TestContext
from studio_upscale.nodes.images import enlarge_image, find_origin_of_repair, restore_image
from studio_upscale.nodes.video import enlarge_video, find_origin_of_video
from studio_upscale.upscaler import Upscaler

MEDIA = Path(__file__).parents[4] / "graphs" / "media"
CRISP, CLEAN = Model("local:crisp"), Model("local:clean")


class Flat(Upscaler):
    """Makes everything one grey."""

    reach, name = 0, "flat"

    def __init__(self, level: float, scale: int = 2) -> None:
        self.level, self.scales = level, (scale,)

    def _run(self, images: Any, scale: int, seen: Any) -> Any:
        count, height, width, channels = images.shape
        return np.full((count, height * scale, width * scale, channels), self.level, np.float32)


@pytest.fixture
def models(shipped: dict[str, Any]) -> TestContext:
    return TestContext(models={**shipped, CRISP.reference: Flat(0.25), CLEAN.reference: Flat(0.75)})


@pytest.mark.parametrize(
    "call",
    [
        lambda ctx: enlarge_image(ctx, Image(np.zeros((8, 8, 3), np.uint8)), look="crisp"),
        lambda ctx: enlarge_video(ctx, Video.from_images([Image(np.zeros((8, 8, 3), np.uint8))], 10), look="crisp"),
        lambda ctx: restore_image(ctx, Image(np.zeros((8, 8, 3), np.uint8)), kind="deblur"),
        lambda ctx: restore_image(ctx, Image(np.zeros((8, 8, 3), np.uint8)), kind="low_light"),
    ],
)
def test_what_no_model_in_the_box_can_do_names_the_command(ctx: TestContext, call: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="E695") as raised:
        call(ctx)

    assert "studio models get" in str(raised.value.hint)


def test_a_crisp_image_is_what_the_given_model_makes(models: TestContext) -> None:
    made = enlarge_image(models, Image(np.zeros((8, 8, 3), np.uint8)), look="crisp", model=CRISP)

    assert made.pixels.mean() == pytest.approx(0.25, abs=0.01)


def shrink(mode: int) -> Image:
    """Return a painting made half as large: by an interpolation of OpenCV, or by an antialiased one for -1."""
    with Pillow.open(MEDIA / "starry_night.jpg") as opened:
        whole = opened.convert("RGB").reduce(2)  # without the traces of JPEG
    size = whole.width // 2, whole.height // 2
    if mode == -1:
        return Image(np.asarray(whole.resize(size, Pillow.Resampling.BICUBIC)))
    return Image(cv2.resize(np.asarray(whole), size, interpolation=mode))


@pytest.mark.parametrize("mode", [cv2.INTER_CUBIC, cv2.INTER_AREA])
def test_a_model_for_clean_images_leaves_others_alone(models: TestContext, mode: int) -> None:
    image = shrink(mode)

    made = enlarge_image(models, image, clean_model=CLEAN)

    assert np.array_equal(made.pixels, enlarge_image(models, image).pixels)


def test_a_clean_image_is_enlarged_by_the_model_for_it(models: TestContext) -> None:
    made = enlarge_image(models, shrink(-1), clean_model=CLEAN)

    assert made.pixels.mean() == pytest.approx(0.75, abs=0.01)


def test_what_invents_is_labelled_as_altered() -> None:
    assert find_origin_of_repair({"kind": "deblur"}) == "altered"
    assert find_origin_of_repair({"kind": "jpeg"}) == "enhanced"
    assert find_origin_of_video({"look": "crisp", "model": CRISP}) == "altered"
    assert find_origin_of_video({"look": "faithful", "model": CRISP}) == "enhanced"


def test_a_small_image_is_never_called_clean(models: TestContext) -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8))

    made = enlarge_image(models, image, clean_model=CLEAN)

    assert np.array_equal(made.pixels, enlarge_image(models, image).pixels)
