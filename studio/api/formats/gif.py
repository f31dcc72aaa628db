"""GIF blocks: the size, and comments."""

from __future__ import annotations

import struct
from typing import BinaryIO


def find_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size that the screen and the first image need; ValueError if there is no image."""
    width, height = _open_screen(file)
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


def count_images(file: BinaryIO) -> int:
    """Return the number of images; ValueError if the file is damaged."""
    _open_screen(file)
    count = 0
    while kind := file.read(1):
        if kind == b",":
            flags = _read(file, 9)[8]
            file.seek(3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0, 1)
            count += 1
        elif kind != b"!":
            break
        _read(file, 1)
        _skip_blocks(file)
    return count


def build_comment(text: bytes) -> bytes:
    """Return a comment extension."""
    blocks = [text[i : i + 255] for i in range(0, len(text), 255)]
    return b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _open_screen(file: BinaryIO) -> tuple[int, int]:
    file.seek(0)
    head = _read(file, 13)
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError("not a GIF file")
    width, height, flags = struct.unpack("<HHB", head[6:11])
    if flags & 0x80:
        _read(file, 3 * 2 ** ((flags & 7) + 1))
    return width, height


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
