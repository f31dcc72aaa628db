"""GIF blocks: sizes, images and comments, parsed and built."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size that the screen and the first image need; ValueError if there is no image."""
    width, height, _ = _open_screen(file)
    while True:
        kind = _read(file, 1)
        if kind == b",":
            left, top, w, h = struct.unpack("<HHHH", _read(file, 8))
            return max(width, left + w), max(height, top + h)
        if kind != b"!":
            raise ValueError("the file has no image")
        _read(file, 1)
        _skip_blocks(file)


def find_comments(file: BinaryIO) -> list[bytes]:
    """Return the comments before, between and after the images; ValueError if the file is damaged."""
    _open_screen(file)
    comments: list[bytes] = []
    while True:
        kind = file.read(1)
        if kind == b",":
            flags = _read(file, 9)[8]
            file.seek(3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0, 1)
            _read(file, 1)
            _skip_blocks(file)
        elif kind == b"!":
            if _read(file, 1) == b"\xfe":
                comments.append(_read_blocks(file))
            else:
                _skip_blocks(file)
        else:
            return comments


@dataclass(frozen=True)
class GifImage:
    """One image of a file, not decoded.

    Attributes:
        left: Columns to the left of it.
        top: Rows above it.
        width: Columns.
        height: Rows.
        interlaced: Whether its rows are in four passes.
        palette: Red, green and blue of each color.
        transparent: Index of the color that is not drawn, or None.
        disposal: What is done before the next image: 0 and 1 nothing, 2 its place is cleared, 3 what was there returns.
        delay: Hundredths of a second until the next image.
        bits: Bits of the first codes, less one.
        blocks: LZW codes in blocks, with the empty one at the end.
    """

    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    palette: bytes
    transparent: int | None
    disposal: int
    delay: int
    bits: int
    blocks: bytes


def iterate_images(file: BinaryIO) -> Iterator[GifImage]:
    """Yield the images of a file that are whole; ValueError if it is no GIF file."""
    _, _, table = _open_screen(file)
    disposal, delay, transparent = 0, 0, None
    while kind := file.read(1):
        try:
            if kind == b"!" and _read(file, 1) == b"\xf9":
                flags, delay, index = struct.unpack("<BHB", _read_blocks(file)[:4].ljust(4, b"\0"))
                disposal, transparent = flags >> 2 & 7, index if flags & 1 else None
            elif kind == b"!":
                _skip_blocks(file)
            elif kind == b",":
                left, top, width, height, flags = struct.unpack("<HHHHB", _read(file, 9))
                palette = _read(file, 3 * 2 ** ((flags & 7) + 1)) if flags & 0x80 else table
                bits, start = _read(file, 1)[0], file.tell()
                _skip_blocks(file)
                end = file.tell()
                file.seek(start)
                blocks = _read(file, end - start)
                place = left, top, width, height, bool(flags & 0x40)
                yield GifImage(*place, palette, transparent, disposal, delay, bits, blocks)
                disposal, delay, transparent = 0, 0, None
            else:
                return
        except ValueError:
            return


def count_images(file: BinaryIO) -> int:
    """Return the number of images that are whole; ValueError if it is no GIF file."""
    return sum(1 for _ in iterate_images(file))


def build_head(width: int, height: int, palette: bytes, *, loop: bool) -> bytes:
    """Return what comes before the first image: the size, colors for all images, and that they repeat without end."""
    bits = (len(palette) // 3).bit_length() - 1
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF0 | (bits - 1), 0, 0) + palette
    return head + (b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if loop else b"")


def build_image(image: GifImage) -> bytes:
    """Return an image with the extension that has its delay; an empty palette means that of the file."""
    flags = image.disposal << 2 | (image.transparent is not None)
    control = struct.pack("<BHB", flags, image.delay, image.transparent or 0)
    own = 0x80 | ((len(image.palette) // 3).bit_length() - 2) if image.palette else 0
    place = struct.pack("<HHHHB", image.left, image.top, image.width, image.height, own)
    return b"!\xf9\x04" + control + b"\0," + place + image.palette + bytes([image.bits]) + image.blocks


def build_packet(packet: bytes) -> bytes:
    """Return the application extension with an XMP packet, as it is, behind it a list of bytes that ends all blocks.

    XMP specification, part 3, 1.1.2.
    """
    return b"!\xff\x0bXMP DataXMP" + packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"


def build_comment(text: bytes) -> bytes:
    """Return a comment extension."""
    blocks = [text[i : i + 255] for i in range(0, len(text), 255)]
    return b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _open_screen(file: BinaryIO) -> tuple[int, int, bytes]:
    """Return width, height and the palette of the file, b"" without one."""
    file.seek(0)
    head = _read(file, 13)
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError("not a GIF file")
    width, height, flags = struct.unpack("<HHB", head[6:11])
    return width, height, _read(file, 3 * 2 ** ((flags & 7) + 1)) if flags & 0x80 else b""


def _read_blocks(file: BinaryIO) -> bytes:
    blocks = []
    while length := _read(file, 1)[0]:
        blocks.append(_read(file, length))
    return b"".join(blocks)


def _skip_blocks(file: BinaryIO) -> None:
    while length := _read(file, 1)[0]:
        file.seek(length, 1)


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError("the file ends early")
    return data
