"""Texts that media files of other programs carry: PNG, WebP, JPEG, FLAC, and what FFmpeg opens."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from studio.api.formats import jpeg, png, riff
from studio.graph.foreign.fault import refuse

MEDIA = frozenset({".png", ".webp", ".jpg", ".jpeg", ".flac", ".mp4", ".webm", ".mkv", ".mov", ".mp3", ".ogg", ".opus"})
"""Extensions of media files that may carry a document."""
_TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"comf"})  # "comf": animated PNG of ComfyUI
_EXIF_TEXTS = {0x010E: "description", 0x010F: "make", 0x0110: "model", 0x9286: "parameters"}
_EXIF_FOLDER = 0x8769
_MOST_ENTRIES = 1000


def is_carrier(head: bytes) -> bool:
    """Return whether a file that begins so may carry a document, whatever its name ends with."""
    riff_kind = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return riff_kind or head.startswith((png.SIGNATURE, b"\xff\xd8\xff", b"fLaC")) or head[4:8] == b"ftyp"


def read_texts(path: Path, *, max_bytes: int) -> dict[str, str]:
    """Return the texts that a media file carries, by their keywords in small letters.

    Raises:
        UsageError: E029 if it is damaged, or a text is too long.
    """
    try:
        with path.open("rb") as file:
            found = dict(_read_file(file, path, max_bytes))
    except (ValueError, OSError, struct.error, zlib.error) as error:
        raise refuse(f"damaged media file {path.name!r}: {error}", hint="check the file") from None
    longest = max((len(text) for text in found.values()), default=0)
    if longest > max_bytes:
        hint = "raise STUDIO_MAX_GRAPH_BYTES if it is meant to be that large"
        raise refuse(f"{path.name!r} carries a text of {longest} characters, more than {max_bytes}", hint=hint)
    return {keyword.lower(): text for keyword, text in found.items()}


def _read_file(file: BinaryIO, path: Path, max_bytes: int) -> Iterator[tuple[str, str]]:
    head = file.read(12)
    if head.startswith(png.SIGNATURE):
        yield from _read_png(file, max_bytes)
    elif head[:4] == b"RIFF" and head[8:] == b"WEBP":
        for _, content in riff.iterate_chunks(file, b"WEBP", frozenset({b"EXIF"})):
            yield from _read_exif(content.removeprefix(b"Exif\0\0"))
    elif head[:2] == b"\xff\xd8":
        file.seek(0)
        for content in jpeg.parse_segments(file).find_all(0xE1, b"Exif\0\0"):
            yield from _read_exif(content.removeprefix(b"Exif\0\0"))
    elif head[:4] == b"fLaC":
        yield from _read_flac(file, max_bytes)
    else:
        yield from _read_container(path)


def _read_png(file: BinaryIO, max_bytes: int) -> Iterator[tuple[str, str]]:
    for kind, content in png.iterate_chunks(file, _TEXT_CHUNKS):
        keyword, _, rest = content.partition(b"\0")
        name = keyword.decode("latin-1")
        if kind in (b"tEXt", b"comf"):
            yield name, _decode(rest)
        elif kind == b"zTXt":
            yield name, _decode(_inflate(rest[1:], max_bytes))
        else:
            packed, text = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
            yield name, _decode(_inflate(text, max_bytes) if packed else text)


def _inflate(data: bytes, limit: int) -> bytes:
    text = zlib.decompressobj().decompress(data, limit + 1)
    if len(text) > limit:
        raise ValueError(f"a compressed text has more than {limit} bytes")
    return text


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read_exif(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of an EXIF block; ComfyUI writes "prompt:{...}" and "workflow:{...}" into it."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return
    folders = [struct.unpack_from(f"{order}I", data, 4)[0]]
    for _ in range(4):
        if not folders:
            return
        for tag, raw in _list_entries(data, folders.pop(), order):
            if tag == _EXIF_FOLDER:
                folders.append(struct.unpack(f"{order}I", raw[:4])[0])
            elif tag in _EXIF_TEXTS:
                yield from _name_text(_EXIF_TEXTS[tag], raw)


def _list_entries(data: bytes, start: int, order: str) -> Iterator[tuple[int, bytes]]:
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
    count = struct.unpack_from(f"{order}H", data, start)[0]
    for at in range(min(count, _MOST_ENTRIES)):
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, start + 2 + 12 * at)
        place, size = start + 10 + 12 * at, sizes.get(kind, 1) * length
        if size > 4:
            place = struct.unpack_from(f"{order}I", data, place)[0]
        yield tag, data[place : place + max(size, 4)][: max(size, 4)] if size <= 4 else data[place : place + size]


def _name_text(name: str, raw: bytes) -> Iterator[tuple[str, str]]:
    if raw.startswith((b"UNICODE\0", b"ASCII\0\0\0")):
        wide, raw = raw.startswith(b"UNICODE"), raw[8:]
        text = raw.decode("utf-16-be" if wide and raw[:1] == b"\0" else "utf-16-le" if wide else "latin-1", "replace")
    else:
        text = _decode(raw)
    text = text.strip("\0 ")
    keyword, colon, rest = text.partition(":")
    if colon and keyword.lower() in ("prompt", "workflow") and rest.lstrip().startswith("{"):
        yield keyword, rest
    elif text:
        yield name, text


def _read_flac(file: BinaryIO, max_bytes: int) -> Iterator[tuple[str, str]]:
    file.seek(4)
    last = False
    while not last:
        head = file.read(4)
        if len(head) < 4:
            return
        last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:], "big")
        if kind == 4:
            yield from _read_comments(file.read(min(size, max_bytes)))
            return
        file.seek(size, 1)


def _read_comments(data: bytes) -> Iterator[tuple[str, str]]:
    at = 4 + struct.unpack_from("<I", data)[0]
    count = struct.unpack_from("<I", data, at)[0]
    at += 4
    for _ in range(min(count, _MOST_ENTRIES)):
        size = struct.unpack_from("<I", data, at)[0]
        keyword, _, text = data[at + 4 : at + 4 + size].partition(b"=")
        yield keyword.decode("latin-1"), _decode(text)
        at += 4 + size


def _read_container(path: Path) -> Iterator[tuple[str, str]]:
    from studio.api.av_file import open_container
    from studio.errors import MediaError
    from studio.settings import MediaLimits

    try:
        container: Any = open_container(path, MediaLimits())
    except MediaError as error:
        raise refuse(
            f"{path.name!r} is neither JSON nor a media file: {error.message}", hint="check the file"
        ) from None
    with container:
        tags = [container.metadata, *(stream.metadata for stream in container.streams)]
        yield from ((str(name), str(text)) for part in tags for name, text in part.items())
