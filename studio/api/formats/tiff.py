"""TIFF tags: the first directory of a TIFF file or of EXIF data, parsed within bounds, and directories built."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.api.formats.png import count_inflated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, ORIENTATION, SAMPLES, ROWS, STRIP_BYTES, PLANAR = 273, 274, 277, 278, 279, 284
FILL_ORDER, INK_SET, COLOR_MAP = 266, 332, 320
SOFTWARE, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, EXTRA, SAMPLE_FORMAT = 305, 317, 322, 323, 338, 339
TILE_STARTS, TILE_BYTES, XMP, ICC = 324, 325, 700, 34675
_DEFLATE = (8, 32946)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_TURNED = bytes(int(f"{number:08b}"[::-1], 2) for number in range(256))
_MOST_ENTRIES, _MOST_IMAGES = 4096, 1000


@dataclass(frozen=True)
class Entry:
    """One tag: its type, its count and its raw bytes in the file's byte order."""

    kind: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Directory:
    """The tags of the first directory.

    Attributes:
        order: "<" or ">".
        big: Whether offsets have 64 bits (BigTIFF).
        entries: The tags that are whole; others are left out.
    """

    order: str
    big: bool
    entries: Mapping[int, Entry]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return the whole numbers of a tag, () if it is missing or holds something else."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _LETTERS:
            return ()
        return struct.unpack(f"{self.order}{entry.count}{_LETTERS[entry.kind]}", entry.data)

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first whole number of a tag."""
        return (self.numbers(tag) or (default,))[0]


def parse_directory(data: bytes) -> Directory:
    """Parse the first directory; ValueError if there is none."""
    order, big = _parse_head(data)
    start = struct.unpack(f"{order}{'Q' if big else 'I'}", data[8:16] if big else data[4:8])[0]
    letter, width = ("Q", 8) if big else ("H", 2)
    if start + width > len(data):
        raise ValueError("the directory of tags lies outside the file")
    count = struct.unpack_from(f"{order}{letter}", data, start)[0]
    entries: dict[int, Entry] = {}
    for index in range(min(count, _MOST_ENTRIES)):
        parsed = _parse_entry(data, start + width + index * (20 if big else 12), order, big)
        if parsed:
            entries.setdefault(*parsed)
    return Directory(order, big, entries)


def count_images(data: bytes) -> int:
    """Return how many images a file has one after another, up to 1000; ValueError for data that is not TIFF."""
    order, big = _parse_head(data)
    letter, entry_bytes = ("Q", 20) if big else ("H", 12)
    at, seen = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0], set[int]()
    while at and at not in seen and at + struct.calcsize(letter) <= len(data) and len(seen) < _MOST_IMAGES:
        seen.add(at)
        end = at + struct.calcsize(letter) + struct.unpack_from(f"{order}{letter}", data, at)[0] * entry_bytes
        after = data[end : end + (8 if big else 4)]
        at = struct.unpack(f"{order}{'Q' if big else 'I'}", after)[0] if len(after) == (8 if big else 4) else 0
    return len(seen)


def _parse_head(data: bytes) -> tuple[str, bool]:
    """Return the byte order and whether offsets have 64 bits."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        raise ValueError("not TIFF data")
    version = struct.unpack(f"{order}H", data[2:4])[0]
    if version not in (42, 43) or (version == 43 and len(data) < 16):
        raise ValueError("not TIFF data")
    return order, version == 43


@dataclass(frozen=True)
class Grid:
    """How an image is cut into strips or tiles.

    Attributes:
        tiled: Whether into tiles.
        columns: Columns of each strip or tile.
        rows: Rows of each strip or tile; the last strip may have fewer.
        planes: How often the image is cut: once, or once for each sample.
        row_bytes: Bytes of one row of a strip or tile.
    """

    tiled: bool
    columns: int
    rows: int
    planes: int
    row_bytes: int


def check_parts(data: bytes, directory: Directory) -> None:
    """Raise ValueError for strips, tiles or tags that contradict each other.

    libtiff would report them on the standard error.
    """
    _check_samples(directory)
    grid = find_grid(directory)
    width, height = directory.number(WIDTH), directory.number(HEIGHT)
    compression = directory.number(COMPRESSION, 1)
    turn = find_turn(directory)
    starts = directory.numbers(TILE_STARTS if grid.tiled else STRIPS)
    lengths = directory.numbers(TILE_BYTES if grid.tiled else STRIP_BYTES)
    count = -(-width // grid.columns) * -(-height // grid.rows) * grid.planes
    if len(starts) != count or (len(lengths) != count and not (compression == 1 and not lengths)):
        raise ValueError(f"there are {len(starts)} strips or tiles, {count} are needed")
    for index, (start, length) in enumerate(zip(starts, lengths, strict=False)):
        needed = grid.row_bytes * _count_rows(grid, height, index)
        _check_part(data, start, length, needed, compression, turn)


def _check_part(
    data: bytes, start: int, length: int, needed: int, compression: int, turn: Callable[[bytes], bytes]
) -> None:
    """Raise ValueError for a strip or tile that lies outside the file or inflates to less than `needed` bytes."""
    if start + length > len(data) or (compression == 1 and length < 1):
        raise ValueError("the file is truncated: a strip lies outside")
    if compression in _DEFLATE and count_inflated(turn(data[start : start + length]), needed) < needed:
        raise ValueError("the file is truncated: a strip is too short")


def find_turn(directory: Directory) -> Callable[[bytes], bytes]:
    """Return what turns stored bytes round where their lowest bit comes first (FillOrder 2), else keeps them."""
    return (lambda stored: stored.translate(_TURNED)) if directory.number(FILL_ORDER, 1) == 2 else bytes


def _check_samples(directory: Directory) -> None:
    """Raise ValueError for tags about the samples that contradict each other."""
    samples, bits, planar = directory.number(SAMPLES, 1), directory.number(BITS, 1), directory.number(PLANAR, 1)
    predictor = directory.number(PREDICTOR, 1)
    if not 1 <= samples <= 8 or not 1 <= bits <= 64 or planar not in (1, 2) or predictor not in (1, 2, 3):
        raise ValueError("the tags about the samples contradict each other")
    if (predictor == 2 and bits not in (8, 16, 32, 64)) or (predictor == 3 and directory.number(SAMPLE_FORMAT) != 3):
        raise ValueError("the predictor does not fit the samples")


def find_grid(directory: Directory) -> Grid:
    """Return how the image is cut; ValueError for strips or tiles without columns or rows."""
    height = directory.number(HEIGHT)
    tiled = TILE_WIDTH in directory.entries
    columns = directory.number(TILE_WIDTH if tiled else WIDTH)
    rows = directory.number(TILE_HEIGHT) if tiled else min(directory.number(ROWS, height), height)
    if columns < 1 or rows < 1:
        raise ValueError("strips or tiles are empty")
    samples, bits = directory.number(SAMPLES, 1), directory.number(BITS, 1)
    together = directory.number(PLANAR, 1) == 1  # samples of a pixel stand side by side
    row_bytes = (columns * bits * (samples if together else 1) + 7) // 8
    return Grid(tiled, columns, rows, 1 if together else samples, row_bytes)


def _count_rows(grid: Grid, height: int, index: int) -> int:
    """Return the rows of a strip or tile; only the last strip of a plane has fewer than the others."""
    down = -(-height // grid.rows)
    return grid.rows if grid.tiled else min(grid.rows, height - index % down * grid.rows)


def find_orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, in EXIF data; 1 if it is missing or damaged."""
    if exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    try:
        value = parse_directory(exif).number(ORIENTATION, 1)
    except ValueError:
        return 1
    return value if 1 <= value <= 8 else 1


def rebuild(data: bytes, directory: Directory, tags: frozenset[int]) -> bytes:
    """Return the file with a first and only directory that has just these tags: what a decoder needs, and no more."""
    kept = {tag: entry for tag, entry in directory.entries.items() if tag in tags}
    padding = b"\0" * (len(data) % 2)
    body = _build(kept, directory.order, directory.big, len(data) + len(padding))
    where = struct.pack(f"{directory.order}{'Q' if directory.big else 'I'}", len(data) + len(padding))
    return data[: 8 if directory.big else 4] + where + data[16 if directory.big else 8 :] + padding + body


def pack_numbers(order: str, kind: int, letter: str, numbers: tuple[int, ...]) -> Entry:
    """Return a tag of whole numbers: its type, and the letter of that type for `struct`."""
    return Entry(kind, len(numbers), struct.pack(f"{order}{len(numbers)}{letter}", *numbers))


def build_tags(tags: Mapping[int, tuple[int, ...] | bytes | Entry], start: int) -> bytes:
    """Return a little-endian directory that will lie at `start`.

    Tuples become 32-bit numbers (16-bit where all fit), bytes ending in 0 become text, other bytes stay bytes, and
    entries stay as they are.
    """
    entries: dict[int, Entry] = {}
    for tag, value in tags.items():
        if isinstance(value, Entry):
            entries[tag] = value
        elif isinstance(value, bytes):
            entries[tag] = Entry(2 if value.endswith(b"\0") else 7, len(value), value)
        else:
            short = max(value) < 65_536
            entries[tag] = pack_numbers("<", 3 if short else 4, "H" if short else "I", value)
    return _build(entries, "<", False, start)


def _parse_entry(data: bytes, at: int, order: str, big: bool) -> tuple[int, Entry] | None:
    layout, inline = (f"{order}HHQ", 8) if big else (f"{order}HHI", 4)
    value_at = at + struct.calcsize(layout)
    if value_at + inline > len(data):
        return None
    tag, kind, count = struct.unpack_from(layout, data, at)
    length = _SIZES.get(kind, 0) * count
    if not length:
        return None
    if length > inline:
        value_at = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, value_at)[0]
    if value_at + length > len(data):
        return None
    return tag, Entry(kind, count, data[value_at : value_at + length])


def _build(entries: Mapping[int, Entry], order: str, big: bool, start: int) -> bytes:
    layout, inline = (f"{order}HHQ", 8) if big else (f"{order}HHI", 4)
    offset = f"{order}{'Q' if big else 'I'}"
    head = struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))
    size = len(head) + len(entries) * (20 if big else 12) + inline
    rows, blobs = b"", b""
    for tag, entry in sorted(entries.items()):
        value = entry.data.ljust(inline, b"\0")
        if len(value) > inline:
            value = struct.pack(offset, start + size + len(blobs))
            blobs += entry.data + b"\0" * (len(entry.data) % 2)
        rows += struct.pack(layout, tag, entry.kind, entry.count) + value
    return head + rows + b"\0" * inline + blobs
