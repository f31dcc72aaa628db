"""PNG chunks against the PNG specification: files written by hand, and by Pillow."""

from __future__ import annotations

import io
import struct
import zlib

import PIL.Image
import PIL.PngImagePlugin
import pytest

from studio.api.formats import png

# the smallest chunk of the specification, written out: length 0, "IEND", CRC-32 of the type
IEND = b"\0\0\0\0IEND\xaeB`\x82"


def make_chunk(kind: bytes, content: bytes, *, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(kind + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def read_chunks(data: bytes, keep: frozenset[bytes] | None = None) -> list[tuple[bytes, bytes]]:
    return list(png.iterate_chunks(io.BytesIO(data), keep))


def test_a_chunk_has_its_length_and_the_checksum_of_type_and_content() -> None:
    assert png.build_chunk(b"IEND", b"") == IEND
    assert png.build_chunk(b"tEXt", b"a\0b") == make_chunk(b"tEXt", b"a\0b")


def test_chunks_come_in_order_up_to_the_end() -> None:
    data = png.SIGNATURE + make_chunk(b"IHDR", b"x") + make_chunk(b"IDAT", b"yz") + IEND + b"rubbish"

    assert read_chunks(data) == [(b"IHDR", b"x"), (b"IDAT", b"yz")]
    assert read_chunks(data, frozenset({b"IDAT"})) == [(b"IDAT", b"yz")]


def test_pillow_sees_the_chunks_that_are_built() -> None:
    file = io.BytesIO()
    PIL.Image.new("L", (1, 1)).save(file, "PNG")
    data = file.getvalue()

    written = data[:33] + png.build_text_chunk("studio", "Größe".encode(), compress=True) + data[33:]

    assert PIL.Image.open(io.BytesIO(written)).info["studio"] == "Größe"


@pytest.mark.parametrize("compress", [False, True])
def test_pillows_international_text_is_parsed(compress: bool) -> None:
    info = PIL.PngImagePlugin.PngInfo()
    info.add_itxt("key", "Größe", zip=compress)
    file = io.BytesIO()
    PIL.Image.new("L", (1, 1)).save(file, "PNG", pnginfo=info)

    ((_, content),) = read_chunks(file.getvalue(), frozenset({b"iTXt"}))

    assert png.parse_text(content) == ("key", "Größe")


def test_text_longer_than_readers_inflate_is_not_compressed() -> None:
    text = b"a" * 1_000_001

    assert text in png.build_text_chunk("studio", text, compress=True)
    assert png.build_text_chunk("studio", text[:-1], compress=True).count(b"a") < 100


@pytest.mark.parametrize("content", [b"", b"key", b"key\0", b"key\0\0\0no end", b"key\0\1\0\0\0not deflate"])
def test_malformed_text_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        png.parse_text(content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GIF89a", "not a PNG file"),
        (png.SIGNATURE + make_chunk(b"IHDR", b"x"), "ends before its last chunk"),
        (png.SIGNATURE + make_chunk(b"IDAT", b"yz")[:-3], "ends inside its chunk 'IDAT'"),
        (png.SIGNATURE + make_chunk(b"IDAT", b"yz", checksum=7) + IEND, "checksum of chunk 'IDAT' is wrong"),
    ],
)
def test_damaged_files_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_chunks(data)


def test_a_wrong_checksum_drops_a_chunk_that_is_not_critical() -> None:
    data = png.SIGNATURE + make_chunk(b"tEXt", b"a\0b", checksum=7) + make_chunk(b"IDAT", b"y") + IEND

    assert read_chunks(data) == [(b"IDAT", b"y")]


def test_inflating_stops_at_its_limit() -> None:
    packed = zlib.compress(bytes(1000))

    assert png.inflate(packed, 1000) == bytes(1000)
    assert png.count_inflated(packed, 1000) == 1000
    for data, limit in ((packed, 999), (packed[:-5], 1000)):
        with pytest.raises(ValueError, match="truncated or over its limit"):
            png.inflate(data, limit)
    with pytest.raises(ValueError, match="damaged"):
        png.inflate(b"not deflate", 10)


def test_counting_what_is_inflated_goes_little_further_than_the_limit() -> None:
    assert 5 * 2**20 <= png.count_inflated(zlib.compress(bytes(2**26)), 5 * 2**20 - 1) < 2**25


def test_compressed_text_is_inflated_no_further_than_studio_ever_compresses() -> None:
    body = zlib.compress(b" " * (3 * 2**20), 9)

    with pytest.raises(ValueError, match="over its limit"):
        png.parse_text(b"studio\0\1\0\0\0" + body)
