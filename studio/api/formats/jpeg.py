"""JPEG segments: parsed up to the scan, and built."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from studio.api.formats import tiff

COMMENT = 0xFE
APP1, APP2, APP14 = 0xE1, 0xE2, 0xEE
LONGEST = 65_533
"""Bytes that one segment holds."""
_XMP, _MPF, _ISO_GAIN_MAP = b"http://ns.adobe.com/xap/1.0/\0", b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"
_MP_ENTRY, _PREVIEW = 0xB002, 1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True)
class Segments:
    """The segments before the first scan, and where the scan starts."""

    parts: tuple[tuple[int, bytes], ...]
    scan: int

    def find_size(self) -> tuple[int, int]:
        """Return width and height; ValueError if no frame header comes before the scan."""
        for kind, content in self.parts:
            if kind in _FRAMES and len(content) >= 5:
                height, width = struct.unpack(">HH", content[1:5])
                return width, height
        raise ValueError("no frame header before the scan")

    def find_bits(self) -> int:
        """Return the bits of a sample; ValueError if no frame header comes before the scan."""
        for kind, content in self.parts:
            if kind in _FRAMES and content:
                return content[0]
        raise ValueError("no frame header before the scan")

    def find_all(self, kind: int, prefix: bytes) -> list[bytes]:
        """Return the contents of the segments of a kind that start with a prefix, without it."""
        return [content[len(prefix) :] for k, content in self.parts if k == kind and content.startswith(prefix)]

    def count_components(self) -> int:
        """Return how many components a sample has; ValueError if no frame header comes before the scan."""
        for kind, content in self.parts:
            if kind in _FRAMES and len(content) >= 6:
                return content[5]
        raise ValueError("no frame header before the scan")

    def find_profile(self) -> bytes | None:
        """Return the ICC profile, whose parts are numbered, or None."""
        chunks = sorted(self.find_all(APP2, b"ICC_PROFILE\0"), key=lambda chunk: chunk[:1])
        return b"".join(chunk[2:] for chunk in chunks) or None


def parse_segments(file: BinaryIO) -> Segments:
    """Parse the segments before the scan; ValueError if the file ends first or is no JPEG file."""
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        raise ValueError("not a JPEG file")
    parts: list[tuple[int, bytes]] = []
    while True:
        kind = _read_marker(file)
        if kind == 0xDA:
            return Segments(tuple(parts), file.tell() - 2)
        if kind in _BARE:
            continue
        length = struct.unpack(">H", _read(file, 2))[0]
        if kind == 0xD9 or length < 2:
            raise ValueError("the file has no image")
        parts.append((kind, _read(file, length - 2)))


def build_segment(kind: int, content: bytes) -> bytes:
    """Return a segment; ValueError if the content is too long for one."""
    if len(content) > LONGEST:
        raise ValueError(f"{len(content)} bytes do not fit into one segment")
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def _read_marker(file: BinaryIO) -> int:
    if _read(file, 1) != b"\xff":
        raise ValueError("a segment does not start with a marker")
    while True:
        kind = _read(file, 1)[0]
        if kind != 0xFF:
            return kind


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError("the file ends before its image starts")
    return data


def has_gain_map(segments: Segments, data: bytes) -> bool:
    """Say whether a second image brightens the first on screens of high dynamic range.

    Ultra HDR says so in XMP (hdrgm:Version), ISO 21496-1 in a segment of its own, Apple in the second image. Programs
    that copy a file leave what the second image says, and may lose what the first does.

    Args:
        segments: The segments before the first scan.
        data: The whole file.
    """
    packets = segments.find_all(APP1, _XMP)
    if any(b"hdrgm:Version" in packet or b"HDRGainMap" in packet for packet in packets):
        return True
    if segments.find_all(APP2, _ISO_GAIN_MAP):
        return True
    rest = data[segments.scan :]
    return any(mark in rest for mark in (b"hdrgainmap", b"HDRGainMapVersion", b"hdrgm:Version", _ISO_GAIN_MAP))


def count_views(segments: Segments) -> int:
    """Return how many images that are no previews a file lists (CIPA DC-007, 5.2.3); 1 if it lists none."""
    for content in segments.find_all(APP2, _MPF):
        try:
            entries = tiff.parse_directory(content).entries
        except ValueError:
            return 1
        listed = entries[_MP_ENTRY].data if _MP_ENTRY in entries else b""
        order = ">" if content[:2] == b"MM" else "<"
        kinds: list[int] = [
            struct.unpack_from(f"{order}I", listed, at)[0] & 0xFFFFFF for at in range(0, len(listed) - 15, 16)
        ]
        return max(1, sum(kind >> 16 != _PREVIEW for kind in kinds))
    return 1
