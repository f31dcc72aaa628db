"""AVIF boxes: what a file says of its samples (ISO 14496-12, AV1 in ISO base media files)."""

from __future__ import annotations

import struct

_BRANDS = (b"avif", b"avis")


def is_avif(data: bytes) -> bool:
    """Say whether the first bytes of a file name AVIF as what it is, or as what it is compatible with."""
    if data[4:8] != b"ftyp" or len(data) < 16:
        return False
    length = min(struct.unpack(">I", data[:4])[0], 256)
    return any(data[at : at + 4] in _BRANDS for at in (8, *range(16, length - 3, 4)))


def is_animated(data: bytes) -> bool:
    """Say whether the file is a sequence of images."""
    return data[8:12] == b"avis"


def find_bits(data: bytes) -> int:
    """Return the bits of a sample, by the first configuration of AV1; 8 if there is none."""
    at = data.find(b"av1C")
    if at < 0 or at + 7 > len(data):
        return 8
    flags = data[at + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def find_code_points(data: bytes) -> tuple[int, int] | None:
    """Return the code points of primaries and transfer (ITU-T H.273), or None."""
    at = data.find(b"colrnclx")
    if at < 0 or at + 12 > len(data):
        return None
    primaries, transfer = struct.unpack(">HH", data[at + 8 : at + 12])
    return primaries, transfer
