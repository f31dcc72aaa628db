"""What type a file of the server is served as: one that a browser only shows, or plain bytes."""

from __future__ import annotations

from pathlib import Path, PurePath

DEFAULT = "application/octet-stream"
C2PA = "application/c2pa"
_BY_EXTENSION = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "exr": "image/x-exr",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "srt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "csv": "text/plain; charset=utf-8",
    "c2pa": C2PA,
}
_BY_START = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x76\x2f\x31\x01", "image/x-exr"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_BY_FORM = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}  # in RIFF
_BY_BRAND = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"qt  ": "video/quicktime"}


def find_media_type(path: Path, name: str = "") -> str:
    """Return the media type of a file: by its first bytes, else by the extension of its name."""
    with path.open("rb") as file:
        start = file.read(16)
    for magic, found in _BY_START:
        if start.startswith(magic):
            return found
    if start[:4] == b"RIFF" and start[8:12] in _BY_FORM:
        return _BY_FORM[start[8:12]]
    if start[4:8] == b"ftyp":
        return _BY_BRAND.get(start[8:12], "video/mp4")
    return _BY_EXTENSION.get(PurePath(name).suffix.lower().removeprefix("."), DEFAULT)


def find_extension(media_type: str) -> str:
    """Return the extension of a media type with its dot, or ""."""
    return next((f".{extension}" for extension, known in _BY_EXTENSION.items() if known == media_type), "")
