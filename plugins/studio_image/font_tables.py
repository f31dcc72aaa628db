"""What a font file says of itself: its characters, their widths, and how far pairs of them move together.

Pillow's basic layout does not kern and its Raqm layout needs a system library, so that a poster would look
different on the next machine. These tables (OpenType 1.9: cmap formats 4 and 12, GPOS pair adjustment) make
Latin, Greek and Cyrillic text the same everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studio.api import MediaError


@dataclass(frozen=True)
class FontTables:
    """The tables of one font.

    Attributes:
        glyphs: Glyph by character.
        units: Font units per em.
        advances: Width by glyph in font units; glyphs beyond the end have the last one.
        ascent: Top of the line above its base, in em.
        descent: Bottom of the line below its base, in em, positive.
        cap_height: Height of capitals in em.
        kerning: Move in font units by (left glyph, right glyph), filled as pairs are asked for.
    """

    glyphs: dict[int, int]
    units: int
    advances: tuple[int, ...]
    ascent: float
    descent: float
    cap_height: float
    pair_tables: tuple[PairTable, ...]
    kerning: dict[tuple[int, int], int] = field(default_factory=dict)

    def holds(self, character: str) -> bool:
        """Say whether the font has a glyph for a character."""
        return ord(character) in self.glyphs

    def find_advance(self, character: str) -> float:
        """Return the width of a character in em."""
        glyph = self.glyphs.get(ord(character), 0)
        return self.advances[min(glyph, len(self.advances) - 1)] / self.units

    def find_kerning(self, left: str, right: str) -> float:
        """Return how far the right character moves towards the left one, in em (negative: closer)."""
        pair = (self.glyphs.get(ord(left), 0), self.glyphs.get(ord(right), 0))
        if pair not in self.kerning:
            moves = (table.find_move(*pair) for table in self.pair_tables)
            self.kerning[pair] = next((move for move in moves if move is not None), 0)
        return self.kerning[pair] / self.units


@dataclass(frozen=True)
class PairTable:
    """One lookup subtable of GPOS, type 2: by pairs, or by classes of glyphs."""

    first: frozenset[int]
    pairs: dict[tuple[int, int], int]
    left_classes: dict[int, int]
    right_classes: dict[int, int]
    class_moves: dict[tuple[int, int], int]
    by_class: bool

    def find_move(self, left: int, right: int) -> int | None:
        """Return the move of a pair in font units, or None where the next subtable decides."""
        if left not in self.first:
            return None
        if not self.by_class:
            return self.pairs.get((left, right))
        return self.class_moves.get((self.left_classes.get(left, 0), self.right_classes.get(right, 0)), 0)


def parse_font(data: bytes) -> FontTables:
    """Read the tables of an OpenType or TrueType font; ValueError if it is not one."""
    try:
        start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
        (count,) = struct.unpack_from(">H", data, start + 4)
        tables = {
            data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0]
            for at in range(start + 12, start + 12 + 16 * count, 16)
        }
        units = max(1, struct.unpack_from(">H", data, tables[b"head"] + 18)[0])
        ascent, descent = struct.unpack_from(">hh", data, tables[b"hhea"] + 4)
        (wide,) = struct.unpack_from(">H", data, tables[b"hhea"] + 34)
        advances = struct.unpack_from(">" + "Hh" * wide, data, tables[b"hmtx"])[::2]
        glyphs = _parse_cmap(data, tables[b"cmap"])
        pair_tables = tuple(_parse_gpos(data, tables[b"GPOS"])) if b"GPOS" in tables else ()
        cap_height = _find_cap_height(data, tables) / units or 0.7
    except (struct.error, KeyError, IndexError) as error:
        raise ValueError(f"not an OpenType font: {error}") from None
    if not glyphs or not advances:
        raise ValueError("a font without characters")
    return FontTables(glyphs, units, advances, ascent / units, -descent / units, cap_height, pair_tables)


def read_font_file(file: Path) -> tuple[bytes, FontTables]:
    """Return the bytes of a font file and its tables.

    Raises:
        MediaError: E508 if the file is not a font.
    """
    try:
        data = file.read_bytes()
        return data, parse_font(data)
    except (ValueError, OSError) as error:
        raise MediaError(
            "E508",
            f"cannot use {file.name!r} as a font: {error}",
            hint="give a TrueType or OpenType file (.ttf, .otf)",
        ) from None


def _find_cap_height(data: bytes, tables: dict[bytes, int]) -> int:
    """Return it in font units; 0 where the font does not say."""
    at = tables.get(b"OS/2", 0)
    if not at or struct.unpack_from(">H", data, at)[0] < 2:
        return 0
    return int(struct.unpack_from(">h", data, at + 88)[0])


def _parse_cmap(data: bytes, start: int) -> dict[int, int]:
    (count,) = struct.unpack_from(">H", data, start + 2)
    glyphs: dict[int, int] = {}
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * index)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            (kind,) = struct.unpack_from(">H", data, start + offset)
            if kind == 4:
                glyphs.update(_parse_segments(data, start + offset))
            elif kind == 12:
                glyphs.update(_parse_groups(data, start + offset))
    return glyphs


def _parse_segments(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    half = struct.unpack_from(">H", data, at + 6)[0]  # twice the number of segments
    for index in range(0, half, 2):
        (end,) = struct.unpack_from(">H", data, at + 14 + index)
        (first,) = struct.unpack_from(">H", data, at + 16 + half + index)
        (delta,) = struct.unpack_from(">H", data, at + 16 + 2 * half + index)
        place = at + 16 + 3 * half + index
        (offset,) = struct.unpack_from(">H", data, place)
        for code in range(first, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", data, place + offset + 2 * (code - first))
            if offset == 0 or glyph:
                glyph = (glyph + delta) & 0xFFFF
            if glyph:
                yield code, glyph


def _parse_groups(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", data, at + 12)
    for index in range(count):
        first, end, glyph = struct.unpack_from(">III", data, at + 16 + 12 * index)
        for code in range(first, min(end, 0x10FFFF) + 1):
            yield code, glyph + code - first


def _parse_gpos(data: bytes, start: int) -> Iterator[PairTable]:
    _, _, _, features, lookups = struct.unpack_from(">HHHHH", data, start)
    wanted: set[int] = set()
    for index in range(struct.unpack_from(">H", data, start + features)[0]):
        tag, offset = struct.unpack_from(">4sH", data, start + features + 2 + 6 * index)
        if tag == b"kern":
            wanted.update(_read_shorts(data, start + features + offset + 4, counted_at=start + features + offset + 2))
    places = _read_shorts(data, start + lookups + 2, counted_at=start + lookups)
    for index in sorted(wanted):
        lookup = start + lookups + places[index]
        (kind,) = struct.unpack_from(">H", data, lookup)
        for offset in _read_shorts(data, lookup + 6, counted_at=lookup + 4):
            at = lookup + offset
            if kind == 9:  # an extension: the subtable lies further away
                inner, far = struct.unpack_from(">HI", data, at + 2)
                if inner == 2:
                    yield _parse_pairs(data, at + far)
            elif kind == 2:
                yield _parse_pairs(data, at)


def _read_shorts(data: bytes, at: int, *, counted_at: int) -> tuple[int, ...]:
    (count,) = struct.unpack_from(">H", data, counted_at)
    return struct.unpack_from(f">{count}H", data, at)


def _parse_pairs(data: bytes, at: int) -> PairTable:
    kind, coverage, left_format, right_format = struct.unpack_from(">HHHH", data, at)
    first = _parse_coverage(data, at + coverage)
    left_size, right_size = left_format.bit_count() * 2, right_format.bit_count() * 2
    step = left_size + right_size
    # the horizontal advance is the third value, where present
    advance = (left_format & 0b11).bit_count() * 2 if left_format & 0b100 else None
    if kind == 1:
        return PairTable(frozenset(first), dict(_parse_pair_sets(data, at, first, step, advance)), {}, {}, {}, False)
    left, right, left_count, right_count = struct.unpack_from(">HHHH", data, at + 8)
    moves: dict[tuple[int, int], int] = {}
    if advance is not None:
        for index in range(left_count * right_count):
            (move,) = struct.unpack_from(">h", data, at + 16 + index * step + advance)
            if move:
                moves[divmod(index, right_count)] = move
    classes = (_parse_classes(data, at + left), _parse_classes(data, at + right))
    return PairTable(frozenset(first), {}, *classes, moves, True)


def _parse_pair_sets(
    data: bytes, at: int, first: list[int], step: int, advance: int | None
) -> Iterator[tuple[tuple[int, int], int]]:
    for left, offset in zip(first, _read_shorts(data, at + 10, counted_at=at + 8), strict=True):
        (count,) = struct.unpack_from(">H", data, at + offset)
        for index in range(count):
            place = at + offset + 2 + index * (2 + step)
            (right,) = struct.unpack_from(">H", data, place)
            yield (left, right), 0 if advance is None else struct.unpack_from(">h", data, place + 2 + advance)[0]


def _parse_coverage(data: bytes, at: int) -> list[int]:
    (kind,) = struct.unpack_from(">H", data, at)
    if kind == 1:
        return list(_read_shorts(data, at + 4, counted_at=at + 2))
    glyphs: list[int] = []
    for index in range(struct.unpack_from(">H", data, at + 2)[0]):
        first, end, _ = struct.unpack_from(">HHH", data, at + 4 + 6 * index)
        glyphs.extend(range(first, end + 1))
    return glyphs


def _parse_classes(data: bytes, at: int) -> dict[int, int]:
    (kind,) = struct.unpack_from(">H", data, at)
    if kind == 1:
        (first,) = struct.unpack_from(">H", data, at + 2)
        return dict(enumerate(_read_shorts(data, at + 6, counted_at=at + 4), first))
    classes: dict[int, int] = {}
    for index in range(struct.unpack_from(">H", data, at + 2)[0]):
        first, end, number = struct.unpack_from(">HHH", data, at + 4 + 6 * index)
        classes.update(dict.fromkeys(range(first, end + 1), number))
    return classes
