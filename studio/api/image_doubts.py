"""What a person should know of an image file that is read: what of it is not in the image."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from studio.api.avif_reading import find_points
from studio.api.formats import avif, exr, gif, icc, jpeg, png, riff, tiff
from studio.api.image_code_points import CodePoints, create_gamma, describe_conversion
from studio.api.image_color import find_profile_points
from studio.api.image_density import find_density
from studio.api.image_reading import ImageOptions, read_image_part
from studio.api.media_file import open_media
from studio.api.tiff_reading import find_tiff_doubts, find_tiff_samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studio.settings import MediaLimits

    _Finders = tuple[Callable[[bytes], list[str]], Callable[[bytes], bytes | None], Callable[[bytes], tuple[str, int]]]

_LATER = "the file is an animation of which the first image is read; load it as a video for all"
_GAIN_MAP = "the file has a gain map for screens of high dynamic range, which is not applied"
_CHUNKS = frozenset({b"acTL", b"cICP", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"eXIf", b"gMAP", b"gDAT"})
_EXIF_NAMES = {"date": {306}, "camera": {271, 272}, "author": {315}, "copyright": {33432}, "place": {34853}}


def find_image_doubts(path: Path, limits: MediaLimits, *, keeps_range: bool = False) -> list[str]:
    """Return what of an image file is not in the image that is read from it.

    Args:
        path: The file.
        limits: Bounds for the file.
        keeps_range: Whether PQ and HLG stay what they are.

    Raises:
        MediaError: E511 if the file cannot be opened.
    """
    with open_media(path, limits) as file:
        data = file.read()
    if data.startswith(exr.MAGIC):
        return list(read_image_part(path, limits, ImageOptions())[2] or ())
    try:
        if data.startswith(png.SIGNATURE):
            return _find_png_doubts(data, keeps_range=keeps_range) + _describe_density(data)
        if avif.is_avif(data):
            return _find_avif_doubts(data, keeps_range=keeps_range)
        found = next((find for start, find in _FINDERS.items() if data.startswith(start)), None)
        if found is None:
            return []
        find, find_profile, find_samples = found
        profile = find_profile(data)
        fit = _describe_fit(profile, *find_samples(data))
        return find(data) + (fit or _describe_profile(profile, keeps_range=keeps_range))
    except (ValueError, struct.error):
        return []  # the reader says what is wrong


def _find_png_doubts(data: bytes, *, keeps_range: bool) -> list[str]:
    chunks = dict(png.iterate_chunks(io.BytesIO(data), _CHUNKS))
    doubts = [_LATER] if chunks.get(b"acTL", b"\0\0\0\1")[:4] != b"\0\0\0\1" else []
    doubts += [_GAIN_MAP] if b"gMAP" in chunks or b"gDAT" in chunks else []
    if points := png.find_code_points(chunks):
        doubts.append(describe_conversion(CodePoints(*points), keeps_range=keeps_range))
    elif b"iCCP" in chunks and b"sRGB" not in chunks:
        profile = png.inflate_profile(chunks[b"iCCP"])
        fit = _describe_fit(profile, "GRAY" if data[25] in (0, 4) else "RGB ", data[24])
        doubts += fit or _describe_profile(profile, keeps_range=keeps_range)
    elif not {b"sRGB", b"iCCP"} & set(chunks):
        doubts.append(create_gamma(*png.find_gamma(chunks)).describe())
    return [each for each in doubts if each] + (_describe_exif(chunks[b"eXIf"]) if b"eXIf" in chunks else [])


def _describe_profile(profile: bytes | None, *, keeps_range: bool) -> list[str]:
    """Return what becomes of samples that a profile says are PQ or HLG."""
    points = find_profile_points(profile)
    return list(filter(None, [describe_conversion(points, keeps_range=keeps_range)])) if points else []


def _describe_fit(profile: bytes | None, space: str, bits: int) -> list[str]:
    """Return what a profile does not do to samples of a color space: "RGB ", "GRAY", "CMYK", or "" for any."""
    name = space.strip()
    if not profile:
        return ["CMYK without a color profile: its colors are a guess"] if name == "CMYK" else []
    parsed = icc.parse_profile(profile)
    if parsed is None or (parsed.space == "GRAY" and not parsed.curves):
        return ["the color profile of the file is damaged: the samples are taken as sRGB"]
    if space and parsed.space != space and not icc.is_srgb(parsed):
        return [
            f"the color profile of the file is for {parsed.space.strip()}, not {name}: the samples are taken as sRGB"
        ]
    if bits > 8 and parsed.space == "RGB " and not parsed.matrix and not parsed.code_points:
        return [f"the color profile of the file has tables: samples of {bits} bits get 8"]
    return []


def _find_jpeg_samples(data: bytes) -> tuple[str, int]:
    segments = jpeg.parse_segments(io.BytesIO(data))
    return {1: "GRAY", 4: "CMYK"}.get(segments.count_components(), "RGB "), segments.find_bits()


def _find_tiff_profile(data: bytes) -> bytes | None:
    entries = tiff.parse_directory(data).entries
    return entries[tiff.ICC].data if tiff.ICC in entries else None


def _find_webp_doubts(data: bytes) -> list[str]:
    frames = list(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"ANMF"})))
    return ([_LATER] if len(frames) > 1 else []) + _find_riff_exif(data)


def _find_riff_exif(data: bytes) -> list[str]:
    parts = dict(riff.iterate_chunks(io.BytesIO(data), b"WEBP", frozenset({b"EXIF"})))
    return _describe_exif(parts[b"EXIF"]) if b"EXIF" in parts else []


def _find_gif_doubts(data: bytes) -> list[str]:
    return [_LATER] if gif.count_images(io.BytesIO(data)) > 1 else []


def _find_avif_doubts(data: bytes, *, keeps_range: bool) -> list[str]:
    doubts = [_LATER] if avif.is_animated(data) else []
    if (bits := avif.find_bits(data)) > 8:
        if avif.is_composed(data):
            doubts.append(f"AVIF of {bits} bits made of parts is read with 8 bits")
        elif avif.has_alpha(data):
            doubts.append(f"the alpha of AVIF of {bits} bits is read with 8 bits")
    doubts += [_GAIN_MAP] if avif.has_gain_map(data) else []
    exif, profile = _find_avif_extras(data)
    points = find_points(data)
    if not points.is_high_dynamic_range:
        points = find_profile_points(profile) or points
    doubts += _describe_fit(profile, "", bits)
    described = describe_conversion(points, keeps_range=keeps_range)
    return doubts + ([described] if described else []) + _describe_exif(exif)


def _find_avif_extras(data: bytes) -> tuple[bytes, bytes]:
    """Return the EXIF and the ICC profile of a file."""
    from PIL.AvifImagePlugin import AvifImageFile

    try:
        info = AvifImageFile(io.BytesIO(data)).info
    except Exception:  # libavif's errors are of many kinds; the reader says what is wrong
        return b"", b""
    return info.get("exif") or b"", info.get("icc_profile") or b""


def _find_jpeg_doubts(data: bytes) -> list[str]:
    segments = jpeg.parse_segments(io.BytesIO(data))
    exif = segments.find_all(jpeg.APP1, b"Exif\0\0")
    doubts = [_GAIN_MAP] if jpeg.has_gain_map(segments, data) else []
    if not doubts and (count := jpeg.count_views(segments)) > 1:
        doubts.append(f"the file has {count} images, of which the first is read")
    return doubts + (_describe_exif(exif[0]) if exif else []) + _describe_density(data)


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


def _find_tiff(data: bytes) -> list[str]:
    return find_tiff_doubts(data) + _describe_exif(data) + _describe_density(data)


def _describe_density(data: bytes) -> list[str]:
    density = find_density(data)
    said = f"the resolution of the file, {density} dpi, is not in what is made from it: set it with another program"
    return [said] if density else []


def _find_jpeg_profile(data: bytes) -> bytes | None:
    return jpeg.parse_segments(io.BytesIO(data)).find_profile()


_FINDERS: dict[bytes, _Finders] = {
    b"RIFF": (_find_webp_doubts, riff.find_profile, lambda data: ("RGB ", 8)),
    b"GIF8": (_find_gif_doubts, lambda data: None, lambda data: ("RGB ", 8)),
    b"\xff\xd8": (_find_jpeg_doubts, _find_jpeg_profile, _find_jpeg_samples),
    b"II": (_find_tiff, _find_tiff_profile, find_tiff_samples),
    b"MM": (_find_tiff, _find_tiff_profile, find_tiff_samples),
}
"""What finds the doubts, the ICC profile, and the color space and bits of the samples of a file, by its first bytes."""
