"""RIFF chunks, as in WebP and WAV."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


def iterate_chunks(file: BinaryIO, form: bytes, keep: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the top-level chunks in `keep`; others are skipped; a cut-off chunk ends it."""
    end = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != form:
        raise ValueError("not a file of this form")
    while file.tell() + 8 <= end:
        kind, length = struct.unpack("<4sI", file.read(8))
        following = file.tell() + length + (length & 1)
        if kind in keep and file.tell() + length <= end:
            yield kind, file.read(length)
        file.seek(following)


def build_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk, padded to an even length."""
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)


def find_profile(data: bytes) -> bytes | None:
    """Return the ICC profile of a WebP file, or None."""
    return dict(iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"ICCP"}))).get(b"ICCP")


def find_webp_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height from the first 30 bytes of a WebP file, or None."""
    kind = head[12:16]
    if len(head) < 30:
        return None
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None
