"""Records of other programs in image files: texts of PNG chunks and of EXIF, read within bounds."""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 4096
_MOST_TEXT = 4 << 20  # bytes of a text, unpacked
_MOST_TEXTS = 64
_HEAD = 4 << 20  # bytes of other files that are searched for EXIF
_COMMENT = 0x9286  # tag of the comment of the user in EXIF
_COMMENT_KINDS = (7, 1)  # bytes of any meaning, and as some write it bytes


@dataclass(frozen=True)
class CarriedRecord:
    """What another program wrote into a file.

    Attributes:
        program: The program, such as "ComfyUI".
        keyword: Name of the text.
        text: The text.
    """

    program: str
    keyword: str
    text: str


def find_records(path: Path) -> list[CarriedRecord]:
    """Return the records of programs that generate images, in a file that may be damaged or hostile."""
    with path.open("rb") as file:
        head = file.read(len(_PNG))
        texts = dict(_iterate_png_texts(file)) if head == _PNG else dict(_find_comment(head + file.read(_HEAD)))
    return [CarriedRecord(program, keyword, texts[keyword]) for program, keyword in _recognize(texts)]


def _recognize(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for keyword, text in texts.items():
        if keyword in ("parameters", "UserComment") and "Steps: " in text and "Sampler: " in text:
            yield "AUTOMATIC1111 (or one that writes like it)", keyword
        elif keyword in ("prompt", "workflow") and _holds_nodes(text):
            yield "ComfyUI", keyword
        elif keyword in ("invokeai_metadata", "invokeai_graph", "sd-metadata", "Dream"):
            yield "InvokeAI", keyword
        elif keyword in ("Software", "Source") and text.startswith(("NovelAI", "Stable Diffusion")):
            yield "NovelAI", keyword


def _holds_nodes(text: str) -> bool:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    nodes: list[Any] = document["nodes"] if isinstance(document.get("nodes"), list) else list(document.values())
    return any(isinstance(each, dict) and ("class_type" in each or "widgets_values" in each) for each in nodes)


def _iterate_png_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield the texts of a PNG after its signature; damaged chunks end it or are left out."""
    found = 0
    for _ in range(_MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8 or found == _MOST_TEXTS:
            return
        length, kind = struct.unpack(">I4s", header)
        if kind not in (b"tEXt", b"zTXt", b"iTXt") or length > _MOST_TEXT:
            file.seek(length + 4, 1)
            continue
        data = file.read(length)
        if len(data) < length:
            return
        file.seek(4, 1)
        text = _read_text(kind, data)
        if text is not None:
            found += 1
            yield text


def _read_text(kind: bytes, data: bytes) -> tuple[str, str] | None:
    """Return the keyword and the text of a chunk, or None if it is damaged or too long."""
    keyword, _, rest = data.partition(b"\0")
    if kind == b"tEXt":
        return keyword.decode("latin-1"), _decode(rest)
    if kind == b"zTXt":
        plain = _unpack(rest[1:])
        return None if plain is None else (keyword.decode("latin-1"), _decode(plain))
    is_packed, content = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    if len(content) < 3:
        return None
    plain = _unpack(content[2]) if is_packed else content[2]
    return None if plain is None else (keyword.decode("latin-1"), _decode(plain))


def _unpack(data: bytes) -> bytes | None:
    """Return what zlib packed, or None for damaged data and for more than _MOST_TEXT bytes."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, _MOST_TEXT)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail else plain


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _find_comment(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the comment of the user in the EXIF of a JPEG or a WebP: A1111 writes its parameters there."""
    start = data.find(b"UNICODE\0")
    for order, kind in itertools.product("<>", _COMMENT_KINDS):
        entry = data.rfind(struct.pack(f"{order}HH", _COMMENT, kind), 0, max(start, 0))
        if start >= 0 and 0 <= entry <= start - 8:
            length = min(struct.unpack_from(f"{order}I", data, entry + 4)[0], _MOST_TEXT)
            raw = data[start + 8 : start + length // 2 * 2]
            yield "UserComment", raw.decode("utf-16-be" if raw[:1] == b"\0" else "utf-16-le", "replace")
            return
