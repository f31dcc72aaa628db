"""ICC profiles built: curves of sRGB with a matrix, or one curve for grey (ICC.1:2022, version 4.4)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from studio.api.color_transfer import CHROMATICITIES, find_adaptation, find_xyz_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = {"bt709": "sRGB", "display-p3": "Display P3"}
_WHITE = (0.9642, 1.0, 0.8249)  # D50, the profile connection space
_WHITE_POINT = (0.3457, 0.3585)
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # IEC 61966-2-1 as function type 3


def build_rgb_profile(primaries: str) -> bytes:
    """Return the profile of sRGB-encoded samples with named primaries ("bt709" or "display-p3")."""
    points = CHROMATICITIES[primaries]
    adaptation = find_adaptation(points[3], _WHITE_POINT)
    matrix = adaptation @ find_xyz_matrix(points)
    colors = {name: _build_xyz(tuple(matrix[:, i])) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    chad = b"sf32\0\0\0\0" + _pack_numbers(*adaptation.ravel())
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _build_curve())
    return _build(b"RGB ", _NAMES[primaries], {b"chad": chad, **colors, **curves})


def build_grey_profile() -> bytes:
    """Return the profile of grey samples with the curve of sRGB."""
    return _build(b"GRAY", "sRGB grey", {b"kTRC": _build_curve()})


def _build(space: bytes, name: str, tags: Mapping[bytes, bytes]) -> bytes:
    texts = {b"desc": _build_text(name), b"cprt": _build_text("No copyright, use freely"), b"wtpt": _build_xyz(_WHITE)}
    whole = {**texts, **tags}
    start = 128 + 4 + 12 * len(whole)
    places: dict[bytes, int] = {}
    body = b""
    for content in whole.values():
        if content not in places:
            places[content] = start + len(body)
            body += content + b"\0" * (-len(content) % 4)
    rows = b"".join(struct.pack(">4sII", tag, places[content], len(content)) for tag, content in whole.items())
    head = struct.pack(
        ">I4xI4s4s4s6H4s", start + len(body), 0x04400000, b"mntr", space, b"XYZ ", 2026, 1, 1, 0, 0, 0, b"acsp"
    )
    head = head.ljust(68, b"\0") + _pack_numbers(*_WHITE)
    return head.ljust(128, b"\0") + struct.pack(">I", len(whole)) + rows + body


def _build_text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(data), 28) + data


def _build_xyz(color: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + _pack_numbers(*color)


def _build_curve() -> bytes:
    return struct.pack(">4s4xH2x", b"para", 3) + _pack_numbers(*_CURVE)


def _pack_numbers(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(float(number) * 65536) for number in numbers))
