"""Resizing, cutting, turning, mirroring, framing."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from studio.api import Image, Mask, MediaError
from studio.testing import TestContext
from studio_image.nodes import geometry

CTX = TestContext()


def make_image(height: int, width: int, channels: int, seed: int = 0) -> Image:
    return Image(np.random.default_rng(seed).random((height, width, channels), dtype=np.float32))


@pytest.mark.parametrize(("method", "reference"), [("lanczos", "LANCZOS"), ("area", "BOX"), ("bicubic", "BICUBIC"),
                                                   ("bilinear", "BILINEAR"), ("nearest", "NEAREST")])  # fmt: skip
def test_an_8_bit_image_resizes_to_within_rounding_of_pillow(method: str, reference: str) -> None:
    source = np.random.default_rng(1).integers(64, 192, (40, 60, 3), dtype=np.uint8)  # nothing is clipped

    ours = geometry.resize_image(CTX, Image(source), width=23, height=31, method=method).pixels
    theirs = np.asarray(PIL.Image.fromarray(source).resize((23, 31), PIL.Image.Resampling[reference]))

    # Pillow rounds 8-bit images after each of two passes: at most one level and a half apart
    assert np.abs(ours * 255 - theirs).max() < 1.6


def test_halving_by_area_takes_exact_means_of_four_samples() -> None:
    image = make_image(8, 10, 3)

    half = geometry.resize_image(CTX, image, scale=0.5, method="area").pixels

    assert half == pytest.approx(image.pixels.reshape(4, 2, 5, 2, 3).mean((1, 3)), abs=1e-6)


def test_no_color_from_under_full_transparency_bleeds_out() -> None:
    samples = np.zeros((16, 16, 4), np.float32)
    samples[:, :8] = (1, 0, 0, 1)  # red, opaque; the right half is transparent black

    for method in ("area", "bilinear", "bicubic", "lanczos"):
        small = geometry.resize_image(CTX, Image(samples), width=5, height=5, method=method).pixels
        seen = small[small[:, :, 3] > 1e-3]

        assert seen[:, 0] == pytest.approx(1.0, abs=1e-5)  # without premultiplying it falls to 0.5 at the edge
        assert seen[:, 1:3] == pytest.approx(0.0, abs=1e-5)


def test_linear_light_mixes_light_and_not_code_values() -> None:
    checks = Image(np.indices((8, 8)).sum(0) % 2 * 1.0)

    plain = geometry.resize_image(CTX, checks, scale=0.25, method="area").pixels
    linear = geometry.resize_image(CTX, checks, scale=0.25, method="area", linear_light=True).pixels

    assert plain == pytest.approx(0.5)
    assert linear == pytest.approx(1.055 * 0.5 ** (1 / 2.4) - 0.055, abs=1e-5)  # IEC 61966-2-1 of one half: 0.7354


def test_16_bits_stay_finer_than_8() -> None:
    ramp = Image((np.arange(64 * 64).reshape(64, 64) * 16).astype(np.uint16))

    small = geometry.resize_image(CTX, ramp, scale=0.5, method="area").pixels

    assert len(np.unique(small)) > 256
    means = (np.arange(64 * 64).reshape(32, 2, 32, 2) * 16).mean((1, 3)) / 65535
    assert small[:, :, 0] == pytest.approx(means, abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "size"),
    [({"width": 50}, (50, 25)), ({"height": 10}, (20, 10)), ({"scale": 1.5}, (150, 75)), ({"scale": 0.001}, (1, 1)),
     ({"width": 30, "height": 30}, (30, 30)), ({"width": 30, "height": 30, "fit": "contain"}, (30, 15)),
     ({"width": 30, "height": 30, "fit": "cover"}, (30, 30)), ({"width": 30, "height": 30, "fit": "pad"}, (30, 30)),
     ({"scale": 1.0, "multiple_of": 8}, (96, 48)), ({"width": 1, "multiple_of": 64}, (64, 64))],
)  # fmt: skip
def test_the_size_is_what_was_asked_for(settings: dict[str, object], size: tuple[int, int]) -> None:
    result = geometry.resize_image(CTX, make_image(50, 100, 3), **settings)  # type: ignore[arg-type]

    assert (result.width, result.height) == size


def test_fill_keeps_the_part_at_the_anchor() -> None:
    samples = np.zeros((10, 30, 1), np.float32)
    samples[:, 20:] = 1.0  # white on the right

    for anchor, level in (("left", 0.0), ("right", 1.0), ("center", 0.0)):
        part = geometry.resize_image(CTX, Image(samples), width=10, height=10, fit="cover", anchor=anchor)
        assert part.pixels == pytest.approx(level)


def test_pad_centres_the_image_in_the_color() -> None:
    padded = geometry.resize_image(
        CTX, Image(np.ones((10, 20, 3))), width=20, height=20, fit="pad", background="#ff0000"
    )

    assert padded.channels == 3
    assert padded.pixels[5:15] == pytest.approx(1.0)
    assert padded.pixels[:5].reshape(-1, 3) == pytest.approx(np.tile([1.0, 0, 0], (100, 1)))
    assert padded.pixels[15:].reshape(-1, 3) == pytest.approx(np.tile([1.0, 0, 0], (100, 1)))


def test_pad_with_transparency_gives_alpha() -> None:
    padded = geometry.resize_image(CTX, make_image(10, 20, 1), width=20, height=20, fit="pad")

    assert padded.channels == 4
    assert padded.pixels[:5, :, 3].max() == 0
    assert padded.pixels[5:15, :, 3].min() == 1


@pytest.mark.parametrize("settings", [{}, {"scale": 2.0, "width": 10}])
def test_a_resize_without_one_clear_size_is_an_error(settings: dict[str, object]) -> None:
    with pytest.raises(MediaError) as caught:
        geometry.resize_image(CTX, make_image(4, 4, 3), **settings)  # type: ignore[arg-type]

    assert caught.value.code == "E507"


@pytest.mark.parametrize("method", ["auto", "nearest"])
def test_a_result_over_the_limits_is_refused_with_its_size(method: str) -> None:
    with pytest.raises(MediaError, match="100000 x 100000") as caught:
        geometry.resize_image(CTX, make_image(100, 100, 3), scale=1000, method=method)

    assert caught.value.code == "E506"


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_single_sample_can_be_resized_turned_and_framed(channels: int) -> None:
    dot = Image(np.full((1, 1, channels), 0.5, np.float32))

    assert geometry.resize_image(CTX, dot, width=7, height=3).pixels == pytest.approx(0.5, abs=1e-6)
    assert geometry.rotate_image(CTX, dot, angle=45).channels == 4
    assert geometry.frame_image(CTX, dot, width=2).width == 5


@pytest.mark.parametrize(
    ("settings", "region"),
    [({"x": 2, "y": 1, "width": 4, "height": 3}, (1, 4, 2, 6)), ({"width": 4, "height": 2}, (3, 5, 3, 7)),
     ({"width": 4, "height": 2, "anchor": "bottom_right"}, (6, 8, 6, 10)), ({"aspect": "1:1"}, (0, 8, 1, 9)),
     ({"aspect": "1:1", "anchor": "left"}, (0, 8, 0, 8)), ({"aspect": "2:1", "width": 6}, (2, 5, 2, 8)),
     ({"x": 7}, (0, 8, 7, 10)), ({"aspect": "5"}, (3, 5, 0, 10))],
)  # fmt: skip
def test_a_crop_takes_exactly_the_samples_asked_for(
    settings: dict[str, object], region: tuple[int, int, int, int]
) -> None:
    image = Image(np.random.default_rng(2).integers(0, 65536, (8, 10, 3), dtype=np.uint16))
    top, bottom, left, right = region

    part = geometry.crop_image(CTX, image, **settings)  # type: ignore[arg-type]

    assert np.array_equal(part.stored, image.stored[top:bottom, left:right])


@pytest.mark.parametrize(
    "settings", [{"x": 8, "width": 5}, {"y": 8}, {"width": 11}, {"aspect": "wide"}, {"aspect": "0:3"}]
)
def test_a_crop_outside_the_image_is_an_error(settings: dict[str, object]) -> None:
    with pytest.raises(MediaError) as caught:
        geometry.crop_image(CTX, make_image(8, 10, 3), **settings)  # type: ignore[arg-type]

    assert caught.value.code == "E507"


@pytest.mark.parametrize(("angle", "turns"), [(-90, 1), (90, 3), (180, 2), (-450, 1), (0, 0)])
def test_quarter_turns_move_samples_and_change_none(angle: float, turns: int) -> None:
    image = Image(np.random.default_rng(3).integers(0, 256, (4, 6, 3), dtype=np.uint8))

    turned = geometry.rotate_image(CTX, image, angle=angle)

    assert np.array_equal(turned.stored, np.rot90(image.stored, turns))


def test_a_warp_close_to_a_quarter_turn_agrees_with_the_exact_one() -> None:
    image = geometry.resize_image(CTX, make_image(6, 8, 3), width=80, height=60)  # smooth

    exact = np.rot90(image.pixels, 1)
    warped = geometry.rotate_image(CTX, image, angle=-90.0001, expand=False, background="black").pixels

    assert warped[:, 12:68] == pytest.approx(exact[10:70, 2:58], abs=0.01)


def test_a_turn_grows_the_image_and_leaves_clear_corners() -> None:
    turned = geometry.rotate_image(CTX, Image(np.ones((100, 100, 3))), angle=45).pixels

    assert turned.shape == (142, 142, 4)
    assert turned[0, 0, 3] == 0
    assert turned[71, 71] == pytest.approx(1.0)
    assert turned[:, :, 3].sum() == pytest.approx(100 * 100, rel=0.01)  # the area of the square stays
    assert turned[turned[:, :, 3] > 0.01][:, :3] == pytest.approx(1.0, abs=1e-3)  # and its edge is not dark


def test_flipping_twice_gives_the_image_back() -> None:
    image = make_image(3, 5, 4)

    for direction in ("horizontal", "vertical", "both"):
        once = geometry.flip_image(CTX, image, direction=direction)
        assert once != image
        assert geometry.flip_image(CTX, once, direction=direction) == image
    assert np.array_equal(geometry.flip_image(CTX, image).pixels, image.pixels[:, ::-1])


def test_a_frame_surrounds_the_untouched_image() -> None:
    image = make_image(10, 12, 3)

    framed = geometry.frame_image(
        CTX, image, width=4, bottom_width=9, color="#0000ff", line_width=1, line_color="black"
    ).pixels

    assert framed.shape == (23, 20, 3)
    assert np.array_equal(framed[4:14, 4:16], image.pixels)
    assert framed[3, 3:17] == pytest.approx(0.0)
    assert framed[2, 2] == pytest.approx([0, 0, 1])
    assert framed[22, 19] == pytest.approx([0, 0, 1])


def test_round_corners_are_clear_and_the_middle_is_not() -> None:
    framed = geometry.frame_image(CTX, Image(np.ones((40, 40, 3))), width=0, radius=10).pixels

    assert framed[0, 0, 3] == 0
    assert framed[0, 20, 3] == 1
    assert (1 - framed[:, :, 3]).sum() == pytest.approx((4 - np.pi) * 100, rel=0.03)


@pytest.mark.parametrize(
    ("settings", "size"),
    [({"megapixels": 0.02}, (200, 100)), ({"megapixels": 0.02, "multiple_of": 64}, (192, 128)),
     ({"longer_side": 50}, (50, 25)), ({"shorter_side": 100}, (200, 100)),
     ({"longer_side": 300, "only": "shrink"}, (100, 50)), ({"longer_side": 30, "only": "shrink"}, (30, 15)),
     ({"longer_side": 300, "only": "enlarge"}, (300, 150)), ({"longer_side": 30, "only": "enlarge"}, (100, 50)),
     ({"width": 300, "height": 300, "fit": "contain", "only": "shrink"}, (100, 50)),
     ({"width": 300, "height": 300, "fit": "pad", "only": "shrink"}, (300, 300))],
)  # fmt: skip
def test_the_size_may_be_an_area_or_a_side_and_a_limit(settings: dict[str, object], size: tuple[int, int]) -> None:
    result = geometry.resize_image(CTX, make_image(50, 100, 3), **settings)  # type: ignore[arg-type]

    assert (result.width, result.height) == size


def test_an_image_that_is_not_to_grow_keeps_its_samples_in_the_middle_of_its_padding() -> None:
    image = make_image(50, 100, 3)

    padded = geometry.resize_image(CTX, image, width=200, height=200, fit="pad", only="shrink", background="black")

    assert padded.pixels[75:125, 50:150] == pytest.approx(image.pixels, abs=1e-6)


@pytest.mark.parametrize("settings", [{"scale": 2.0, "megapixels": 1.0}, {"longer_side": 9, "shorter_side": 9}, {}])
def test_a_size_in_two_ways_or_in_none_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(MediaError) as caught:
        geometry.resize_image(CTX, make_image(5, 5, 3), **settings)  # type: ignore[arg-type]

    assert caught.value.code == "E507"


@pytest.mark.parametrize(
    ("aspect", "megapixels", "multiple_of", "size"),
    [("1:1", 1.048576, 64, (1024, 1024)), ("16:9", 1.048576, 64, (1344, 768)), ("9:16", 2.0736, 8, (1080, 1920)),
     ("2", 0.5, 1, (1000, 500))],
)  # fmt: skip
def test_a_size_is_chosen_from_a_shape_and_an_area(
    aspect: str, megapixels: float, multiple_of: int, size: tuple[int, int]
) -> None:
    assert geometry.choose_size(CTX, aspect=aspect, megapixels=megapixels, multiple_of=multiple_of) == size


def make_sign(channels: int = 3) -> Image:
    """A block from 12, 7 of 20 x 10 on a ground that JPEG has touched."""
    samples = np.full((40, 60, channels), 250, np.uint8)
    samples[::3] -= 2
    samples[7:17, 12:32] = 20
    if channels == 4:
        samples[:, :, 3] = 0
        samples[7:17, 12:32, 3] = 255
    return Image(samples)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_region_is_the_box_around_what_is_shown(channels: int) -> None:
    assert geometry.find_region(CTX, make_sign(channels)) == (12, 7, 20, 10)


@pytest.mark.parametrize(
    ("settings", "region"),
    [({"padding": 5}, (7, 2, 30, 20)), ({"padding": 100}, (0, 0, 60, 40)), ({"aspect": "1:1"}, (12, 2, 20, 20)),
     ({"aspect": "4:1"}, (2, 7, 40, 10)), ({"multiple_of": 16}, (6, 4, 32, 16)), ({"aspect": "100:1"}, (0, 7, 60, 10))],
)  # fmt: skip
def test_the_region_is_enlarged_inside_the_image(
    settings: dict[str, object], region: tuple[int, int, int, int]
) -> None:
    assert geometry.find_region(CTX, make_sign(), **settings) == region  # type: ignore[arg-type]


def test_a_mask_says_what_counts_and_nothing_is_the_whole_image() -> None:
    mask = np.zeros((40, 60), np.float32)
    mask[30:33, 50:55] = 0.5

    assert geometry.find_region(CTX, make_sign(), mask=Mask(mask)) == (50, 30, 5, 3)
    assert geometry.find_region(CTX, make_sign(), mask=Mask(mask), tolerance=0.6) == (0, 0, 60, 40)
    assert geometry.find_region(CTX, Image(np.zeros((4, 6, 3), np.uint8))) == (0, 0, 6, 4)


def test_an_image_is_cropped_to_its_content() -> None:
    sign = make_sign()

    cut = geometry.crop_image(CTX, sign, to="content", padding=2)

    assert np.array_equal(cut.stored, sign.stored[5:19, 10:34])
    assert geometry.crop_image(CTX, sign, to="content", aspect="1:1").stored.shape == (10, 10, 3)
