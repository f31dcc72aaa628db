"""GIF blocks against the GIF89a specification: files written by hand, and by Pillow."""

from __future__ import annotations

import io
import struct

import PIL.Image
import pytest

from studio.api.formats import gif

SCREEN = struct.pack("<HHBBB", 7, 5, 0, 0, 0)  # 7 x 5, no table of colors
DATA = b"\x02" + b"\x02\x4c\x01" + b"\0"  # code size, one block of two bytes, the end


def make_image(left: int, top: int, width: int, height: int, colors: int = 0) -> bytes:
    flags = 0x80 | (colors.bit_length() - 2) if colors else 0
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags) + bytes(3 * colors) + DATA


def make_gif(*blocks: bytes, screen: bytes = SCREEN) -> io.BytesIO:
    return io.BytesIO(b"GIF89a" + screen + b"".join(blocks) + b";")


def make_comment(text: bytes) -> bytes:
    return b"!\xfe" + bytes([len(text)]) + text + b"\0"


def test_the_size_is_that_of_the_screen() -> None:
    assert gif.find_size(make_gif(make_image(0, 0, 7, 5))) == (7, 5)


def test_an_image_beyond_the_screen_makes_it_larger() -> None:
    assert gif.find_size(make_gif(make_image(3, 1, 20, 30))) == (23, 31)


def test_extensions_and_tables_of_colors_before_the_image_are_skipped() -> None:
    screen = struct.pack("<HHBBB", 4, 4, 0x81, 0, 0) + bytes(3 * 4)  # 4 colors
    file = make_gif(b"!\xf9\x04\0\0\0\0\0", make_comment(b"x"), make_image(0, 0, 4, 9), screen=screen)

    assert gif.find_size(file) == (4, 9)


def test_pillows_file_has_its_size() -> None:
    file = io.BytesIO()
    PIL.Image.new("P", (13, 11)).save(file, "GIF")

    assert gif.find_size(file) == (13, 11)


def test_comments_are_found_before_between_and_after_images() -> None:
    image = make_image(0, 0, 7, 5, colors=8)
    file = make_gif(make_comment(b"one"), image, make_comment(b"two"), b"!\xff\x01a\0", image, make_comment(b"three"))

    assert gif.find_comments(file) == [b"one", b"two", b"three"]


def test_a_comment_of_several_blocks_is_joined() -> None:
    text = bytes(range(256)) * 3

    built = gif.build_comment(text)

    assert built[:3] == b"!\xfe\xff"  # blocks have at most 255 bytes
    assert gif.find_comments(make_gif(built)) == [text]


def test_pillow_reads_the_comment_that_is_built() -> None:
    file = io.BytesIO()
    PIL.Image.new("P", (2, 2)).save(file, "GIF")
    data = file.getvalue()
    start = data.index(b",")

    read = PIL.Image.open(io.BytesIO(data[:start] + gif.build_comment(b"Studio") + data[start:]))

    assert read.info["comment"] == b"Studio"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GIF88a" + SCREEN, "not a GIF file"),
        (b"GIF89a", "ends early"),
        (b"GIF89a" + SCREEN + b";", "no image"),
        (b"GIF89a" + SCREEN + b",\0\0", "ends early"),
    ],
)
def test_damaged_files_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        gif.find_size(io.BytesIO(data))


def test_a_comment_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="ends early"):
        gif.find_comments(io.BytesIO(b"GIF89a" + SCREEN + b"!\xfe\x05ab"))
