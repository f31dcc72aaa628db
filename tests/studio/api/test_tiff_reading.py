"""TIFF files of every depth, layout and coding: samples come back exactly, or the reason is named."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tifffile

from studio.api.color import ColorSpace
from studio.errors import MediaError
from tests.studio.api.images import IMAGES, LIMITS, RNG, read
from tests.studio.api.tiffs import CODINGS, make_tiff


def read_made(folder: Path, data: bytes) -> Any:
    (folder / "a.tif").write_bytes(data)
    return read(folder / "a.tif")


def find_doubts(folder: Path, data: bytes) -> list[str]:
    (folder / "a.tif").write_bytes(data)
    return list(IMAGES.find_doubts(folder / "a.tif", LIMITS))


def random_samples(bits: int, channels: int) -> np.ndarray:
    size = next(each for each in (8, 16, 32, 64) if each >= bits)
    return RNG.integers(0, 2**bits, (23, 37, channels), np.uint64).astype(f"u{size // 8}")


def expect(samples: np.ndarray, bits: int) -> np.ndarray:
    """Samples in [0, 1] by exact arithmetic."""
    return samples.astype(np.float64) / float(2**bits - 1)


def test_grey_of_twelve_bits_has_its_whole_range(tmp_path: Path) -> None:
    samples = np.array([[[0], [1024], [2048], [4095]]] * 4, np.uint16)

    seen = read_made(tmp_path, make_tiff(samples, 12))

    assert seen.stored[0, :, 0].tolist() == [0, 16388, 32776, 65535]


def test_planar_rgb_of_sixteen_bits_has_its_colors(tmp_path: Path) -> None:
    samples = np.broadcast_to(np.array([100, 20000, 60000], np.uint16), (4, 4, 3))

    seen = read_made(tmp_path, make_tiff(samples, 16, planar=True))

    assert np.unique(seen.stored.reshape(-1, 3), axis=0).tolist() == [[100, 20000, 60000]]


def test_grey_with_alpha_of_sixteen_bits_is_read(tmp_path: Path) -> None:
    samples = np.broadcast_to(np.array([30000, 40000], np.uint16), (4, 4, 2))

    seen = read_made(tmp_path, make_tiff(samples, 16, extra=(2,)))

    assert seen.stored[2, 3].tolist() == [30000, 30000, 30000, 40000]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 8, 10, 12, 14, 15, 16, 24, 32, 64])
def test_whole_numbers_of_every_depth_are_read(tmp_path: Path, bits: int) -> None:
    step = 0 if bits in (1, 2, 4, 8, 16) else 0.5 / 65535
    for channels, planar in itertools.product([1, 2, 3, 4], [False, True]):
        samples = random_samples(bits, channels)
        extra = (2,) if channels in (2, 4) else None

        seen = read_made(tmp_path, make_tiff(samples, bits, planar=planar, extra=extra))

        expected = expect(samples, bits)
        expected = expected[:, :, [0, 0, 0, 1]] if channels == 2 else expected
        assert np.abs(seen.pixels - expected).max() <= step + 1e-7


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(("bits", "predictor"), [(8, 1), (8, 2), (12, 1), (16, 1), (16, 2), (32, 2)])
def test_every_coding_and_layout_gives_equal_samples(tmp_path: Path, coding: str, bits: int, predictor: int) -> None:
    samples = random_samples(bits, 3)
    for order, planar, tile in itertools.product("<>", [False, True], [0, 16]):
        how: dict[str, Any] = {"coding": coding, "order": order, "planar": planar, "tile": tile}

        seen = read_made(tmp_path, make_tiff(samples, bits, predictor=predictor, **how))

        assert np.abs(seen.pixels - expect(samples, bits)).max() <= 0.5 / 65535


@pytest.mark.parametrize("coding", ["none", "deflate", "lzw", "packbits"])
@pytest.mark.parametrize("bits", [1, 8, 12, 16])
def test_the_lowest_bit_may_come_first(tmp_path: Path, bits: int, coding: str) -> None:
    samples = random_samples(bits, 1)

    seen = read_made(tmp_path, make_tiff(samples, bits, coding=coding, turned=True))

    assert np.abs(seen.pixels - expect(samples, bits)).max() <= 0.5 / 65535


@pytest.mark.parametrize("coding", ["none", "deflate", "lzw"])
@pytest.mark.parametrize("size", [2, 4, 8])
def test_floats_of_every_depth_are_read(tmp_path: Path, size: int, coding: str) -> None:
    for channels, order, predictor in itertools.product([1, 2, 3, 4], "<>", [1, 3]):
        samples = RNG.random((23, 37, channels)).astype(f"f{size}")
        extra = (2,) if channels in (2, 4) else None
        how: dict[str, Any] = {"coding": coding, "order": order, "predictor": predictor, "extra": extra}

        seen = read_made(tmp_path, make_tiff(samples, 8 * size, **how))

        expected = samples[:, :, [0, 0, 0, 1]] if channels == 2 else samples
        np.testing.assert_array_equal(seen.pixels, expected.astype(np.float32))


def test_floats_of_twenty_four_bits_are_read(tmp_path: Path) -> None:
    numbers = np.array([[[0x000000], [0x3F0000], [0x3E8000], [0x000001]]], np.uint32)  # 0, 1, 0.75 and 2 ** -78

    seen = read_made(tmp_path, make_tiff(numbers, 24, tags={339: (3,)}))

    assert seen.pixels.ravel().tolist() == [0, 1, 0.75, 2.0**-78]


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_tifffile_writes_is_read(tmp_path: Path, channels: int, dtype: type, planar: bool) -> None:
    shape = (23, 37) if channels == 1 else (channels, 23, 37) if planar else (23, 37, channels)
    top = float(np.iinfo(dtype).max) if np.dtype(dtype).kind == "u" else 1.0
    samples = (RNG.random(shape) * top).astype(dtype)
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"photometric": "rgb" if channels > 1 else "minisblack", "tile": (16, 32)}
    options |= {"planarconfig": "separate" if planar else "contig"} if channels > 1 else {}
    options |= {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    tifffile.imwrite(path, samples, compression="zlib", **options)

    seen = read(path).pixels

    whole = np.moveaxis(samples, 0, 2) if planar and channels > 1 else samples.reshape(23, 37, channels)
    assert np.abs(seen - whole.astype(np.float64) / top).max() < 1e-7


def test_white_may_be_zero_at_every_depth(tmp_path: Path) -> None:
    samples = np.array([[[0], [1024], [4095]]], np.uint16)

    seen = read_made(tmp_path, make_tiff(samples, 12, photometric=0))

    assert seen.stored[0, :, 0].tolist() == [65535, 65535 - 16388, 0]


@pytest.mark.parametrize("bits", [8, 16])
def test_associated_colors_are_divided_by_alpha(tmp_path: Path, bits: int) -> None:
    top = 2**bits - 1
    samples = np.array([[[top // 4, top // 2, 0, top // 2], [0, 0, 0, 0]]], f"u{bits // 8}")

    seen = read_made(tmp_path, make_tiff(samples, bits, extra=(1,)))

    assert np.abs(seen.pixels[0, 0] - [0.5, 1.0, 0.0, 0.5]).max() < 2 / top  # of rounding the file
    assert seen.pixels[0, 1].tolist() == [0, 0, 0, 0]


def test_alpha_is_found_behind_another_channel_which_is_named(tmp_path: Path) -> None:
    samples = np.broadcast_to(np.array([10, 20, 30, 99, 128], np.uint8), (3, 3, 5))
    data = make_tiff(samples, 8, extra=(0, 2))

    assert read_made(tmp_path, data).stored[0, 0].tolist() == [10, 20, 30, 128]
    assert find_doubts(tmp_path, data) == ["1 of 5 channels are neither color nor alpha; they are left out"]


@pytest.mark.parametrize(("factor", "bits"), [(257, 4), (256, 8), (1, 8)])
def test_colors_of_a_palette_have_eight_bits(tmp_path: Path, factor: int, bits: int) -> None:
    table = RNG.integers(0, 256, (2**bits, 3))
    samples = random_samples(bits, 1)
    palette = tuple((table.T * factor).ravel().tolist())

    seen = read_made(tmp_path, make_tiff(samples, bits, photometric=3, tags={320: palette}))

    np.testing.assert_array_equal(seen.stored, table[samples[:, :, 0]])


def test_colors_of_a_palette_may_have_sixteen_bits(tmp_path: Path) -> None:
    table = RNG.integers(0, 65536, (4, 3))
    samples = random_samples(2, 1)

    seen = read_made(tmp_path, make_tiff(samples, 2, photometric=3, tags={320: tuple(table.T.ravel().tolist())}))

    np.testing.assert_array_equal(seen.stored, table[samples[:, :, 0]])


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk_of_every_depth_is_that_of_pillow(tmp_path: Path, bits: int, planar: bool) -> None:
    small = RNG.integers(0, 256, (9, 11, 4)).astype(np.uint8)
    samples = small if bits == 8 else small.astype(np.uint16) * np.uint16(257)
    data = make_tiff(samples, bits, photometric=5, planar=planar)

    seen = read_made(tmp_path, data)

    np.testing.assert_array_equal(seen.stored, np.asarray(PIL.Image.fromarray(small, "CMYK").convert("RGB")))
    said = [] if bits == 8 else ["CMYK of 16 bits becomes RGB of 8 bits"]
    assert find_doubts(tmp_path, data) == [*said, "CMYK without a color profile: its colors are a guess"]


def test_lab_of_sixteen_bits_is_that_of_eight(tmp_path: Path) -> None:
    small = RNG.integers(0, 120, (9, 11, 3)).astype(np.uint8)
    wide = np.concatenate([small[:, :, :1].astype(np.uint16) * 257, small[:, :, 1:].astype(np.uint16) * 256], axis=2)

    deep = read_made(tmp_path, make_tiff(wide, 16, photometric=8)).stored.copy()

    np.testing.assert_array_equal(deep, read_made(tmp_path, make_tiff(small, 8, photometric=8)).stored)


def test_floats_above_one_are_linear_light_that_is_kept(tmp_path: Path) -> None:
    samples = np.array([[[0.25, 1.0, 7.5], [-0.125, 0.0, 65504.0]]], np.float32)

    seen = read_made(tmp_path, make_tiff(samples, 32))

    assert seen.color == ColorSpace("linear")
    np.testing.assert_array_equal(seen.pixels, samples)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"tags": {339: (2, 2, 2)}}, "signed whole numbers are not supported"),
        ({"tags": {339: (6, 6, 6)}}, "complex numbers are not supported"),
        ({"tags": {258: (16, 16, 8)}}, "different kinds"),
        ({"tags": {259: (34712,)}}, "compression JPEG 2000 is not supported"),
        ({"photometric": 32803}, "raw samples of a camera is not supported"),
        ({"photometric": 9}, "ICC LAB is not supported"),
    ],
)
def test_what_is_not_read_exactly_is_refused_by_name(tmp_path: Path, how: dict[str, Any], reason: str) -> None:
    with pytest.raises(MediaError, match=reason) as raised:
        read_made(tmp_path, make_tiff(random_samples(16, 3), 16, **how))

    assert (raised.value.code, "damaged" in raised.value.message) == ("E511", False)


def test_further_images_of_a_file_are_named(tmp_path: Path) -> None:
    pages = [PIL.Image.new("L", (4, 4), level) for level in (10, 20, 30)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])

    assert list(IMAGES.find_doubts(tmp_path / "a.tif", LIMITS)) == ["the file has 3 images; the first is read"]


def test_doubles_are_rounded_with_a_word(tmp_path: Path) -> None:
    found = find_doubts(tmp_path, make_tiff(RNG.random((3, 3, 1)), 64))

    assert found == ["samples of 64 bits are rounded to floats of 32 bits"]
