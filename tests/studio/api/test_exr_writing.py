"""OpenEXR files that are written: exact, with primaries and provenance, and as other programs read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ColorSpace, Image, ImageType, Mask
from studio.api.color_transfer import CHROMATICITIES
from studio.api.formats import exr
from studio.api.image_writing import write_converted
from studio.settings import MediaLimits
from tests.studio.api.exrs import make_exr

LIMITS = MediaLimits()
LINEAR = ColorSpace("linear")
RNG = np.random.default_rng(3)


def write(image: Image, path: Path, provenance: str | None = None) -> Image:
    ImageType().write_file(image, path, provenance)
    return ImageType().read_file(path, LIMITS)


def find_kinds(path: Path) -> set[int]:
    return {channel.kind for channel in exr.parse_exr(path.read_bytes()).parts[0].channels}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("dtype", "kind"), [("f2", exr.HALF), ("f4", exr.FLOAT)])
def test_half_stays_half_and_float_stays_float(tmp_path: Path, dtype: str, kind: int, channels: int) -> None:
    samples = RNG.normal(0, 50, (35, 21, channels)).astype(dtype).astype("f4")
    if channels == 4:
        samples[:, :, 3] = RNG.integers(0, 2, (35, 21))
    image = Image(samples, color=LINEAR)

    assert write(image, tmp_path / "a.exr") == image
    assert find_kinds(tmp_path / "a.exr") == {kind}


def test_a_half_file_with_alpha_goes_through_bit_by_bit(tmp_path: Path) -> None:
    planes = {name: RNG.normal(0, 9, (33, 40)).astype("<f2") for name in "RGB"}
    planes["A"] = RNG.uniform(0, 1, (33, 40)).astype("<f2")
    planes["A"][:4] = 0  # light that glows without covering
    (tmp_path / "a.exr").write_bytes(make_exr(planes))

    write(ImageType().read_file(tmp_path / "a.exr", LIMITS), tmp_path / "b.exr")

    assert find_kinds(tmp_path / "b.exr") == {exr.HALF}
    for name, plane in read_plain(tmp_path / "b.exr").items():
        np.testing.assert_array_equal(plane, planes[name])


def test_a_float_file_with_alpha_goes_through_to_one_unit_in_the_last_place(tmp_path: Path) -> None:
    planes = {name: RNG.uniform(0.1, 9, (33, 40)).astype("<f4") for name in "RGBA"}
    planes["A"] = (planes["A"] / 9).astype("<f4")
    (tmp_path / "a.exr").write_bytes(make_exr(planes))

    write(ImageType().read_file(tmp_path / "a.exr", LIMITS), tmp_path / "b.exr")

    for name, plane in read_plain(tmp_path / "b.exr").items():
        np.testing.assert_array_max_ulp(plane, planes[name], 1)


def read_plain(path: Path) -> dict[str, Any]:
    from studio.api.exr_decoding import decode_channels

    data = path.read_bytes()
    return decode_channels(data, exr.parse_exr(data), 0, "RGBA")


def test_the_library_reads_what_is_written(tmp_path: Path) -> None:
    library = pytest.importorskip("OpenEXR", reason="needs the extra vfx: pip install 'studio[vfx]'")
    samples = RNG.normal(0, 50, (35, 21, 3)).astype("f2").astype("f4")
    ImageType().write_file(Image(samples, color=ColorSpace("linear", "acescg")), tmp_path / "a.exr", '{"a": "\u00fc"}')

    with library.File(str(tmp_path / "a.exr")) as file:
        np.testing.assert_array_equal(file.channels()["RGB"].pixels, samples.astype("f2"))
        header = dict(file.header())

    assert header["chromaticities"] == pytest.approx([v for point in CHROMATICITIES["acescg"] for v in point])
    assert header["software"] == "Studio"


@pytest.mark.parametrize("primaries", sorted(CHROMATICITIES))
def test_primaries_are_kept(tmp_path: Path, primaries: Any) -> None:
    image = Image(np.full((2, 2, 3), 3.5, "f4"), color=ColorSpace("linear", primaries))

    assert write(image, tmp_path / "a.exr") == image


def test_provenance_is_carried(tmp_path: Path) -> None:
    write(Image(np.zeros((2, 2, 3), "u1")), tmp_path / "a.exr", '{"graph": "\u00fc"}')

    assert ImageType().read_provenance(tmp_path / "a.exr") == '{"graph": "\u00fc"}'
    assert b"Iptc4xmpExt" in (tmp_path / "a.exr").read_bytes()


def test_srgb_is_written_as_linear_light_without_a_warning(tmp_path: Path) -> None:
    image = Image(np.array([[[0, 128, 255]]], "u1"))

    back = write(image, tmp_path / "a.exr")

    assert back.color == LINEAR
    assert back.pixels[0, 0].tolist() == pytest.approx([0.0, 0.2158605, 1.0])
    assert back.to_uint8().tolist() == image.to_uint8().tolist()
    assert ImageType().find_loss(image, tmp_path / "a.exr") == ""


def test_equal_images_give_equal_bytes(tmp_path: Path) -> None:
    image = Image(RNG.normal(0, 1, (20, 9, 3)).astype("f4"), color=LINEAR)
    for name in ("a.exr", "b.exr"):
        write(image, tmp_path / name)

    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


def test_a_mask_is_written_as_one_channel(tmp_path: Path) -> None:
    write_converted(Mask(np.eye(3, dtype="f4"), color=LINEAR), tmp_path / "a.exr", None)

    assert ImageType().read_file(tmp_path / "a.exr", LIMITS).pixels[:, :, 0].tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("extension", ["tif", "tiff"])
def test_a_float_tiff_keeps_light_above_1_and_below_0(tmp_path: Path, extension: str) -> None:
    image = Image(np.array([[[-0.5, 0.25, 7.0]]], "f4"), color=LINEAR)

    assert write(image, tmp_path / f"a.{extension}") == image
    assert ImageType().find_loss(image, tmp_path / f"a.{extension}") == ""


def test_a_float_tiff_of_light_within_0_and_1_is_srgb(tmp_path: Path) -> None:
    back = write(Image(np.array([[[0.0, 0.2158605, 1.0]]], "f4"), color=LINEAR), tmp_path / "a.tif")

    assert back.color == ColorSpace()
    assert back.pixels[0, 0].tolist() == pytest.approx([0, 128 / 255, 1], abs=1e-6)


def test_a_writer_of_8_bits_says_what_is_clipped(tmp_path: Path) -> None:
    image = Image(np.array([[[-0.5, 0.25, 7.0], [0.5, 0.5, 0.5]]], "f4"), color=LINEAR)

    said = ImageType().find_loss(image, tmp_path / "a.png")

    assert said == "linear bt709 became sRGB, clipped to [0, 1]: 33 % of the samples, which range from -0.5 to 7"
