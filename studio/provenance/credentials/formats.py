"""Which files content credentials can be in, and which have them beside."""

from __future__ import annotations

from pathlib import Path

_EMBEDDED = {
    ".png": "image/png",
    ".apng": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".dng": "image/x-adobe-dng",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/avi",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
}
_BESIDE = {
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".exr": "image/x-exr",
    ".bmp": "image/bmp",
    ".jxl": "image/jxl",
}
SIDECAR = ".c2pa"


def find_format(path: Path) -> str:
    """Return the MIME type of a file by its extension; "" if content credentials are not written for it."""
    suffix = path.suffix.lower()
    return _EMBEDDED.get(suffix) or _BESIDE.get(suffix, "")


def is_beside(path: Path) -> bool:
    """Return whether the content credentials of a file of this extension are in a file beside it."""
    return path.suffix.lower() in _BESIDE


def name_sidecar(path: Path) -> Path:
    """Return where the content credentials of a file are if they are beside it."""
    return path.with_suffix(SIDECAR)
