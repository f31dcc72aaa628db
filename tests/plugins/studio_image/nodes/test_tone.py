"""Tones, channels, depth and histograms."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from studio.api import Image, Mask, MediaError
from studio.testing import TestContext
from studio_image.nodes import tone

CTX = TestContext()


def dot(*samples: float) -> Image:
    return Image(np.array([[samples]], np.float32))


def adjust(image: Image, **settings: float) -> list[float]:
    return [float(v) for v in tone.adjust_image(CTX, image, **settings).pixels[0, 0]]


def test_adjusting_nothing_changes_nothing() -> None:
    image = Image(np.random.default_rng(0).random((5, 5, 4), dtype=np.float32))

    assert np.array_equal(tone.adjust_image(CTX, image).pixels, image.pixels)


def test_each_adjustment_is_its_formula() -> None:
    image = dot(0.2, 0.4, 0.6, 0.5)

    assert adjust(image, brightness=1.5) == pytest.approx([0.3, 0.6, 0.9, 0.5])
    assert adjust(image, contrast=2) == pytest.approx([0.0, 0.3, 0.7, 0.5], abs=1e-6)
    assert adjust(image, gamma=2) == pytest.approx([0.2**0.5, 0.4**0.5, 0.6**0.5, 0.5])
    grey = 0.213 * 0.2 + 0.715 * 0.4 + 0.072 * 0.6
    assert adjust(image, saturation=0) == pytest.approx([grey] * 3 + [0.5], abs=1e-6)
    assert adjust(image, saturation=2) == pytest.approx(
        [2 * v - grey for v in (0.2, 0.4, 0.6)] + [0.5], abs=1e-6)  # fmt: skip


def test_one_stop_doubles_linear_light() -> None:
    encoded = 1.055 * 0.2 ** (1 / 2.4) - 0.055

    assert adjust(dot(encoded), exposure=1) == pytest.approx([1.055 * 0.4 ** (1 / 2.4) - 0.055], abs=1e-5)


def test_a_full_turn_of_hue_changes_nothing_and_a_third_turns_red_towards_green() -> None:
    assert adjust(dot(0.5, 0.3, 0.2), hue=360) == pytest.approx([0.5, 0.3, 0.2], abs=1e-6)
    red, green, blue = adjust(dot(0.5, 0.3, 0.3), hue=120)
    assert colorsys.rgb_to_hsv(red, green, blue)[0] * 360 == pytest.approx(120, abs=15)


def test_inverting_keeps_depth_and_alpha() -> None:
    image = Image(np.array([[[0, 1000, 65535, 7]]], np.uint16))

    negative = tone.invert_image(CTX, image)

    assert negative.stored.tolist() == [[[65535, 64535, 0, 7]]]
    assert tone.invert_image(CTX, negative) == image


def test_otsu_parts_two_heaps_between_them() -> None:
    rng = np.random.default_rng(0)
    heaps = np.concatenate([rng.normal(0.25, 0.04, 500), rng.normal(0.75, 0.04, 500)]).clip(0, 1)

    result = tone.threshold_image(CTX, Image(heaps.reshape(20, 50)))

    assert 0.35 < result.threshold < 0.65
    assert result.mask.pixels.sum() == 500
    assert np.array_equal(result.image.pixels[:, :, 0], result.mask.pixels)


def test_a_flat_image_has_a_threshold_too() -> None:
    assert tone.threshold_image(CTX, dot(0.5)).threshold == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("colors", "count"), [("grey", 1), ("rgb", 3), ("rgba", 4)])
def test_converting_gives_the_channels_asked_for(channels: int, colors: str, count: int) -> None:
    assert tone.convert_image(CTX, Image(np.ones((2, 2, channels))), channels=colors).channels == count


def test_dropped_alpha_lets_the_background_through() -> None:
    shown = tone.convert_image(CTX, dot(1.0, 0.0, 0.0, 0.25), channels="rgb", background="#0000ff")

    assert shown.pixels[0, 0] == pytest.approx([0.25, 0, 0.75])


def test_depth_is_rounded_to_the_nearest_level() -> None:
    image = dot(0.5, 0.25, 0.1)

    assert tone.convert_image(CTX, image, depth="uint8").stored.tolist() == [[[128, 64, 26]]]
    assert tone.convert_image(CTX, image, depth="uint16").stored.dtype == np.uint16
    assert tone.convert_image(CTX, image, depth="float32") == image


def test_a_histogram_counts_every_level_of_8_bits() -> None:
    samples = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)

    result = tone.measure_histogram(CTX, Image(samples), width=200, height=100)

    for index, name in enumerate(("red", "green", "blue")):
        assert result.counts[name]["counts"] == np.bincount(samples[:, :, index].ravel(), minlength=256).tolist()
        assert result.counts[name]["mean"] == pytest.approx(samples[:, :, index].mean() / 255, abs=1e-6)
    assert (result.plot.width, result.plot.height) == (200, 100)


def test_the_histogram_of_a_red_image_shows_red_at_its_level() -> None:
    level = np.zeros((64, 64, 3), np.float32)
    level[:, :, 0] = np.linspace(0.7, 0.8, 64)
    plot = tone.measure_histogram(CTX, Image(level), width=256, height=128).plot.pixels

    redness = (plot[:, :, 0] - plot[:, :, 1]).sum(0)

    assert 0.68 * 256 < int(np.argmax(redness)) < 0.82 * 256


def test_split_channels_merge_back_in_their_depth() -> None:
    image = Image(np.random.default_rng(0).integers(0, 65536, (3, 4, 4), dtype=np.uint16))

    parts = tone.split_channels(CTX, image)

    assert tone.merge_channels(CTX, parts.red, parts.green, parts.blue, alpha=parts.alpha) == image
    assert tone.split_channels(CTX, dot(0.5)).alpha == Mask(np.ones((1, 1)))


def test_channels_of_different_sizes_do_not_merge() -> None:
    with pytest.raises(MediaError, match="green is 2 x 1 but red is 1 x 1"):
        tone.merge_channels(CTX, dot(0.1), Image(np.ones((1, 2))), dot(0.1))


def test_temperature_and_tint_move_grey_and_keep_its_luminance() -> None:
    from studio_image.pixels import decode_srgb

    grey = Image(np.full((4, 4, 1), 0.5, np.float32))

    warm = decode_srgb(tone.adjust_image(CTX, grey, temperature=1.0).pixels)[0, 0]
    pink = decode_srgb(tone.adjust_image(CTX, grey, tint=1.0).pixels)[0, 0]

    assert warm[0] / warm[2] == pytest.approx(2.0, rel=1e-4)
    assert pink[0] / pink[1] == pytest.approx(2.0, rel=1e-4)
    assert pink[0] == pytest.approx(pink[2])
    light = decode_srgb(grey.pixels)[0, 0, 0]
    assert [float(one @ [0.2126, 0.7152, 0.0722]) for one in (warm, pink)] == pytest.approx([light, light], rel=1e-4)


def test_shadows_and_highlights_follow_their_curve_and_keep_order() -> None:
    ramp = Image(np.linspace(0, 1, 101, dtype=np.float32)[None, :, None])
    level = np.linspace(0, 1, 101)

    for shadows, highlights in [(1, 0), (0, -1), (-1, 1), (1, -1), (1, 1), (-1, -1)]:
        done = tone.adjust_image(CTX, ramp, shadows=shadows, highlights=highlights).pixels[0, :, 0]

        expected = level + shadows * level * (1 - level) ** 2 + highlights * level**2 * (1 - level)
        assert done == pytest.approx(expected, abs=1e-5)
        assert (np.diff(done) >= -1e-6).all()


def test_vibrance_saturates_dull_colors_more() -> None:
    image = Image(np.array([[[0.5, 0.45, 0.4], [0.9, 0.1, 0.1], [0.3, 0.3, 0.3]]], np.float32))

    done = tone.adjust_image(CTX, image, vibrance=1.0).pixels[0]

    before, after = np.ptp(image.pixels[0], axis=1), np.ptp(done, axis=1)
    assert after[0] / before[0] == pytest.approx(1.9, rel=1e-3)
    assert after[1] / before[1] < 1.2
    assert after[2] == pytest.approx(0, abs=1e-6)
