"""Depths brought to one, and colors weighed by alpha: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image
from studio_video.depth import find_top, match_depth, unweigh_colors, weigh_colors
from studio_video.layers import overlay_image
from studio_video.retime import mix
from tests.plugins.studio_video.clips import make_plain


def test_samples_become_those_of_the_deepest_exactly() -> None:
    small, wide = np.array([[[0, 1, 255]]], np.uint8), np.array([[[9, 300, 65535]]], np.uint16)

    assert [array.tolist() for array in match_depth(small, wide)] == [[[[0, 257, 65535]]], [[[9, 300, 65535]]]]
    assert match_depth(small, np.zeros((1, 1, 3), np.float32))[0].tolist()[0][0] == pytest.approx([0, 1 / 255, 1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_weighed_colors_come_back(dtype: type) -> None:
    top = find_top(np.zeros(1, dtype))
    array = (np.array([[[0.25, 0.5, 1.0, 1.0], [0.5, 0.75, 0.0, 0.5]]]) * top).astype(dtype)

    np.testing.assert_allclose(unweigh_colors(weigh_colors(array), array), array, atol=top / 60_000)


def test_a_crossfade_of_a_transparent_pixel_keeps_the_color_of_the_other() -> None:
    clear, red = Image(np.zeros((2, 2, 4), np.uint8)), Image(np.full((2, 2, 4), (200, 0, 0, 255), np.uint8))

    assert mix(clear, red, 0.5, "crossfade").stored[0, 0].tolist() == [200, 0, 0, 128]


@pytest.mark.parametrize("kind", ["crossfade", "fade_black", "fade_white", "wipe_left"])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_transition_keeps_depth(kind: str, dtype: type) -> None:
    ramp = np.linspace(0, find_top(np.zeros(1, dtype)), 512).astype(dtype)
    image = Image(np.broadcast_to(ramp[None, :, None], (4, 512, 3)).copy())

    mixed = mix(image, image, 0.25, kind)

    assert (mixed.stored.dtype, len(np.unique(mixed.stored[:, :, 0])) > 300) == (dtype, True)


def test_a_deep_image_over_a_video_of_8_bits_keeps_its_depth() -> None:
    ramp = np.linspace(0, 65535, 16).astype(np.uint16)
    top = Image(np.broadcast_to(ramp[None, :, None], (4, 16, 3)).copy())

    shown = next(overlay_image(make_plain([40]), top, 0, 0, 1.0, 0.0, None).frames()).image.stored

    assert shown[0, :, 0].tolist() == ramp.tolist()
    assert shown[8, 8].tolist() == [40 * 257] * 3
