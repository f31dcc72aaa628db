"""OpenEXR containers: parts, attributes and chunks, checked against the file, and built.

Source: "OpenEXR File Layout" of the OpenEXR project, version 2 of the format.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.formats.unsupported import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"\x76\x2f\x31\x01"
UINT, HALF, FLOAT = 0, 1, 2
"""Types of samples."""
NONE, ZIPS, ZIP = 0, 2, 3
"""Compressions that need no library."""
LONGEST_NAME = 255
"""Bytes of the longest name of a channel or an attribute."""
ROWS = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256, 10: 256, 11: 32, 12: 256, 13: 1}
"""Rows of a chunk of scan lines, by number of the compression, from none to ZSTD."""
_SAMPLE_BYTES = {UINT: 4, HALF: 2, FLOAT: 4}
_SINGLE_TILED, _LONG_NAMES, _DEEP, _MULTIPART = 0x200, 0x400, 0x800, 0x1000
_MOST_PARTS, _MOST_CHANNELS, _MOST_ATTRIBUTES, _MOST_CHUNKS = 1024, 4096, 65_536, 4_000_000
_SHORT_NAME = 31
_FARTHEST = 2**30  # of windows from 0, so that no sum overflows


@dataclass(frozen=True)
class Channel:
    """A channel of a part: its whole name, its type of samples, and one sample for how many columns and rows."""

    name: str
    kind: int
    across: int
    down: int


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels; both corners lie inside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top + 1


@dataclass(frozen=True)
class Part:
    """One image of a file.

    Attributes:
        name: Its name; "" in a file of one part.
        kind: "scanlineimage", "tiledimage", "deepscanline", "deeptile" or another word.
        channels: Its channels, by name.
        compression: The number of its compression.
        data: Where there are pixels.
        display: What is shown.
        aspect: Width of a pixel by its height.
        chromaticities: x and y of red, green, blue and white; None where the file does not say.
        attributes: Type and bytes of every attribute, by name.
        chunks: How many chunks it has.
    """

    name: str
    kind: str
    channels: tuple[Channel, ...]
    compression: int
    data: Window
    display: Window
    aspect: float
    chromaticities: tuple[float, ...] | None
    attributes: Mapping[str, tuple[str, bytes]]
    chunks: int

    @property
    def is_tiled(self) -> bool:
        """Whether its chunks are tiles."""
        return self.kind == "tiledimage"

    @property
    def is_deep(self) -> bool:
        """Whether its pixels have several samples in depth."""
        return self.kind.startswith("deep")


@dataclass(frozen=True)
class ExrFile:
    """What the headers of a file say, and where its offsets begin.

    Attributes:
        parts: Its parts.
        is_multipart: Whether its chunks say which part they are of.
        end: Where the headers end.
    """

    parts: tuple[Part, ...]
    is_multipart: bool
    end: int


def parse_exr(data: bytes) -> ExrFile:
    """Return what a file says of its parts; ValueError for damaged headers, UnsupportedError for other versions."""
    if data[:4] != MAGIC or len(data) < 8:
        raise ValueError("not an OpenEXR file")
    flags = struct.unpack_from("<I", data, 4)[0]
    if flags & 0xFF != 2 or flags & ~(0xFF | _SINGLE_TILED | _LONG_NAMES | _DEEP | _MULTIPART):
        raise UnsupportedError(f"OpenEXR of version {flags & 0xFF} with flags {flags >> 8:#x} is not supported")
    is_multipart, at = bool(flags & _MULTIPART), 8
    parts: list[Part] = []
    while not parts or (is_multipart and data[at : at + 1] != b"\0"):
        attributes, at = _parse_attributes(data, at)
        parts.append(_parse_part(attributes, is_tiled=bool(flags & _SINGLE_TILED), is_multipart=is_multipart))
        if len(parts) > _MOST_PARTS:
            raise UnsupportedError(f"a file of more than {_MOST_PARTS} parts is not supported")
    return ExrFile(tuple(parts), is_multipart, at + is_multipart)


def parse_attributes(data: bytes) -> Mapping[str, tuple[str, bytes]]:
    """Return the attributes of the first part of a file by name, each with its type; ValueError if it has none."""
    if data[:4] != MAGIC:
        raise ValueError("not an OpenEXR file")
    return _parse_attributes(data, 8)[0]


def find_chunks(data: bytes, file: ExrFile, index: int) -> list[bytes]:
    """Return the chunks of a part, each without the number of its part: where it lies, its size and its content.

    Raises:
        ValueError: The file ends before them, or a chunk is of another part.
    """
    start = file.end + 8 * sum(part.chunks for part in file.parts[:index])
    count, lead = file.parts[index].chunks, 4 if file.is_multipart else 0
    if start + 8 * count > len(data):
        raise ValueError("the file ends inside its table of offsets")
    place = 16 if file.parts[index].is_tiled else 4
    found = []
    total = 0
    for offset in struct.unpack_from(f"<{count}Q", data, start):
        if offset + lead + place + 4 > len(data) or offset < file.end:
            raise ValueError("the file is truncated: a chunk lies outside of it")
        if lead and struct.unpack_from("<i", data, offset)[0] != index:
            raise ValueError("a chunk is of another part than its offset says")
        size = struct.unpack_from("<i", data, offset + lead + place)[0]
        end = offset + lead + place + 4 + size
        total += size
        if size < 0 or end > len(data) or total > len(data):
            raise ValueError("the file is truncated: it ends inside a chunk, or chunks overlap")
        found.append(data[offset + lead : end])
    return found


def build_file(
    attributes: Mapping[str, tuple[str, bytes]], chunks: Sequence[bytes], *, is_tiled: bool = False
) -> bytes:
    """Return a file of one part.

    Args:
        attributes: Type and bytes of each attribute, by name.
        chunks: Its chunks in order, each with its place and its size.
        is_tiled: Whether they are tiles.
    """
    flags = 2 | (_SINGLE_TILED if is_tiled else 0)
    flags |= _LONG_NAMES if any(len(name) > _SHORT_NAME for name in _list_names(attributes)) else 0
    head = [MAGIC, struct.pack("<I", flags)]
    for name, (kind, content) in attributes.items():
        head.append(name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(content)) + content)
    head.append(b"\0")
    at = sum(map(len, head)) + 8 * len(chunks)
    offsets = []
    for chunk in chunks:
        offsets.append(at)
        at += len(chunk)
    return b"".join([*head, struct.pack(f"<{len(offsets)}Q", *offsets), *chunks])


def _list_names(attributes: Mapping[str, tuple[str, bytes]]) -> list[bytes]:
    """Return the names of attributes and of channels."""
    return [*(name.encode() for name in attributes), *(c.name.encode() for c in _parse_channels(attributes))]


def build_channels(channels: Sequence[Channel]) -> bytes:
    """Return the attribute that lists channels, which are sorted by name."""
    listed = [
        each.name.encode() + b"\0" + struct.pack("<iB3xii", each.kind, 0, each.across, each.down) for each in channels
    ]
    return b"".join(listed) + b"\0"


def extract_part(data: bytes, file: ExrFile, index: int) -> bytes:
    """Return a part with its checked chunks as a file of its own; of tiles of several sizes the largest alone."""
    part = file.parts[index]
    kept = {name: each for name, each in part.attributes.items() if name not in ("name", "chunkCount", "view")}
    kept["type"] = ("string", part.kind.encode())
    chunks = find_chunks(data, file, index)
    if part.is_tiled:
        kept["tiles"] = ("tiledesc", part.attributes["tiles"][1][:8] + b"\0")
        chunks = [chunk for chunk in chunks if chunk[8:16] == bytes(8)]  # of the first level
    return build_file(kept, chunks, is_tiled=part.is_tiled)


def count_bytes(part: Part) -> int:
    """Return the bytes of all samples of a part."""
    return part.data.width * part.data.height * sum(_SAMPLE_BYTES[channel.kind] for channel in part.channels)


def _parse_attributes(data: bytes, at: int) -> tuple[dict[str, tuple[str, bytes]], int]:
    found: dict[str, tuple[str, bytes]] = {}
    while data[at : at + 1] != b"\0":
        name, at = _parse_name(data, at)
        kind, at = _parse_name(data, at)
        size = struct.unpack_from("<i", data, at)[0] if at + 4 <= len(data) else -1
        if size < 0 or at + 4 + size > len(data) or len(found) >= _MOST_ATTRIBUTES:
            raise ValueError(f"the header ends inside its attribute {name!r}")
        found.setdefault(name, (kind, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found, at + 1


def _parse_name(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at, at + LONGEST_NAME + 1)
    if end <= at:
        raise ValueError("the header is truncated, or a name in it is too long")
    return data[at:end].decode("utf-8", "replace"), end + 1


def _parse_part(attributes: Mapping[str, tuple[str, bytes]], *, is_tiled: bool, is_multipart: bool) -> Part:
    kind = _read_text(attributes, "type") if is_multipart or "type" in attributes else ""
    if not is_multipart and not kind.startswith("deep"):
        kind = "tiledimage" if is_tiled else "scanlineimage"
    compression = _unpack(attributes, "compression", "<B")[0]
    data, display = (Window(*_unpack(attributes, f"{name}Window", "<4i")) for name in ("data", "display"))
    for window in (data, display):
        if window.width < 1 or window.height < 1 or max(map(abs, _find_corners(window))) > _FARTHEST:
            raise ValueError(f"invalid window from {window.left}, {window.top} to {window.right}, {window.bottom}")
    aspect = _unpack(attributes, "pixelAspectRatio", "<f")[0] if "pixelAspectRatio" in attributes else 1.0
    colors = _unpack(attributes, "chromaticities", "<8f") if "chromaticities" in attributes else None
    channels = _parse_channels(attributes)
    name = _read_text(attributes, "name") if "name" in attributes else ""
    chunks = _count_chunks(attributes, kind, compression, data)
    return Part(name, kind, channels, compression, data, display, float(aspect), colors, attributes, chunks)


def _find_corners(window: Window) -> tuple[int, ...]:
    return window.left, window.top, window.right, window.bottom


def _count_chunks(attributes: Mapping[str, tuple[str, bytes]], kind: str, compression: int, data: Window) -> int:
    """Return how many chunks a part has, as its windows say, or as the file says for tiles of several sizes."""
    if kind == "scanlineimage" and compression in ROWS:
        count = -(-data.height // ROWS[compression])
    elif kind == "tiledimage":
        across, down, mode = _unpack(attributes, "tiles", "<IIB")
        count = _count_tiles(across, down, mode, data)
    else:
        count = _unpack(attributes, "chunkCount", "<i")[0] if "chunkCount" in attributes else 0
    if not 0 <= count <= _MOST_CHUNKS:
        raise ValueError(f"invalid number of chunks {count}")
    return int(count)


def _count_tiles(across: int, down: int, mode: int, data: Window) -> int:
    """Return how many tiles all levels have: one, halves of both sides, or of each side."""
    if not (0 < across <= 2**20 and 0 < down <= 2**20) or mode & 0xF > 2:
        raise ValueError(f"invalid tiles of {across} x {down} pixels")
    rounds_up = bool(mode >> 4)
    columns = [-(-side // across) for side in _list_sides(data.width, rounds_up)]
    rows = [-(-side // down) for side in _list_sides(data.height, rounds_up)]
    if mode & 0xF == 0:
        return columns[0] * rows[0]
    if mode & 0xF == 2:
        return sum(columns) * sum(rows)
    count = max(len(columns), len(rows))
    columns += [1] * (count - len(columns))
    rows += [1] * (count - len(rows))
    return sum(a * b for a, b in zip(columns, rows, strict=True))


def _list_sides(side: int, rounds_up: bool) -> list[int]:
    """Return a side and its halves, down to 1."""
    sides = [side]
    while sides[-1] > 1:
        sides.append((sides[-1] + rounds_up) // 2)
    return sides


def _parse_channels(attributes: Mapping[str, tuple[str, bytes]]) -> tuple[Channel, ...]:
    content, at, found = _find(attributes, "channels"), 0, {}
    while content[at : at + 1] not in (b"\0", b""):
        name, at = _parse_name(content, at)
        if at + 16 > len(content):
            raise ValueError("the list of channels is truncated")
        kind, _, across, down = struct.unpack_from("<iB3xii", content, at)
        at += 16
        if kind not in _SAMPLE_BYTES or across < 1 or down < 1:
            raise ValueError(f"invalid channel {name!r}")
        found[name] = Channel(name, kind, across, down)
        if len(found) > _MOST_CHANNELS:
            raise UnsupportedError(f"a part of more than {_MOST_CHANNELS} channels is not supported")
    if not found:
        raise ValueError("a part has no channels")
    return tuple(found.values())


def _find(attributes: Mapping[str, tuple[str, bytes]], name: str) -> bytes:
    if name not in attributes:
        raise ValueError(f"the header lacks {name!r}")
    return attributes[name][1]


def _unpack(attributes: Mapping[str, tuple[str, bytes]], name: str, layout: str) -> tuple[Any, ...]:
    content = _find(attributes, name)
    if len(content) < struct.calcsize(layout):
        raise ValueError(f"the attribute {name!r} is truncated")
    return struct.unpack_from(layout, content)


def _read_text(attributes: Mapping[str, tuple[str, bytes]], name: str) -> str:
    return _find(attributes, name).decode("utf-8", "replace")
