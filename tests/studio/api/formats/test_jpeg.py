"""JPEG segments against ITU-T T.81: files written by hand, and by Pillow."""

from __future__ import annotations

import io
import struct

import PIL.Image
import pytest

from studio.api.formats import jpeg

START, SCAN, END = b"\xff\xd8", b"\xff\xda\0\x02scan", b"\xff\xd9"


def make_segment(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def make_frame(width: int, height: int, kind: int = 0xC0) -> bytes:
    return make_segment(kind, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")


def parse(*parts: bytes) -> jpeg.Segments:
    return jpeg.parse_segments(io.BytesIO(b"".join(parts)))


def test_a_segment_counts_its_own_length_bytes() -> None:
    assert jpeg.build_segment(jpeg.COMMENT, b"abc") == b"\xff\xfe\0\x05abc"


def test_a_segment_holds_65533_bytes_and_no_more() -> None:
    assert len(jpeg.build_segment(jpeg.COMMENT, bytes(65_533))) == 65_537
    with pytest.raises(ValueError, match="65534 bytes do not fit"):
        jpeg.build_segment(jpeg.COMMENT, bytes(65_534))


def test_segments_come_in_order_up_to_the_scan() -> None:
    found = parse(START, make_segment(0xE0, b"JFIF\0"), make_frame(3, 2), SCAN, END)

    assert [kind for kind, _ in found.parts] == [0xE0, 0xC0]
    assert found.scan == 2 + 9 + 13  # the start, JFIF, the frame header


@pytest.mark.parametrize("kind", [0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCF])
def test_the_size_is_in_the_frame_header_of_every_coding(kind: int) -> None:
    assert parse(START, make_frame(640, 480, kind), SCAN).find_size() == (640, 480)


@pytest.mark.parametrize("kind", [0xC4, 0xC8, 0xCC])
def test_tables_between_the_numbers_of_frames_are_no_frame_headers(kind: int) -> None:
    with pytest.raises(ValueError, match="no frame header"):
        parse(START, make_frame(640, 480, kind), SCAN).find_size()


def test_fill_bytes_and_markers_without_content_are_skipped() -> None:
    found = parse(START, b"\xff\xff\xff", make_segment(jpeg.COMMENT, b"a")[1:], b"\xff\x01", b"\xff\xd0", SCAN)

    assert found.parts == ((jpeg.COMMENT, b"a"),)


def test_segments_are_found_by_kind_and_beginning() -> None:
    found = parse(
        START,
        make_segment(jpeg.APP1, b"Exif\0\0one"),
        make_segment(jpeg.APP1, b"http://two"),
        make_segment(jpeg.APP2, b"Exif\0\0three"),
        SCAN,
    )

    assert found.find_all(jpeg.APP1, b"Exif\0\0") == [b"one"]


def test_pillow_and_the_parser_agree() -> None:
    file = io.BytesIO()
    PIL.Image.new("RGB", (37, 23)).save(file, "JPEG", comment=b"hello", progressive=True)

    found = jpeg.parse_segments(file)

    assert found.find_size() == (37, 23)
    assert found.find_all(jpeg.COMMENT, b"") == [b"hello"]
    assert file.getvalue()[found.scan : found.scan + 2] == b"\xff\xda"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((b"GIF89a",), "not a JPEG file"),
        ((START, END, b"\0\0"), "no image"),
        ((START, b"\xff\xfe\0\x01"), "no image"),
        ((START, b"\xfe"), "does not start with a marker"),
        ((START, b"\xff\xfe\0\x09abc"), "ends before its image starts"),
        ((START, make_frame(1, 1)), "ends before its image starts"),
    ],
)
def test_damaged_files_are_refused(parts: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(*parts)
