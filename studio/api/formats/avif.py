"""AVIF boxes: what a file says of its samples (ISO 14496-12, AV1 in ISO base media files)."""

from __future__ import annotations

import struct

_BRANDS = (b"avif", b"avis")
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_LONGEST_HEAD = 65_536  # bytes in which the boxes of an image lie


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


def find_matrix(data: bytes) -> tuple[int, bool] | None:
    """Return the code point of the matrix, and whether samples have the full range, or None."""
    at = data.find(b"colrnclx")
    if at < 0 or at + 15 > len(data):
        return None
    matrix = struct.unpack(">H", data[at + 12 : at + 14])[0]
    return matrix, bool(data[at + 14] & 0x80)


def is_composed(data: bytes) -> bool:
    """Say whether the image is put together from others, or is a part of one: a grid, an overlay, or cropped."""
    return any(_has_item(data, kind) for kind in (b"grid", b"iovl", b"iden")) or b"clap" in data[:_LONGEST_HEAD]


def has_alpha(data: bytes) -> bool:
    """Say whether one of the images of the file is the alpha of another."""
    return any(name in data[:_LONGEST_HEAD] for name in _ALPHA)


def has_gain_map(data: bytes) -> bool:
    """Say whether the file has a gain map, by which a screen of high dynamic range brightens it (ISO 21496-1)."""
    return _has_item(data, b"tmap")


def _has_item(data: bytes, kind: bytes) -> bool:
    """Say whether a box describes an item of a kind (ISO 14496-12, 8.11.6, versions 2 and 3)."""
    at = data.find(b"infe")
    while at >= 0:
        start = at + (14 if data[at + 4 : at + 5] == b"\3" else 12)
        if data[start : start + 4] == kind:
            return True
        at = data.find(b"infe", at + 4)
    return False
