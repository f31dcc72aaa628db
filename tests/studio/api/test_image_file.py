"""Images and masks as value types: the codec of the cache, words, and both ways through files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import create_environment

from studio.api.color import SRGB, ColorSpace
from studio.api.image import Image, Mask
from studio.errors import MediaError
from tests.studio.api.images import GRAPH, IMAGES, LIMITS, MASKS, RNG, read


@pytest.mark.parametrize("extension", ["png", "tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_written_image_reads_back_exactly(tmp_path: Path, extension: str, dtype: type, channels: int) -> None:
    image = Image(RNG.integers(0, np.iinfo(dtype).max + 1, (137, 41, channels)).astype(dtype))
    path = tmp_path / f"picture.{extension}"

    IMAGES.write_file(image, path, None)

    assert read(path).compact().dtype == dtype
    assert read(path) == image


def test_unknown_extension_is_refused_with_those_that_work(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        IMAGES.write_file(Image(np.zeros((4, 4), np.uint8)), tmp_path / "a.xyz", None)

    assert caught.value.code == "E512"
    assert "png" in caught.value.hint


@pytest.mark.parametrize("value", [np.zeros((2, 3, 4), np.uint8), RNG.random((2, 3)), np.array([[77]], np.uint16)])
def test_the_codec_gives_the_image_back(value: np.ndarray) -> None:
    image = Image(value)

    packed = IMAGES.pack(image)

    assert IMAGES.unpack(packed) == image
    assert packed.arrays["pixels"].flags.c_contiguous


def test_images_are_described_in_a_few_words() -> None:
    assert IMAGES.describe(Image(np.zeros((768, 1024, 3), np.uint8))) == "1024x768 RGB, 8 bit"
    assert IMAGES.describe(Image(np.zeros((2, 3), np.float32))) == "3x2 grey, float"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_mask_goes_through_a_file_exactly(tmp_path: Path, dtype: type) -> None:
    mask = Mask(RNG.integers(0, np.iinfo(dtype).max + 1, (9, 7)).astype(dtype))

    MASKS.write_file(mask, tmp_path / "m.png", GRAPH)

    assert MASKS.read_file(tmp_path / "m.png", LIMITS) == mask
    assert MASKS.unpack(MASKS.pack(mask)) == mask
    assert MASKS.read_provenance(tmp_path / "m.png") == GRAPH


def test_the_mask_of_an_image_is_its_alpha_or_its_luma(tmp_path: Path) -> None:
    see_through, opaque = np.zeros((1, 2, 4), np.uint8), np.zeros((1, 2, 4), np.uint8)
    see_through[0, 1, 3] = 200
    opaque[0] = [[255, 255, 255, 255], [0, 255, 0, 255]]
    IMAGES.write_file(Image(see_through), tmp_path / "a.png", None)
    IMAGES.write_file(Image(opaque), tmp_path / "b.png", None)

    assert MASKS.read_file(tmp_path / "a.png", LIMITS).to_uint8().tolist() == [[0, 200]]
    assert MASKS.read_file(tmp_path / "b.png", LIMITS).to_uint8().tolist() == [[255, 182]]


def test_importing_the_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio.api.image_file\n"
        "print([m for m in ('numpy', 'PIL', 'cv2', 'av', 'soundfile', 'torch') if m in sys.modules])"
    )

    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=create_environment(),
    )

    assert out.stdout.strip() == "[]"


LINEAR = ColorSpace("linear", "bt2020")


def test_a_linear_image_is_written_as_srgb(tmp_path: Path) -> None:
    samples = np.array([[[0.5, 0.5, 0.5], [7.0, 7.0, 7.0], [-1.0, -1.0, -1.0]]], np.float32)
    image, path = Image(samples, color=LINEAR), tmp_path / "a.png"

    IMAGES.write_file(image, path, None)

    half = 1.055 * 0.5 ** (1 / 2.4) - 0.055
    back = IMAGES.read_file(path, LIMITS)
    assert back.color == SRGB
    np.testing.assert_allclose(back.pixels[0, :, 0], [half, 1.0, 0.0], atol=0.5 / 255)


@pytest.mark.parametrize(("value_type", "kind"), [(IMAGES, Image), (MASKS, Mask)])
def test_the_loss_of_a_conversion_is_said(tmp_path: Path, value_type: Any, kind: Any) -> None:
    samples = np.zeros((2, 2), np.uint8)

    assert value_type.find_loss(kind(samples), tmp_path / "a.png") == ""
    said = value_type.find_loss(kind(samples, color=LINEAR), tmp_path / "a.png")
    assert said == "linear bt2020 became sRGB"


def test_an_image_is_described_with_its_color_space_unless_it_is_srgb() -> None:
    samples = np.zeros((2, 3, 3), np.uint8)

    assert IMAGES.describe(Image(samples)) == "3x2 RGB, 8 bit"
    assert IMAGES.describe(Image(samples, color=LINEAR)) == "3x2 RGB, 8 bit, linear bt2020"


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("a.jpg", np.zeros((2, 2, 4), np.uint8), "JPEG has no alpha"),
        ("a.webp", np.full((2, 2, 3), 300, np.uint16), "16 bits become 8 in .webp"),
        ("a.png", np.full((2, 2, 4), 300, np.uint16), ""),
        ("a.tiff", np.full((2, 2, 4), 300, np.uint16), ""),
        ("a.jpg", np.zeros((2, 2, 3), np.uint8), ""),
    ],
)
def test_what_a_file_drops_of_an_image_is_said(name: str, array: np.ndarray, said: str) -> None:
    found = IMAGES.find_loss(Image(array), Path(name))

    assert (found.startswith(said), bool(found)) == (True, bool(said))
