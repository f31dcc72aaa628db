"""OpenEXR containers: what is parsed of them, and what is hostile."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from studio.api.formats import exr
from studio.api.formats.unsupported import UnsupportedError
from tests.studio.api.exrs import make_attribute, make_exr, make_parts, make_ramp

PLAIN = make_exr({"R": make_ramp(), "Z": make_ramp(kind="f4")}, data=(2, -1, 6, 2), display=(0, 0, 9, 9), aspect=1.5)


def test_a_header_says_all() -> None:
    file = exr.parse_exr(PLAIN)

    part = file.parts[0]
    assert [(each.name, each.kind) for each in part.channels] == [("R", exr.HALF), ("Z", exr.FLOAT)]
    assert (part.data, part.display) == (exr.Window(2, -1, 6, 2), exr.Window(0, 0, 9, 9))
    assert (part.aspect, part.chromaticities, part.kind, part.chunks) == (1.5, None, "scanlineimage", 4)
    assert exr.count_bytes(part) == 5 * 4 * 6


def test_a_part_becomes_a_file_of_its_own_with_the_same_chunks() -> None:
    data = make_parts({"a": {"R": make_ramp()}, "b": {"Z": make_ramp(3, 7, "f4")}})

    alone = exr.extract_part(data, exr.parse_exr(data), 1)

    file = exr.parse_exr(alone)
    assert [channel.name for channel in file.parts[0].channels] == ["Z"]
    assert not file.is_multipart
    pixels = b"".join(chunk[8:] for chunk in exr.find_chunks(alone, file, 0))
    np.testing.assert_array_equal(np.frombuffer(pixels, "<f4").reshape(7, 3), make_ramp(3, 7, "f4"))


@pytest.mark.parametrize("version", [1, 3, 2 | 0x4000])
def test_other_versions_are_unsupported(version: int) -> None:
    with pytest.raises(UnsupportedError, match="version"):
        exr.parse_exr(PLAIN[:4] + struct.pack("<I", version) + PLAIN[8:])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("channels", b"\0", "no channels"),
        ("channels", b"R\0" + bytes(3), "list of channels is truncated"),
        ("channels", b"R\0" + struct.pack("<iIii", 7, 0, 1, 1) + b"\0", "invalid channel 'R'"),
        ("channels", b"R\0" + struct.pack("<iIii", 1, 0, 0, 1) + b"\0", "invalid channel 'R'"),
        ("dataWindow", bytes(3), "'dataWindow' is truncated"),
        ("dataWindow", struct.pack("<4i", 5, 0, 1, 1), "invalid window"),
        ("displayWindow", struct.pack("<4i", -(2**31), 0, 2**31 - 1, 1), "invalid window"),
        ("compression", b"", "'compression' is truncated"),
    ],
)
def test_invalid_attributes_are_refused(name: str, content: bytes, message: str) -> None:
    attributes = {**exr.parse_attributes(PLAIN), name: ("", content)}

    with pytest.raises(ValueError, match=message):
        exr.parse_exr(exr.build_file({key: (kind or "x", each) for key, (kind, each) in attributes.items()}, []))


@pytest.mark.parametrize("name", ["channels", "compression", "dataWindow", "displayWindow"])
def test_a_missing_attribute_is_named(name: str) -> None:
    attributes = {key: each for key, each in exr.parse_attributes(PLAIN).items() if key != name}

    with pytest.raises(ValueError, match=f"the header lacks '{name}'"):
        exr.parse_exr(exr.build_file(attributes, []))


def test_thousands_of_channels_and_of_parts_are_refused() -> None:
    listed = b"".join(f"c{i}".encode() + b"\0" + struct.pack("<iIii", 1, 0, 1, 1) for i in range(5000)) + b"\0"
    attributes = {**exr.parse_attributes(PLAIN), "channels": ("chlist", listed)}
    parts = make_parts({f"p{i}": {"Z": make_ramp(1, 1)} for i in range(1100)})

    with pytest.raises(UnsupportedError, match="more than 4096 channels"):
        exr.parse_exr(exr.build_file(attributes, []))
    with pytest.raises(UnsupportedError, match="more than 1024 parts"):
        exr.parse_exr(parts)


@pytest.mark.parametrize("offset", [0, 5, 2**40, 2**64 - 1])
def test_wrong_offsets_are_refused(offset: int) -> None:
    file = exr.parse_exr(PLAIN)
    data = PLAIN[: file.end + 8] + struct.pack("<Q", offset) + PLAIN[file.end + 16 :]

    with pytest.raises(ValueError, match="truncated"):
        exr.find_chunks(data, file, 0)


def test_offsets_that_all_name_one_large_chunk_take_no_memory() -> None:
    size = 4000
    chunk = struct.pack("<ii", 0, size) + bytes(size)
    window = struct.pack("<4i", 0, 0, 9, 9999)
    attributes = {**exr.parse_attributes(PLAIN), "dataWindow": ("box2i", window)}
    data = exr.build_file(attributes, [chunk] + [b""] * 9999)
    file = exr.parse_exr(data)
    start = struct.unpack_from("<Q", data, file.end)[0]
    data = data[: file.end] + struct.pack("<10000Q", *[start] * 10_000) + data[file.end + 80_000 :]

    with pytest.raises(ValueError, match="overlap"):
        exr.find_chunks(data, file, 0)


def test_a_chunk_of_another_part_is_refused() -> None:
    data = bytearray(make_parts({"a": {"R": make_ramp(1, 1)}, "b": {"Z": make_ramp(1, 1)}}))
    file = exr.parse_exr(bytes(data))
    first = struct.unpack_from("<Q", data, file.end)[0]
    data[first] = 1

    with pytest.raises(ValueError, match="another part"):
        exr.find_chunks(bytes(data), file, 0)


@pytest.mark.parametrize("tiles", [(0, 8, 0), (8, 2**31, 0), (8, 8, 3)])
def test_invalid_tiles_are_refused(tiles: Any) -> None:
    attributes = {**exr.parse_attributes(PLAIN), "tiles": ("tiledesc", struct.pack("<IIB", *tiles))}

    with pytest.raises(ValueError, match="invalid tiles"):
        exr.parse_exr(exr.build_file(attributes, [], is_tiled=True))


def test_long_names_are_flagged() -> None:
    name = "x" * 40
    data = exr.build_file({**exr.parse_attributes(PLAIN), name: ("int", bytes(4))}, [])

    assert struct.unpack_from("<I", data, 4)[0] == 2 | 0x400
    assert name in exr.parse_exr(data).parts[0].attributes


def test_a_header_that_never_ends_is_refused() -> None:
    data = PLAIN[:8] + make_attribute("a", "int", bytes(4)) * 3

    with pytest.raises(ValueError, match="truncated"):
        exr.parse_exr(data)
