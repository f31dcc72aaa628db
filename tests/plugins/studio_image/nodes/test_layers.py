"""Layers laid over each other and mixed, against the formulas of W3C Compositing and Blending Level 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio.api import Image, Mask, MediaError
from studio.testing import TestContext
from studio_image.nodes import layers

CTX = TestContext()


def dot(*samples: float) -> Image:
    return Image(np.array([[samples]], np.float32))


def soft_light(cb: float, cs: float) -> float:
    d = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else math.sqrt(cb)
    return cb - (1 - 2 * cs) * cb * (1 - cb) if cs <= 0.5 else cb + (2 * cs - 1) * (d - cb)


def hard_light(cb: float, cs: float) -> float:
    return 2 * cb * cs if cs <= 0.5 else cb + (2 * cs - 1) - cb * (2 * cs - 1)


def color_dodge(cb: float, cs: float) -> float:
    return 0 if cb == 0 else 1 if cs == 1 else min(1, cb / (1 - cs))


def color_burn(cb: float, cs: float) -> float:
    return 1 if cb == 1 else 0 if cs == 0 else 1 - min(1, (1 - cb) / cs)


FORMULAS = {
    "normal": lambda cb, cs: cs,
    "multiply": lambda cb, cs: cb * cs,
    "screen": lambda cb, cs: cb + cs - cb * cs,
    "overlay": lambda cb, cs: hard_light(cs, cb),
    "darken": min,
    "lighten": max,
    "color_dodge": color_dodge,
    "color_burn": color_burn,
    "hard_light": hard_light,
    "soft_light": soft_light,
    "difference": lambda cb, cs: abs(cb - cs),
    "exclusion": lambda cb, cs: cb + cs - 2 * cb * cs,
    "add": lambda cb, cs: min(1, cb + cs),
    "subtract": lambda cb, cs: max(0, cb - cs),
    "divide": lambda cb, cs: (1 if cb > 0 else 0) if cs == 0 else min(1, cb / cs),
    "linear_burn": lambda cb, cs: max(0, cb + cs - 1),
    "linear_light": lambda cb, cs: min(1, max(0, cb + 2 * cs - 1)),
    "vivid_light": lambda cb, cs: color_burn(cb, 2 * cs) if cs <= 0.5 else color_dodge(cb, 2 * cs - 1),
    "pin_light": lambda cb, cs: min(cb, 2 * cs) if cs <= 0.5 else max(cb, 2 * cs - 1),
    # of grey over grey, "luminosity" alone takes the source
    "hue": lambda cb, cs: cb,
    "saturation": lambda cb, cs: cb,
    "color": lambda cb, cs: cb,
    "luminosity": lambda cb, cs: cs,
}


@pytest.mark.parametrize("mode", sorted(FORMULAS))
@pytest.mark.parametrize(("alpha_b", "alpha_s"), [(1.0, 1.0), (1.0, 0.4), (0.7, 0.4), (0.0, 0.6), (0.5, 0.0)])
def test_a_blend_mode_gives_what_the_formula_gives(mode: str, alpha_b: float, alpha_s: float) -> None:
    for cb, cs in ((0.0, 0.0), (0.2, 0.8), (0.9, 0.1), (0.25, 0.5), (1.0, 1.0), (0.6, 0.6), (0.0, 1.0), (1.0, 0.0)):
        base, top = dot(cb, cb, cb, alpha_b), dot(cs, cs, cs, alpha_s)

        result = layers.composite_images(CTX, base, top, mode=mode).pixels[0, 0]

        mixed = (1 - alpha_b) * cs + alpha_b * FORMULAS[mode](cb, cs)
        alpha = alpha_s + alpha_b * (1 - alpha_s)
        assert result[3] == pytest.approx(alpha, abs=1e-6)
        if alpha > 0:
            color = (alpha_s * mixed + (1 - alpha_s) * alpha_b * cb) / alpha
            assert result[:3] == pytest.approx([color] * 3, abs=1e-5)


def test_opacity_and_mask_multiply_the_upper_alpha() -> None:
    mask = Mask(np.array([[0.5]], np.float32))

    result = layers.composite_images(CTX, dot(0.0, 0.0, 0.0), dot(1.0, 1.0, 1.0, 0.8), mask=mask, opacity=0.5)

    assert result.pixels[0, 0] == pytest.approx([0.2] * 3)


def test_the_upper_image_lies_where_it_is_put_and_is_cut_at_the_edges() -> None:
    base, top = Image(np.zeros((4, 5, 1))), Image(np.ones((3, 3, 1)))

    shifted = layers.composite_images(CTX, base, top, x=-1, y=2).pixels[:, :, 0]

    expected = np.zeros((4, 5))
    expected[2:4, 0:2] = 1
    assert np.array_equal(shifted, expected)
    for x, y in ((5, 0), (-3, 0), (0, 4), (0, -3)):
        assert layers.composite_images(CTX, base, top, x=x, y=y) == base


@pytest.mark.parametrize(("base", "top", "result"), [(1, 1, 1), (1, 3, 3), (1, 4, 3), (3, 1, 3), (3, 4, 3), (4, 1, 4)])
def test_the_result_has_the_channels_it_needs(base: int, top: int, result: int) -> None:
    lower, upper = Image(np.full((2, 2, base), 0.25)), Image(np.full((2, 2, top), 0.75))

    assert layers.composite_images(CTX, lower, upper).channels == result


def test_the_inputs_are_left_as_they_are() -> None:
    base, top = Image(np.zeros((4, 4, 4), np.float32)), Image(np.ones((4, 4, 4), np.float32))

    layers.composite_images(CTX, base, top)
    layers.blend_images(CTX, base, top)

    assert base.pixels.max() == 0
    assert top.pixels.min() == 1


def test_a_mask_of_another_size_is_an_error_with_both_sizes() -> None:
    with pytest.raises(MediaError, match="2 x 1 but the top image is 1 x 1") as caught:
        layers.composite_images(CTX, dot(0.0), dot(1.0), mask=Mask(np.ones((1, 2))))

    assert caught.value.code == "E507"


def test_a_blend_mixes_with_alpha_multiplied_in() -> None:
    red, clear = dot(1.0, 0.0, 0.0, 1.0), dot(0.0, 1.0, 0.0, 0.0)

    assert layers.blend_images(CTX, red, clear, opacity=0.25).pixels[0, 0] == pytest.approx([1.0, 0, 0, 0.75])
    assert layers.blend_images(CTX, dot(0.2), dot(1.0, 0.0, 0.6), opacity=0.5).pixels[0, 0] == pytest.approx(
        [0.6, 0.1, 0.4])  # fmt: skip


def test_a_blend_mask_chooses_where_the_second_shows() -> None:
    mask = Mask(np.array([[0.0, 0.5, 1.0]], np.float32))

    mixed = layers.blend_images(CTX, Image(np.zeros((1, 3))), Image(np.ones((1, 3))), opacity=0.8, mask=mask)

    assert mixed.pixels[0, :, 0] == pytest.approx([0, 0.4, 0.8])


def find_luminosity(color: tuple[float, ...]) -> float:
    return 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]


@pytest.mark.parametrize("mode", ["hue", "saturation", "color", "luminosity"])
def test_modes_of_three_channels_take_hue_saturation_and_luminosity_from_where_they_say(mode: str) -> None:
    base, top = (0.55, 0.4, 0.35), (0.3, 0.45, 0.5)

    mixed = tuple(float(v) for v in layers.composite_images(CTX, dot(*base), dot(*top), mode=mode).pixels[0, 0])

    luminous = top if mode == "luminosity" else base
    assert find_luminosity(mixed) == pytest.approx(find_luminosity(luminous), abs=1e-5)
    saturated = {"hue": base, "saturation": top, "color": top, "luminosity": base}[mode]
    assert max(mixed) - min(mixed) == pytest.approx(max(saturated) - min(saturated), abs=1e-5)
    hued = base if mode in ("saturation", "luminosity") else top
    assert np.argsort(mixed).tolist() == np.argsort(hued).tolist()


def test_colors_beyond_the_range_are_clipped_toward_their_luminosity() -> None:
    # W3C Compositing 1, 10.2: luminosity of white on red: (1, 0, 0) + 0.7 = (1.7, 0.7, 0.7), clipped to white
    mixed = layers.composite_images(CTX, dot(1, 0, 0), dot(1, 1, 1), mode="luminosity").pixels[0, 0]
    darker = layers.composite_images(CTX, dot(1, 0, 0), dot(0.2, 0.2, 0.2), mode="luminosity").pixels[0, 0]

    assert mixed == pytest.approx([1, 1, 1], abs=1e-5)
    # (0.9, -0.1, -0.1), with the least at 0: 0.2 + (0.9 - 0.2) * 0.2 / 0.3
    assert darker == pytest.approx([0.2 + 0.7 * 2 / 3, 0, 0], abs=1e-5)


def test_a_grey_base_becomes_rgb_for_them() -> None:
    mixed = layers.composite_images(CTX, dot(0.5), dot(0.9, 0.2, 0.2), mode="color")

    assert mixed.channels == 3
    assert mixed.pixels[0, 0, 0] > mixed.pixels[0, 0, 1]


@pytest.mark.parametrize(
    ("anchor", "corner"),
    [("top_left", (3, 3)), ("top_right", (13, 3)), ("bottom_left", (3, 15)), ("bottom_right", (13, 15)),
     ("center", (8, 9)), ("top", (8, 3)), ("left", (3, 9))],
)  # fmt: skip
def test_a_watermark_lies_at_its_anchor_inside_the_margin(anchor: str, corner: tuple[int, int]) -> None:
    base, mark = Image(np.zeros((20, 20, 1), np.uint8)), Image(np.full((2, 4, 1), 255, np.uint8))

    marked = layers.composite_images(CTX, base, mark, anchor=anchor, margin=3).pixels[:, :, 0]

    rows, columns = np.nonzero(marked)
    assert (columns.min(), rows.min()) == corner
    assert marked.sum() == 8


def test_the_top_image_is_scaled_to_a_share_of_the_base_with_its_mask() -> None:
    base, top = Image(np.zeros((100, 200, 3), np.uint8)), Image(np.full((10, 20, 3), 255, np.uint8))
    left_half = np.zeros((10, 20), np.float32)
    left_half[:, :10] = 1

    scaled = layers.composite_images(CTX, base, top, scale=0.25, anchor="bottom_right").pixels
    masked = layers.composite_images(CTX, base, top, mask=Mask(left_half), scale=0.25, anchor="bottom_right").pixels

    assert np.count_nonzero(scaled[:, :, 0]) == 50 * 25
    assert scaled[-25:, -50:].min() == 1
    assert masked[:, :, 0].sum() == pytest.approx(25 * 25, rel=0.02)


def test_the_base_grows_for_a_top_image_that_sticks_out() -> None:
    base, top = Image(np.full((10, 10, 3), 255, np.uint8)), Image(np.full((6, 6, 3), 128, np.uint8))

    grown = layers.composite_images(CTX, base, top, x=-4, y=7, expand=True)

    assert (grown.width, grown.height) == (14, 13)
    assert grown.pixels[0, 4] == pytest.approx([1, 1, 1, 1])
    assert grown.pixels[12, 0] == pytest.approx([128 / 255] * 3 + [1])
    assert grown.pixels[0, 0, 3] == 0
    assert layers.composite_images(CTX, base, top, x=2, y=2, expand=True).channels == 3


def test_a_part_that_is_put_back_unchanged_changes_nothing() -> None:
    photo = Image(np.random.default_rng(3).random((30, 40, 3), dtype=np.float32))
    part = Image(photo.stored[5:25, 8:38])

    back = layers.paste_back(CTX, photo, part, x=8, y=5, feather=6.0)

    assert back.pixels == pytest.approx(photo.pixels, abs=1e-6)


def test_a_part_of_another_size_is_put_back_at_the_size_of_the_region() -> None:
    photo, part = Image(np.zeros((30, 40, 3), np.uint8)), Image(np.full((80, 120, 3), 255, np.uint8))

    back = layers.paste_back(CTX, photo, part, x=8, y=5, width=30, height=20).pixels

    assert back[5:25, 8:38].min() == 1
    assert back.sum() == 30 * 20 * 3


def test_a_part_fades_in_but_for_the_edges_of_the_image() -> None:
    photo, part = Image(np.zeros((40, 40, 1), np.uint8)), Image(np.full((40, 20, 1), 255, np.uint8))

    back = layers.paste_back(CTX, photo, part, x=20, y=0, feather=8.0).pixels[:, :, 0]

    assert back[0, 20:28] == pytest.approx((np.arange(8) + 0.5) / 8, abs=1e-6)
    assert back[:, 28:].min() == 1  # top, bottom and right lie at the edges of the image


def test_outside_the_mask_the_base_stays_as_it_is() -> None:
    photo = Image(np.random.default_rng(4).random((20, 20, 3), dtype=np.float32))
    mask = np.zeros((20, 20), np.float32)
    mask[8:12, 8:12] = 1

    back = layers.paste_back(CTX, photo, Image(np.ones((20, 20, 3), np.float32)), mask=Mask(mask)).pixels

    assert np.array_equal(back[mask == 0], photo.pixels[mask == 0])
    assert back[8:12, 8:12].min() == 1
    with pytest.raises(MediaError) as caught:
        layers.paste_back(CTX, photo, photo, mask=Mask(mask[:10]))
    assert caught.value.code == "E507"
