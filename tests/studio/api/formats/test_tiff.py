"""TIFF directories against TIFF 6.0: both byte orders, BigTIFF, files of Pillow, and tags that lie."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pytest

from studio.api.formats import tiff

DEFLATE, RAW = 8, 1


def make_tiff(tags: dict[int, tuple[int, list[int]]], order: str = "<", body: bytes = b"") -> bytes:
    """Return a classic TIFF file: the body after the header, then the directory; values of 4 bytes and less."""
    start = 8 + len(body) + len(body) % 2
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, start)
    rows, blobs = b"", b""
    beyond = start + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        place = packed.ljust(4, b"\0")
        if len(packed) > 4:
            place = struct.pack(f"{order}I", beyond + len(blobs))
            blobs += packed + b"\0" * (len(packed) % 2)
        rows += struct.pack(f"{order}HHI", tag, kind, len(values)) + place
    return (head + body).ljust(start, b"\0") + struct.pack(f"{order}H", len(tags)) + rows + bytes(4) + blobs


def make_strips(height: int, rows: int, width: int = 10, compression: int = DEFLATE, **changes: Any) -> bytes:
    """Return a grey image of 8 bits in strips."""
    strips = [bytes(width * min(rows, height - top)) for top in range(0, height, rows)]
    strips = [zlib.compress(strip) if compression == DEFLATE else strip for strip in strips]
    starts = list(np.cumsum([8, *map(len, strips)])[:-1])
    tags = {
        tiff.WIDTH: (4, [width]), tiff.HEIGHT: (4, [height]), tiff.BITS: (3, [8]), tiff.COMPRESSION: (3, [compression]),
        tiff.PHOTOMETRIC: (3, [1]), tiff.STRIPS: (4, starts), tiff.SAMPLES: (3, [1]), tiff.ROWS: (4, [rows]),
        tiff.STRIP_BYTES: (4, [len(strip) for strip in strips]),
    }  # fmt: skip
    tags |= {getattr(tiff, name): value for name, value in changes.items()}
    return make_tiff(tags, body=b"".join(strips))


def check(data: bytes) -> None:
    tiff.check_parts(data, tiff.parse_directory(data))


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_are_read_in_either_byte_order(order: str) -> None:
    found = tiff.parse_directory(make_tiff({256: (4, [70_000]), 258: (3, [8, 8, 8])}, order))

    assert (found.order, found.big) == (order, False)
    assert (found.number(256), found.numbers(258)) == (70_000, (8, 8, 8))


def test_what_is_missing_or_no_number_has_its_default() -> None:
    found = tiff.parse_directory(make_tiff({256: (4, [1])}))

    assert (found.number(999, 5), found.numbers(999)) == (5, ())


def test_a_bigtiff_is_read_with_its_offsets_of_64_bits() -> None:
    rows = struct.pack("<HHQQ", 256, 16, 1, 2**33) + struct.pack("<HHQQ", 257, 3, 1, 7)
    data = b"II" + struct.pack("<HHHQ", 43, 8, 0, 16) + struct.pack("<Q", 2) + rows + bytes(8)

    found = tiff.parse_directory(data)

    assert (found.big, found.number(256), found.number(257)) == (True, 2**33, 7)


@pytest.mark.parametrize("data", [b"", b"II*\0", b"XX*\0\x08\0\0\0", b"II\x2b\0\x08\0\0\0", b"II\x07\0\x08\0\0\0"])
def test_what_is_no_tiff_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not TIFF data"):
        tiff.parse_directory(data)


def test_a_directory_outside_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the file"):
        tiff.parse_directory(b"II*\0\xff\xff\0\0")


def test_a_tag_whose_value_lies_outside_is_left_out() -> None:
    data = bytearray(make_tiff({256: (4, [1]), 258: (4, [1, 2, 3])}))
    data[-12 - 4 - 4 : -12 - 4] = struct.pack("<I", 10_000)  # the offset of the last entry

    assert tiff.parse_directory(bytes(data)).entries.keys() == {256}


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_found_in_exif_data(orientation: int, order: str, prefix: bytes) -> None:
    assert tiff.find_orientation(prefix + make_tiff({274: (3, [orientation])}, order)) == orientation


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"junk" * 9, make_tiff({274: (3, [9])}), make_tiff({256: (3, [6])})]
)
def test_an_orientation_that_is_missing_or_wrong_is_upright(exif: bytes) -> None:
    assert tiff.find_orientation(exif) == 1


def test_tags_that_are_built_are_read_by_pillow() -> None:
    tags = {tiff.WIDTH: (3,), tiff.BITS: (8, 8, 8), tiff.STRIPS: (70_000, 1), tiff.SOFTWARE: b"Studio\0"}

    data = b"II*\0\x08\0\0\0" + tiff.build_tags(tags, 8)

    directory = PIL.TiffImagePlugin.ImageFileDirectory_v2(data[:8])
    directory.load(_seek(data, 8))
    assert directory[tiff.WIDTH] == 3
    assert directory[tiff.BITS] == (8, 8, 8)
    assert directory[tiff.STRIPS] == (70_000, 1)
    assert directory[tiff.SOFTWARE] == "Studio"


def _seek(data: bytes, at: int) -> io.BytesIO:
    file = io.BytesIO(data)
    file.seek(at)
    return file


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_file_of_pillow_is_read_and_rebuilt_with_the_tags_that_are_asked_for(compression: str | None) -> None:
    samples = np.random.default_rng(2).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(samples).save(file, "TIFF", compression=compression, software="other")
    found = tiff.parse_directory(file.getvalue())

    kept = frozenset(found.entries) - {tiff.SOFTWARE}
    rebuilt = tiff.rebuild(file.getvalue(), found, kept)

    assert (found.number(tiff.WIDTH), found.number(tiff.HEIGHT)) == (30, 40)
    check(file.getvalue())
    assert tiff.parse_directory(rebuilt).entries.keys() == kept
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(rebuilt))), samples)


@pytest.mark.parametrize("compression", [DEFLATE, RAW])
@pytest.mark.parametrize(("height", "rows"), [(8, 8), (9, 4), (3, 100)])
def test_strips_that_are_whole_are_accepted(height: int, rows: int, compression: int) -> None:
    check(make_strips(height, rows, compression=compression))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SAMPLES": (3, [9])}, "about the samples contradict"),
        ({"BITS": (3, [0])}, "about the samples contradict"),
        ({"PLANAR": (3, [3])}, "about the samples contradict"),
        ({"PREDICTOR": (3, [4])}, "about the samples contradict"),
        ({"BITS": (3, [12]), "PREDICTOR": (3, [2])}, "predictor does not fit"),
        ({"PREDICTOR": (3, [3])}, "predictor does not fit"),
        ({"ROWS": (4, [0])}, "strips or tiles are empty"),
        ({"ROWS": (4, [3])}, "there are 2 strips or tiles, 3 are needed"),
        ({"STRIPS": (4, [8])}, "there are 1 strips or tiles, 2 are needed"),
        ({"WIDTH": (4, [11])}, "a strip is too short"),
        ({"STRIPS": (4, [8, 100_000])}, "a strip lies outside"),
        ({"TILE_WIDTH": (4, [16]), "TILE_HEIGHT": (4, [0])}, "strips or tiles are empty"),
    ],
)
def test_tags_that_lie_about_strips_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check(make_strips(8, 4, **changes))


def test_planes_of_their_own_have_strips_of_their_own() -> None:
    strip = zlib.compress(bytes(10 * 4))
    starts = [8 + index * len(strip) for index in range(6)]
    tags = {
        tiff.WIDTH: (4, [10]), tiff.HEIGHT: (4, [8]), tiff.BITS: (3, [8, 8, 8]), tiff.COMPRESSION: (3, [DEFLATE]),
        tiff.STRIPS: (4, starts), tiff.SAMPLES: (3, [3]), tiff.ROWS: (4, [4]), tiff.STRIP_BYTES: (4, [len(strip)] * 6),
        tiff.PLANAR: (3, [2]),
    }  # fmt: skip

    check(make_tiff(tags, body=strip * 6))
    with pytest.raises(ValueError, match="there are 6 strips or tiles, 2 are needed"):
        check(make_tiff(tags | {tiff.PLANAR: (3, [1])}, body=strip * 6))


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_a_strip_that_is_too_short_is_found_in_every_plane(plane: int) -> None:
    whole, short = zlib.compress(bytes(10 * 4)), zlib.compress(bytes(10 * 3))
    strips = [short if index == 2 * plane else whole for index in range(6)]
    tags = {
        tiff.WIDTH: (4, [10]), tiff.HEIGHT: (4, [8]), tiff.BITS: (3, [8, 8, 8]), tiff.COMPRESSION: (3, [DEFLATE]),
        tiff.STRIPS: (4, list(np.cumsum([8, *map(len, strips)])[:-1])), tiff.SAMPLES: (3, [3]), tiff.ROWS: (4, [4]),
        tiff.STRIP_BYTES: (4, [len(strip) for strip in strips]), tiff.PLANAR: (3, [2]),
    }  # fmt: skip

    with pytest.raises(ValueError, match="a strip is too short"):
        check(make_tiff(tags, body=b"".join(strips)))


def test_tiles_are_whole_whatever_the_size_of_the_image() -> None:
    tile = zlib.compress(bytes(16 * 16))
    tags = {
        tiff.WIDTH: (4, [20]), tiff.HEIGHT: (4, [5]), tiff.BITS: (3, [8]), tiff.COMPRESSION: (3, [DEFLATE]),
        tiff.TILE_WIDTH: (4, [16]), tiff.TILE_HEIGHT: (4, [16]), tiff.TILE_STARTS: (4, [8, 8]),
        tiff.TILE_BYTES: (4, [len(tile)] * 2),
    }  # fmt: skip

    check(make_tiff(tags, body=tile))
    short = zlib.compress(bytes(16 * 15))
    with pytest.raises(ValueError, match="too short"):
        check(make_tiff(tags | {tiff.TILE_BYTES: (4, [len(short)] * 2)}, body=short))
