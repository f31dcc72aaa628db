"""PNG chunks: parsed from bytes or a file, and built."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COMPRESSED_LIMIT = 1_000_000  # Pillow, as it comes, refuses compressed text that is longer than 1 MiB
_INFLATED_LIMIT = 2 * 2**20  # Studio compresses no text that is longer than `_COMPRESSED_LIMIT`


def iterate_chunks(file: BinaryIO, keep: frozenset[bytes] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk up to IEND; chunks not in `keep` are skipped without being read.

    Raises:
        ValueError: for a file that ends early, and for a wrong checksum in a chunk that is critical.
    """
    end = file.seek(0, 2)
    file.seek(0)
    if file.read(8) != SIGNATURE:
        raise ValueError("not a PNG file")
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise ValueError("the file ends before its last chunk")
        length, kind = struct.unpack(">I4s", head)
        if file.tell() + length + 4 > end:
            raise ValueError(f"the file ends inside its chunk {kind.decode('latin-1')!r}")
        if kind == b"IEND":
            return
        if keep is not None and kind not in keep:
            file.seek(length + 4, 1)
            continue
        content, checksum = file.read(length), file.read(4)
        if struct.unpack(">I", checksum)[0] == zlib.crc32(content, zlib.crc32(kind)):
            yield kind, content
        elif not kind[0] & 0x20:
            raise ValueError(f"the checksum of chunk {kind.decode('latin-1')!r} is wrong")


def build_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))


def build_text_chunk(keyword: str, text: bytes, *, compress: bool) -> bytes:
    """Return an iTXt chunk of UTF-8 text; it is compressed if asked for and if every reader can inflate it."""
    packed = compress and len(text) <= _COMPRESSED_LIMIT
    body = zlib.compress(text, 9) if packed else text
    return build_chunk(b"iTXt", keyword.encode("latin-1") + b"\0" + (b"\1" if packed else b"\0") + b"\0\0\0" + body)


def build_profile_chunk(name: str, profile: bytes) -> bytes:
    """Return a chunk that holds an ICC profile."""
    return build_chunk(b"iCCP", name.encode("latin-1") + b"\0\0" + zlib.compress(profile, 9))


def parse_text(content: bytes) -> tuple[str, str]:
    """Parse an iTXt chunk into keyword and text; ValueError if it is malformed."""
    keyword, separator, rest = content.partition(b"\0")
    if not separator or len(rest) < 2:
        raise ValueError("a text chunk without a keyword")
    compressed, body = rest[0], rest[2:].split(b"\0", 2)
    if len(body) != 3:
        raise ValueError("a text chunk without its fields")
    text = inflate(body[2], _INFLATED_LIMIT) if compressed else body[2]
    return keyword.decode("latin-1"), text.decode("utf-8")


def inflate(data: bytes, limit: int) -> bytes:
    """Return inflated zlib data; ValueError if it is damaged, truncated or longer than the limit."""
    inflater = zlib.decompressobj()
    try:
        result = inflater.decompress(data, limit)
    except zlib.error as error:
        raise ValueError(f"damaged compressed data: {error}") from None
    if not inflater.eof:
        raise ValueError("compressed data is truncated or over its limit")
    return result


def count_inflated(data: bytes, limit: int) -> int:
    """Return the length that zlib data inflates to, counting no further than `limit`; ValueError if it is damaged."""
    inflater, total = zlib.decompressobj(), 0
    try:
        while data and not inflater.eof and total <= limit:
            total += len(inflater.decompress(data, 2**20))
            data = inflater.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"damaged compressed samples: {error}") from None
    return total


def find_code_points(chunks: Mapping[bytes, bytes]) -> tuple[int, int, bool] | None:
    """Return the code points of primaries and transfer, and whether samples have the full range; None without cICP.

    A matrix other than that of RGB is not allowed in PNG: such a chunk counts as none.
    """
    content = chunks.get(b"cICP", b"")
    if len(content) != 4 or content[2] != 0:
        return None
    return content[0], content[1], bool(content[3])


def inflate_profile(content: bytes) -> bytes | None:
    """Return the ICC profile in a chunk iCCP; None if it is damaged."""
    try:
        return inflate(content.partition(b"\0")[2][1:], 16 * 2**20)
    except ValueError:
        return None


def find_gamma(chunks: Mapping[bytes, bytes]) -> tuple[int, tuple[int, ...]]:
    """Return the numbers of gAMA and cHRM: 0 and an empty tuple where they are missing or malformed."""
    gamma, points = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    first = struct.unpack(">I", gamma)[0] if len(gamma) == 4 else 0
    return first, struct.unpack(">8I", points) if len(points) == 32 else ()
