"""Videos cropped and resized."""

from __future__ import annotations

import numpy as np

from studio.api import Image, Video
from studio.testing import TestContext
from studio_video.nodes import edit
from tests.plugins.studio_video.clips import make_plain

CTX = TestContext()


def test_fitting_adds_bars_and_filling_cuts() -> None:
    white = make_plain([255], size=16)
    fitted = next(edit.resize_video(CTX, white, width=32, height=16, mode="fit", color="red").frames()).image.to_uint8()
    filled = next(edit.resize_video(CTX, white, width=32, height=16, mode="fill").frames()).image.to_uint8()

    assert fitted[0, 0].tolist() == [255, 0, 0]
    assert fitted[8, 16].tolist() == [255, 255, 255]
    assert (filled == 255).all()


def test_a_smaller_film_does_not_alias() -> None:
    stripes = Image(np.tile(np.array([0, 255], np.uint8), (64, 32))[:, :, None].repeat(3, axis=2))
    small = edit.resize_video(CTX, Video.from_images([stripes], 1), scale=0.25)

    assert np.abs(next(small.frames()).image.to_uint8().astype(int) - 128).max() <= 2
