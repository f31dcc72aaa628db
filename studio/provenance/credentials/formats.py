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
_BY_START = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)
_BY_FORM = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/avi"}
_BY_BRAND = {b"avif": "image/avif", b"avis": "image/avif", b"qt  ": "video/quicktime", b"M4A ": "audio/mp4",
             b"heic": "image/heic", b"heif": "image/heif", b"mif1": "image/heif"}  # fmt: skip


def find_format(path: Path) -> str:
    """Return the MIME type of a file by its extension; "" if content credentials are not written for it."""
    suffix = path.suffix.lower()
    return _EMBEDDED.get(suffix) or _BESIDE.get(suffix, "")


def find_content_format(path: Path) -> str:
    """Return the MIME type of a file by its first bytes, whatever its name says, or else by its extension.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(12)
    known = next((kind for magic, kind in _BY_START if start.startswith(magic)), "")
    if not known and start[:4] == b"RIFF":
        known = _BY_FORM.get(start[8:12], "")
    if not known and start[4:8] == b"ftyp":
        known = _BY_BRAND.get(start[8:12], "video/mp4")
    return known if known and not is_beside(path) else find_format(path)


def is_beside(path: Path) -> bool:
    """Return whether the content credentials of a file of this extension are in a file beside it."""
    return path.suffix.lower() in _BESIDE


def name_sidecar(path: Path) -> Path:
    """Return where the content credentials of a file are if they are beside it."""
    return path.with_suffix(SIDECAR)
