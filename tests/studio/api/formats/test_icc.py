"""ICC profiles against ICC.1:2022 and LittleCMS: curves, matrices, and what is no profile."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from PIL import ImageCms

from studio.api.formats import icc

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# columns X, Y, Z of Adobe RGB (1998) under D50, as its specification prints them
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def pack_xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def pack_gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def pack_formula(kind: int, *values: float) -> bytes:
    return (
        b"para\0\0\0\0"
        + struct.pack(">HH", kind, 0)
        + struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))
    )


def make_profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a display profile of version 2.4: header (ICC.1, 7.2), table of tags, tags."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(tag))
        body += tag + b"\0" * (-len(tag) % 4)
    head = struct.pack(">I4sI", start + len(body), b"", 0x02400000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + pack_xyz((0.9642, 1.0, 0.8249))[8:]
    return head.ljust(128, b"\0") + table + body


def make_rgb(curve: bytes, columns: tuple[tuple[float, float, float], ...] = ADOBE) -> bytes:
    names = (b"r", b"g", b"b")
    tags = {name + b"TRC": curve for name in names}
    return make_profile(b"RGB ", tags | {n + b"XYZ": pack_xyz(c) for n, c in zip(names, columns, strict=True)})


def apply(curve: bytes, samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what the curve of a grey profile makes of samples."""
    parsed = icc.parse_profile(make_profile(b"GRAY", {b"kTRC": curve}))
    assert parsed is not None
    return np.asarray(parsed.curves[0](samples))


def test_the_profile_of_littlecms_is_srgb() -> None:
    parsed = icc.parse_profile(SRGB)

    assert parsed is not None
    assert (parsed.space, len(parsed.curves)) == ("RGB ", 3)
    assert icc.is_srgb(parsed)


def test_another_curve_or_another_matrix_is_not_srgb() -> None:
    other = icc.parse_profile(make_rgb(pack_gamma(2.2)))

    assert other is not None
    assert not icc.is_srgb(other)


@pytest.mark.parametrize(
    ("curve", "formula"),
    [
        (b"curv\0\0\0\0\0\0\0\0", lambda x: x),  # no entry: the identity
        (pack_gamma(2.0), lambda x: x**2),
        (b"curv\0\0\0\0" + struct.pack(">I3H", 3, 0, 16384, 65535), lambda x: np.interp(x, [0, 0.5, 1], [0, 0.25, 1])),
        (pack_formula(0, 1.5), lambda x: x**1.5),
        (pack_formula(1, 2.0, 0.5, 0.25), lambda x: (0.5 * x + 0.25) ** 2),
        (pack_formula(2, 2.0, 0.5, 0.25, 0.125), lambda x: (0.5 * x + 0.25) ** 2 + 0.125),
        (pack_formula(3, 2.0, 0.5, 0.5, 0.25, 0.5), lambda x: np.where(x >= 0.5, (0.5 * x + 0.5) ** 2, 0.25 * x)),
        (
            pack_formula(4, 2.0, 0.5, 0.5, 0.25, 0.5, 0.125, 0.0625),
            lambda x: np.where(x >= 0.5, (0.5 * x + 0.5) ** 2 + 0.125, 0.25 * x + 0.0625),
        ),
    ],
)
def test_every_kind_of_curve_follows_its_formula(curve: bytes, formula: Any) -> None:
    samples = np.linspace(0.0, 1.0, 33)

    np.testing.assert_allclose(apply(curve, samples), formula(samples), atol=2e-4)


@pytest.mark.parametrize("curve", [pack_gamma(2.2), pack_gamma(1.0), pack_formula(0, 1.8)])
def test_colors_convert_as_littlecms_converts_them(curve: bytes) -> None:
    data = make_rgb(curve)
    samples = np.random.default_rng(4).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    parsed = icc.parse_profile(data)
    assert parsed is not None

    ours = np.rint(icc.convert_colors(samples / 255.0, parsed) * 255)

    source, target = ImageCms.ImageCmsProfile(io.BytesIO(data)), ImageCms.createProfile("sRGB")
    theirs = ImageCms.profileToProfile(PIL.Image.fromarray(samples), source, target, outputMode="RGB")
    assert np.abs(ours - np.asarray(theirs).astype(float)).max() <= 2


def test_grey_converts_through_light() -> None:
    parsed = icc.parse_profile(make_profile(b"GRAY", {b"kTRC": pack_gamma(1.0)}))
    assert parsed is not None

    assert icc.convert_grey(np.array([0.5]), parsed)[0] == pytest.approx(1.055 * 0.5 ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("data", [b"", b"acsp", bytes(200), SRGB[:131], SRGB[:36] + b"nope" + SRGB[40:]])
def test_what_is_no_profile_is_none(data: bytes) -> None:
    assert icc.parse_profile(data) is None


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {b"rTRC": b"nope" + bytes(8)},
        {name: pack_formula(7, 1.0) for name in (b"rTRC", b"gTRC", b"bTRC")},
        dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), b"curv\x00\x00\x00\x00\xff\xff\xff\xff"),
    ],
)
def test_a_profile_that_is_not_understood_keeps_its_space_and_nothing_else(tags: dict[bytes, bytes]) -> None:
    assert icc.parse_profile(make_profile(b"RGB ", tags)) == icc.Profile("RGB ")
