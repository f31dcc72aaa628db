"""Images in memory: what they are made from, what they refuse, and that they never change."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest

from studio.api.color import SRGB, ColorSpace
from studio.api.image import Image, Mask
from studio.errors import MediaError

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "<u2", "float32", ">f8", "float16"])
def test_every_depth_and_byte_order_becomes_float_samples(dtype: str) -> None:
    levels = np.array([[0.0, 0.2], [0.6, 1.0]])
    top = {"uint8": 255, ">u2": 65535, "<u2": 65535}.get(dtype, 1)

    image = Image((levels * top).astype(dtype))

    assert image.pixels.dtype == np.float32
    assert image.pixels.shape == (2, 2, 1)
    np.testing.assert_allclose(image.pixels[:, :, 0], levels, atol=1e-3)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_float_image_equals_the_whole_numbers_it_was_made_from(bits: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    whole = Image(RNG.integers(0, 2**bits, (9, 7, 3)).astype(dtype))

    floats = Image(whole.pixels)

    assert floats == whole
    assert floats.compact().dtype == dtype


def test_eight_bit_levels_in_sixteen_bits_are_the_same_image() -> None:
    small = RNG.integers(0, 256, (5, 4, 3)).astype(np.uint8)

    deep = Image(small.astype(np.uint16) * 257)

    assert deep == Image(small)
    assert deep.compact().dtype == np.uint8


def test_negative_zero_is_zero_in_the_compact_form() -> None:
    samples = np.array([[-0.0, 0.12345]], np.float32)

    assert Image(samples).compact().tobytes() == Image(np.abs(samples)).compact().tobytes()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (np.zeros((2, 2, 2), np.uint8), "E501"),
        (np.zeros((0, 2, 3), np.uint8), "E501"),
        (np.zeros(4, np.uint8), "E501"),
        (np.zeros((2, 2), np.int64), "E501"),
        (np.zeros((2, 2), complex), "E501"),
        ([[1.0, 2.0], [1.0]], "E501"),
        ("picture.png", "E501"),
        (np.full((2, 2), np.nan, np.float32), "E502"),
        (np.full((2, 2), np.inf, np.float32), "E502"),
        (np.full((2, 2), 1e300), "E502"),
        (np.full((2, 2), 1.01, np.float32), "E502"),
    ],
)
def test_an_invalid_image_is_refused(source: object, code: str) -> None:
    with pytest.raises(MediaError) as caught:
        Image(source)

    assert caught.value.code == code
    assert caught.value.hint


def test_rounding_errors_of_a_filter_are_clipped() -> None:
    image = Image(np.array([[-5e-5, 1.00005]], np.float32))

    assert image.pixels.ravel().tolist() == [0.0, 1.0]


def test_an_image_never_changes_with_its_source_array() -> None:
    source = np.zeros((2, 2), np.float32)
    image = Image(source)

    source[:] = 1

    assert image.pixels.max() == 0


@pytest.mark.parametrize("samples", [np.array([[0, 9]], np.uint8), np.array([[0.1, 0.123]], np.float32)])
def test_every_view_of_the_samples_is_read_only(samples: np.ndarray) -> None:
    image = Image(samples)

    for view in (image.stored, image.pixels, image.compact(), Image(image.pixels).compact()):
        with pytest.raises(ValueError, match="read-only"):
            view[0, 0] = 0


def test_drawing_on_the_pillow_image_leaves_the_image_alone() -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8))

    image.to_pillow().putpixel((0, 0), (255, 255, 255))

    assert image.pixels.max() == 0


def test_attributes_and_copies_are_refused() -> None:
    image = Image(np.zeros((2, 2), np.uint8))

    with pytest.raises(AttributeError, match="frozen"):
        image.width = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del image._array
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(image)


def test_two_threads_may_read_a_fresh_image_at_once() -> None:
    images = [Image(PIL.Image.new("RGB", (64, 64))) for _ in range(200)]
    barrier = threading.Barrier(8)

    def look() -> int:
        barrier.wait()
        return sum(image.width for image in images)

    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(look) for _ in range(8)]]

    assert results == [200 * 64] * 8


def test_shared_samples_count_once_in_the_memory_held() -> None:
    image = Image(np.zeros((10, 10, 3), np.uint8))

    image.compact()

    assert image.byte_size == 300


def test_mask_has_one_channel_and_refuses_more() -> None:
    mask = Mask(np.array([[[0.0], [1.0]]]))

    assert mask.pixels.shape == (1, 2)
    with pytest.raises(MediaError):
        Mask(np.zeros((2, 2, 3), np.uint8))


def test_image_and_mask_of_equal_samples_differ() -> None:
    samples = np.zeros((2, 2), np.uint8)

    assert Image(samples) != Mask(samples)


LINEAR = ColorSpace("linear", "acescg")


def test_an_image_is_srgb_unless_it_says_otherwise() -> None:
    assert Image(np.zeros((1, 1, 3), np.uint8)).color == SRGB


@pytest.mark.parametrize("color", [LINEAR, ColorSpace("log")])
@pytest.mark.parametrize("kind", [Image, Mask])
def test_linear_and_log_samples_may_pass_one_and_fall_below_zero(kind: type[Image | Mask], color: ColorSpace) -> None:
    samples = np.array([[-0.5, 0.25, 40.0]], np.float32)

    value = kind(samples, color=color)

    np.testing.assert_array_equal(value.pixels.reshape(1, 3), samples)
    np.testing.assert_array_equal(value.compact().reshape(1, 3), samples)
    assert str(color) in repr(value)


@pytest.mark.parametrize("sample", [np.nan, np.inf, 1e39])
def test_linear_samples_are_finite(sample: float) -> None:
    with pytest.raises(MediaError, match="NaN or infinity") as caught:
        Image(np.full((1, 1), sample), color=LINEAR)
    assert caught.value.code == "E502"


def test_alpha_of_a_linear_image_is_a_share() -> None:
    samples = np.array([[[5.0, 5.0, 5.0, 1.00005]]], np.float32)

    assert Image(samples, color=LINEAR).pixels[0, 0].tolist() == [5.0, 5.0, 5.0, 1.0]
    with pytest.raises(MediaError, match="alpha samples range from") as caught:
        Image(samples * 2, color=LINEAR)
    assert (caught.value.code, "alpha" in caught.value.hint, "ColorSpace" in caught.value.hint) == ("E502", True, False)


def test_samples_beyond_one_need_a_color_space_that_allows_them() -> None:
    with pytest.raises(MediaError, match="samples range from 2 to 2") as caught:
        Image(np.full((1, 1), 2.0))
    assert 'ColorSpace("linear")' in caught.value.hint


def test_equal_samples_in_two_color_spaces_are_two_images() -> None:
    samples = np.full((2, 2, 3), 100, np.uint8)

    assert Image(samples) != Image(samples, color=LINEAR)
    assert Image(samples, color=LINEAR) == Image(samples.copy(), color=LINEAR)


def test_eight_bits_of_a_linear_image_are_srgb() -> None:
    image = Image(np.array([[[0.5, 0.5, 0.5], [9.0, 9.0, 9.0]]], np.float32), color=LINEAR)

    half = round(255 * (1.055 * 0.5 ** (1 / 2.4) - 0.055))
    assert image.to_uint8().tolist() == [[[half] * 3, [255] * 3]]
    assert np.asarray(image.to_pillow()).tolist() == [[[half] * 3, [255] * 3]]


def test_eight_bits_of_a_linear_image_of_eight_bits_are_converted_too() -> None:
    image = Image(np.array([[0, 55, 255]], np.uint8), color=LINEAR)

    expected = round(255 * (1.055 * (55 / 255) ** (1 / 2.4) - 0.055))
    assert image.to_uint8()[0, :, 0].tolist() == [0, expected, 255]


def test_samples_beyond_all_whole_numbers_stay_floats_without_a_warning() -> None:
    samples = np.array([[-1e30, 0.5, 1e30]], np.float32)

    assert Image(samples, color=LINEAR).compact().dtype == np.float32


def test_linear_samples_that_whole_numbers_hold_are_compact() -> None:
    whole = Image(np.array([[0, 7, 255]], np.uint8), color=LINEAR)

    floats = Image(whole.pixels, color=LINEAR)

    assert floats == whole
    assert floats.compact().dtype == np.uint8


def test_an_array_that_is_taken_keeps_its_color_space() -> None:
    array = np.full((1, 2), 3.0, np.float32)

    image = Image.take(array, color=LINEAR)

    assert image.color == LINEAR
    assert np.shares_memory(image.pixels, array)


def test_a_pillow_image_may_say_its_color_space() -> None:
    assert Image(PIL.Image.new("RGB", (2, 2)), color=ColorSpace(primaries="display-p3")).color.primaries == "display-p3"


def test_an_image_cannot_be_unlocked() -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8))

    for array in (image.pixels, image.stored):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


@pytest.mark.parametrize("color", ["linear", None, ("srgb", "bt709", "full")])
def test_a_color_space_is_no_word(color: object) -> None:
    for make in (lambda: Image(np.zeros((1, 1)), color=color), lambda: Mask.take(np.zeros((1, 1)), color=color)):  # type: ignore[arg-type]
        with pytest.raises(MediaError, match="invalid color space") as caught:
            make()
        assert caught.value.code == "E509"
