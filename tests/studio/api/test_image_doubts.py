"""What of an image file is not in the image is said, and nothing is said where all is."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from studio.api.formats import jpeg
from tests.studio.api.images import IMAGES, LIMITS, MASKS, chunk, make_png, read

LATER = "the file is an animation of which the first image is read; load it as a video for all"


def doubt(path: Path) -> list[str]:
    assert list(MASKS.find_doubts(path, LIMITS)) == list(IMAGES.find_doubts(path, LIMITS))
    return list(IMAGES.find_doubts(path, LIMITS))


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif", "gif", "bmp", "avif"])
def test_nothing_is_said_of_a_plain_image(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("RGB", (16, 16), "red").save(tmp_path / f"a.{extension}")

    assert doubt(tmp_path / f"a.{extension}") == []


@pytest.mark.parametrize("extension", ["gif", "webp", "png", "avif"])
def test_an_animation_is_named(tmp_path: Path, extension: str) -> None:
    pictures = [PIL.Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
    pictures[0].save(tmp_path / f"a.{extension}", save_all=True, append_images=pictures[1:], duration=100)

    assert doubt(tmp_path / f"a.{extension}") == [LATER]


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "avif"])
def test_what_exif_says_is_named(tmp_path: Path, extension: str) -> None:
    exif = PIL.Image.Exif()
    exif[306], exif[271], exif[315], exif[33432] = "2020:01:02 03:04:05", "Maker", "Jane", "2020 Jane"
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / f"a.{extension}", exif=exif)

    (said,) = doubt(tmp_path / f"a.{extension}")

    assert said.startswith("EXIF of the file (date, camera, author, copyright) is not in what is made from it")


def test_an_orientation_alone_is_applied_and_not_named(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[274] = 6
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", exif=exif)

    assert doubt(tmp_path / "a.jpg") == []


@pytest.mark.parametrize("dpi", [72, 96, 300, 600])
@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_a_resolution_that_somebody_chose_is_named(tmp_path: Path, extension: str, dpi: int) -> None:
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / f"a.{extension}", dpi=(dpi, dpi))

    named = f"the resolution of the file, {dpi} dpi, is not in what is made from it: set it with another program"
    assert doubt(tmp_path / f"a.{extension}") == ([named] if dpi > 100 else [])


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (b"gAMA", struct.pack(">I", 100_000), "the file has a gamma of 1, which became sRGB"),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000), "the file has primaries"),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000), ""),
        (b"gAMA", struct.pack(">I", 45_455), ""),
        (b"cICP", bytes([9, 16, 0, 1]), "PQ BT.2020 became sRGB: light above the reference white"),
        (b"cICP", bytes([12, 13, 0, 1]), "Display P3 became sRGB, clipped to [0, 1]"),
        (b"cICP", bytes([10, 17, 0, 1]), "the colors of the file are not sRGB and are taken as sRGB"),
        (b"cICP", bytes([1, 13, 0, 1]), ""),
    ],
)
def test_colors_that_are_converted_or_unknown_are_named(tmp_path: Path, kind: bytes, content: bytes, said: str) -> None:
    (tmp_path / "a.png").write_bytes(make_png(np.zeros((2, 2, 3), np.uint8), chunk(kind, content)))

    assert "; ".join(doubt(tmp_path / "a.png")).startswith(said)
    assert bool(doubt(tmp_path / "a.png")) == bool(said)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_avif_image_is_what_pillow_reads(tmp_path: Path, mode: str) -> None:
    array = np.random.default_rng(3).integers(0, 256, (24, 40, 4)).astype(np.uint8)
    PIL.Image.fromarray(array).convert(mode).save(tmp_path / "a.avif", quality=90)

    seen = read(tmp_path / "a.avif").to_uint8()

    with PIL.Image.open(tmp_path / "a.avif") as expected:
        np.testing.assert_array_equal(seen, np.asarray(expected).reshape(seen.shape))


def test_an_avif_image_is_upright(tmp_path: Path) -> None:
    array = np.zeros((32, 48, 3), np.uint8)
    array[:16, :16] = 255
    exif = PIL.Image.Exif()
    exif[274] = 6
    PIL.Image.fromarray(array).save(tmp_path / "a.avif", exif=exif, quality=95)

    seen = read(tmp_path / "a.avif").to_uint8().astype(int)

    assert seen.shape == (48, 32, 3)
    assert np.abs(seen - np.rot90(array, -1)).mean() < 4


def make_jpeg(*segments: bytes) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (16, 16)).save(file, "JPEG")
    return file.getvalue()[:2] + b"".join(segments) + file.getvalue()[2:]


def make_listing(*kinds: int) -> bytes:
    """Return the segment that lists further images of a JPEG (CIPA DC-007), with the kinds of all."""
    entries = b"".join(struct.pack(">IIIHH", kind, 0, 0, 0, 0) for kind in kinds)
    head = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIII", 1, 0xB002, 7, len(entries), 26, 0)
    return jpeg.build_segment(jpeg.APP2, b"MPF\0" + head + entries)


ULTRA = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta hdrgm:Version='1.0'/>"


@pytest.mark.parametrize(
    "data",
    [
        make_jpeg(jpeg.build_segment(jpeg.APP1, ULTRA), make_listing(0x030000, 0)),
        make_jpeg(jpeg.build_segment(jpeg.APP2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")),
        make_jpeg(make_listing(0x030000, 0)) + b"urn:com:apple:photo:2020:aux:hdrgainmap",
        make_jpeg() + b'<rdf HDRGainMap:HDRGainMapVersion="65536"/>',
        make_jpeg() + b'<rdf hdrgm:Version="1.0"/>',
        make_jpeg() + b"urn:iso:std:iso:ts:21496:-1\0",
    ],
)
def test_a_gain_map_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)

    (said,) = doubt(tmp_path / "a.jpg")

    assert said == "the file has a gain map for screens of high dynamic range, which is not applied"


@pytest.mark.parametrize(("kinds", "count"), [([0x030000, 0x020002], 2), ([0x030000, 0x010001, 0x010002], 1)])
def test_further_images_of_a_jpeg_are_named_and_previews_are_not(tmp_path: Path, kinds: list[int], count: int) -> None:
    (tmp_path / "a.jpg").write_bytes(make_jpeg(make_listing(*kinds)))

    said = [f"the file has {count} images, of which the first is read"] if count > 1 else []
    assert doubt(tmp_path / "a.jpg") == said


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"II*\0", b"GIF89a"])
def test_of_a_damaged_file_the_reader_says_what_is_wrong(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a").write_bytes(start + b"\1" * 40)
    found: Any = doubt(tmp_path / "a")

    assert found == []


def test_a_gain_map_of_a_png_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_png(np.zeros((4, 4, 3), np.uint8), chunk(b"gMAP", bytes(60))))

    assert doubt(tmp_path / "a.png") == [
        "the file has a gain map for screens of high dynamic range, which is not applied"
    ]


def make_profile(space: str) -> bytes:
    """Return a profile of a color space: of grey with gamma 1, as LittleCMS makes the others."""
    if space != "GRAY":
        return PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile(space)).tobytes()  # type: ignore[arg-type]
    curve = b"curv" + bytes(4) + struct.pack(">IHH", 1, 256, 0)
    head = bytes(8) + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(88)
    body = head + struct.pack(">I4sII", 1, b"kTRC", 144, len(curve)) + curve
    return struct.pack(">I", len(body) + 4) + body


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif", "avif"])
def test_a_damaged_profile_is_named(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / f"a.{extension}", icc_profile=make_profile("sRGB")[:200])

    assert doubt(tmp_path / f"a.{extension}") == []  # the header is whole, and says RGB
    PIL.Image.new("RGB", (16, 16)).save(tmp_path / f"b.{extension}", icc_profile=b"not a profile" * 20)

    assert doubt(tmp_path / f"b.{extension}") == [
        "the color profile of the file is damaged: the samples are taken as sRGB"
    ]


@pytest.mark.parametrize(
    ("mode", "space", "said"),
    [
        ("RGB", "LAB", ["the color profile of the file is for Lab, not RGB: the samples are taken as sRGB"]),
        ("RGB", "GRAY", ["the color profile of the file is for GRAY, not RGB: the samples are taken as sRGB"]),
        ("L", "LAB", ["the color profile of the file is for Lab, not GRAY: the samples are taken as sRGB"]),
        ("L", "sRGB", []),
        ("L", "GRAY", []),
    ],
)
@pytest.mark.parametrize("extension", ["png", "jpg", "tif"])
def test_a_profile_that_does_not_fit_is_named(
    tmp_path: Path, extension: str, mode: str, space: str, said: list[str]
) -> None:
    PIL.Image.new(mode, (16, 16)).save(tmp_path / f"a.{extension}", icc_profile=make_profile(space))

    assert doubt(tmp_path / f"a.{extension}") == said


@pytest.mark.parametrize("extension", ["jpg", "tif"])
def test_ink_without_a_profile_is_named(tmp_path: Path, extension: str) -> None:
    PIL.Image.new("CMYK", (16, 16)).save(tmp_path / f"a.{extension}")

    assert doubt(tmp_path / f"a.{extension}") == ["CMYK without a color profile: its colors are a guess"]


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_counts_with_alpha_too(tmp_path: Path, mode: str) -> None:
    color = 64 if mode == "L" else (64, 128)
    PIL.Image.new(mode, (4, 4), color).save(tmp_path / "a.png", icc_profile=make_profile("GRAY"))

    samples = read(tmp_path / "a.png").stored[0, 0]

    assert samples.tolist() == ([137] if mode == "L" else [137, 137, 137, 128])  # light of 64 / 255
