"""What a person should know of an image file that is read: what of it is not in the image."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from studio.api.formats import gif, png, riff
from studio.api.media_file import open_media
from studio.api.tiff_reading import find_tiff_doubts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studio.settings import MediaLimits

_LATER = "the file is an animation of which the first image is read; load it as a video for all"
_SRGB_GAMMA, _BT709, _SRGB_TRANSFER = 45_455, 1, 13  # as PNG has them
_PRIMARIES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {16: "PQ", 18: "HLG"}


def find_image_doubts(path: Path, limits: MediaLimits) -> list[str]:
    """Return what of an image file is not in the image that is read from it.

    Raises:
        MediaError: E511 if the file cannot be opened.
    """
    with open_media(path, limits) as file:
        data = file.read()
    for start, find_doubts in _FINDERS.items():
        if data.startswith(start):
            try:
                return find_doubts(data)
            except (ValueError, struct.error):
                return []  # the reader says what is wrong
    return []


def describe_cicp(primaries: int, transfer: int) -> str:
    """Return what colors by their code points (ITU-T H.273) are taken as, or "" for sRGB and the unspecified."""
    if primaries in (_BT709, 2) and transfer in (1, 2, 6, _SRGB_TRANSFER):
        return ""
    kind = f"{_PRIMARIES.get(primaries, '')} {_TRANSFERS.get(transfer, '')}".strip() or "not sRGB"
    return f"the colors of the file are {kind}; they are taken as sRGB: convert them in another program first"


def _find_png_doubts(data: bytes) -> list[str]:
    chunks = dict(png.iterate_chunks(io.BytesIO(data), frozenset({b"acTL", b"cICP", b"gAMA", b"sRGB", b"iCCP"})))
    doubts = [_LATER] if chunks.get(b"acTL", b"\0\0\0\1")[:4] != b"\0\0\0\1" else []
    if len(chunks.get(b"cICP", b"")) == 4 and (described := describe_cicp(*chunks[b"cICP"][:2])):
        doubts.append(described)
    elif not {b"sRGB", b"iCCP", b"cICP"} & set(chunks) and len(chunks.get(b"gAMA", b"")) == 4:
        gamma = struct.unpack(">I", chunks[b"gAMA"])[0]
        if abs(gamma - _SRGB_GAMMA) > 1000:
            doubts.append(f"the gamma of the file, {gamma / 100_000:g}, is not applied; its samples are taken as sRGB")
    return doubts


def _find_webp_doubts(data: bytes) -> list[str]:
    frames = list(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"ANMF"})))
    return [_LATER] if len(frames) > 1 else []


def _find_gif_doubts(data: bytes) -> list[str]:
    return [_LATER] if gif.count_images(io.BytesIO(data)) > 1 else []


_FINDERS: dict[bytes, Callable[[bytes], list[str]]] = {
    png.SIGNATURE: _find_png_doubts,
    b"RIFF": _find_webp_doubts,
    b"GIF8": _find_gif_doubts,
    b"II": find_tiff_doubts,
    b"MM": find_tiff_doubts,
}
