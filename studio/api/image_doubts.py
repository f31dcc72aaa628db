"""What a person should know of an image file that is read: what of it is not in the image."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from studio.api.formats import avif, exr, gif, jpeg, png, riff, tiff
from studio.api.image_reading import ImageOptions, read_image_part
from studio.api.media_file import open_media
from studio.api.tiff_reading import find_tiff_doubts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studio.settings import MediaLimits

_LATER = "the file is an animation of which the first image is read; load it as a video for all"
_SRGB_GAMMA, _BT709, _SRGB_TRANSFER = 45_455, 1, 13  # as PNG has them
_CHUNKS = frozenset({b"acTL", b"cICP", b"gAMA", b"sRGB", b"iCCP", b"eXIf"})
_EXIF_NAMES = {"date": {306}, "camera": {271, 272}, "author": {315}, "copyright": {33432}, "place": {34853}}
_PRIMARIES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {16: "PQ", 18: "HLG"}


def find_image_doubts(path: Path, limits: MediaLimits) -> list[str]:
    """Return what of an image file is not in the image that is read from it.

    Raises:
        MediaError: E511 if the file cannot be opened.
    """
    with open_media(path, limits) as file:
        data = file.read()
    if data.startswith(exr.MAGIC):
        return list(read_image_part(path, limits, ImageOptions())[2] or ())
    found: Callable[[bytes], list[str]] | None = _find_avif_doubts if avif.is_avif(data) else None
    for start, find_doubts in _FINDERS.items():
        found = find_doubts if data.startswith(start) else found
    try:
        return found(data) if found is not None else []
    except (ValueError, struct.error):
        return []  # the reader says what is wrong


def describe_cicp(primaries: int, transfer: int) -> str:
    """Return what colors by their code points (ITU-T H.273) are taken as, or "" for sRGB and the unspecified."""
    if primaries in (_BT709, 2) and transfer in (1, 2, 6, _SRGB_TRANSFER):
        return ""
    kind = f"{_PRIMARIES.get(primaries, '')} {_TRANSFERS.get(transfer, '')}".strip() or "not sRGB"
    return f"the colors of the file are {kind}; they are taken as sRGB: convert them in another program first"


def _find_png_doubts(data: bytes) -> list[str]:
    chunks = dict(png.iterate_chunks(io.BytesIO(data), _CHUNKS))
    doubts = [_LATER] if chunks.get(b"acTL", b"\0\0\0\1")[:4] != b"\0\0\0\1" else []
    if len(chunks.get(b"cICP", b"")) == 4 and (described := describe_cicp(*chunks[b"cICP"][:2])):
        doubts.append(described)
    elif not {b"sRGB", b"iCCP", b"cICP"} & set(chunks) and len(chunks.get(b"gAMA", b"")) == 4:
        gamma = struct.unpack(">I", chunks[b"gAMA"])[0]
        if abs(gamma - _SRGB_GAMMA) > 1000:
            doubts.append(f"the gamma of the file, {gamma / 100_000:g}, is not applied; its samples are taken as sRGB")
    return doubts + (_describe_exif(chunks[b"eXIf"]) if b"eXIf" in chunks else [])


def _find_webp_doubts(data: bytes) -> list[str]:
    frames = list(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"ANMF"})))
    return ([_LATER] if len(frames) > 1 else []) + _find_riff_exif(data)


def _find_riff_exif(data: bytes) -> list[str]:
    parts = dict(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"EXIF"})))
    return _describe_exif(parts[b"EXIF"]) if b"EXIF" in parts else []


def _find_gif_doubts(data: bytes) -> list[str]:
    return [_LATER] if gif.count_images(io.BytesIO(data)) > 1 else []


def _find_avif_doubts(data: bytes) -> list[str]:
    doubts = [_LATER] if avif.is_animated(data) else []
    if (bits := avif.find_bits(data)) > 8:
        doubts.append(f"AVIF of {bits} bits is read with 8 bits")
    points = avif.find_code_points(data)
    described = describe_cicp(*points) if points else ""
    return doubts + ([described] if described else []) + _describe_exif(_find_avif_exif(data))


def _find_avif_exif(data: bytes) -> bytes:
    from PIL.AvifImagePlugin import AvifImageFile

    try:
        exif: bytes = AvifImageFile(io.BytesIO(data)).info.get("exif") or b""
    except Exception:  # libavif's errors are of many kinds; the reader says what is wrong
        return b""
    return exif


def _find_jpeg_doubts(data: bytes) -> list[str]:
    exif = jpeg.parse_segments(io.BytesIO(data)).find_all(jpeg.APP1, b"Exif\0\0")
    return _describe_exif(exif[0]) if exif else []


def _describe_exif(exif: bytes) -> list[str]:
    """Return that what EXIF says of the image is not kept, if it says anything."""
    if not exif:
        return []
    entries = tiff.parse_directory(exif.removeprefix(b"Exif\0\0")).entries
    said = [
        name
        for name, tags in _EXIF_NAMES.items()
        if any(entries[tag].data.strip(b"\0 ") for tag in tags & set(entries))
    ]
    if not said:
        return []
    return [f"EXIF of the file ({', '.join(said)}) is not in what is made from it: copy it with another program"]


_FINDERS: dict[bytes, Callable[[bytes], list[str]]] = {
    png.SIGNATURE: _find_png_doubts,
    b"RIFF": _find_webp_doubts,
    b"GIF8": _find_gif_doubts,
    b"\xff\xd8": _find_jpeg_doubts,
    b"II": lambda data: find_tiff_doubts(data) + _describe_exif(data),
    b"MM": lambda data: find_tiff_doubts(data) + _describe_exif(data),
}
