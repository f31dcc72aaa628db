"""Which codecs, extensions and pixel formats of videos go together."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from studio.api import MediaError

DEFAULTS = {"mp4": "h264", "mov": "h264", "mkv": "h264", "webm": "vp9", "gif": "gif", "apng": "apng", "webp": "webp"}
"""Codec by extension."""
CODECS = {
    "h264": ("libx264", ("mp4", "mov", "mkv")),
    "h265": ("libx265", ("mp4", "mov", "mkv")),
    "vp9": ("libvpx-vp9", ("webm", "mkv", "mp4")),
    "av1": ("libsvtav1", ("mp4", "mkv", "webm")),
    "prores": ("prores_ks", ("mov", "mkv")),
    "gif": ("gif", ("gif",)),
    "apng": ("apng", ("apng",)),
    "webp": ("libwebp_anim", ("webp",)),
}
"""Encoder and extensions by codec."""
HARDWARE = {"h264": "h264_nvenc", "h265": "hevc_nvenc", "av1": "av1_nvenc"}
"""Encoder of the GPU by codec."""
PIXELS = {
    "h264": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"),
    "h265": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"),
    "vp9": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuva420p"),
    "av1": ("yuv420p", "yuv420p10le"),
    "prores": ("yuv422p10le", "yuva444p10le"),
    "gif": ("pal8",),
    "apng": ("rgb24", "rgba"),
    "webp": ("bgra",),
}
"""Pixel formats by codec, the default first."""
_WITH_ALPHA = {"vp9": "yuva420p", "prores": "yuva444p10le", "apng": "rgba"}
_WITH_VP9_ALPHA = ("webm", "mkv")
ANY_COLOR: tuple[Literal["srgb", "linear", "log", "pq", "hlg"], ...] = ("srgb", "linear", "log", "pq", "hlg")
"""Every encoding of a color space: for node types that take any of them, with any primaries and range."""
NUMBER = re.compile(r"%0?(\d?)d")
"""Where a file name of numbered images has its number."""
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".bmp")


def is_sequence(path: PurePath) -> bool:
    """Say whether a name means numbered images."""
    return bool(NUMBER.search(path.name)) and path.suffix.lower() in _IMAGE_SUFFIXES


def choose_codec(extension: str, codec: str, pixels: str) -> str:
    """Return the codec that "auto" means, or the codec itself.

    Raises:
        MediaError: E702 for an extension, a codec and a pixel format that do not go together.
    """
    if extension not in DEFAULTS:
        known = ", ".join(f".{name}" for name in DEFAULTS)
        raise MediaError("E702", f"unsupported video extension '.{extension}'", hint=f"use one of {known}")
    codec = DEFAULTS[extension] if codec == "auto" else codec
    extensions = CODECS[codec][1]
    if extension not in extensions:
        known = ", ".join(f".{name}" for name in extensions)
        raise MediaError("E702", f"a .{extension} file does not support {codec}", hint=f"use one of {known}")
    if pixels != "auto" and pixels not in PIXELS[codec]:
        known = ", ".join(PIXELS[codec])
        raise MediaError("E702", f"unsupported pixel format {pixels!r} for {codec}", hint=f"use one of {known}")
    if pixels == "yuva420p" and extension not in _WITH_VP9_ALPHA:
        raise MediaError("E702", f"a .{extension} file does not support the alpha of VP9", hint="use .webm or .mkv")
    return codec


def choose_pixels(extension: str, codec: str, *, alpha: bool) -> str:
    """Return the pixel format that "auto" means: with alpha if the video, the codec and the file have it."""
    if not alpha or (codec == "vp9" and extension not in _WITH_VP9_ALPHA):
        return PIXELS[codec][0]
    return _WITH_ALPHA.get(codec, PIXELS[codec][0])


def find_deep_pixels(extension: str, codec: str, *, alpha: bool = False) -> str:
    """Return the pixel format of a codec that has 10 bits, with alpha if it has one; "" where it has none."""
    codec = DEFAULTS[extension] if codec == "auto" else codec
    deep = [each for each in PIXELS[codec] if "10" in each]
    return next((each for each in deep if each.startswith("yuva") == alpha), (*deep, "")[0])


def find_extension(path: PurePath) -> str:
    """Return the extension of a file name, in small letters and without the dot."""
    return path.suffix.lower().lstrip(".")
