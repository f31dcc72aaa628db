"""Text set into lines: fonts chosen character by character, kerned, tracked, wrapped, balanced, fitted."""

from __future__ import annotations

import functools
import io
import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PIL import ImageFont, features

from studio.api import MediaError
from studio.api.fonts import LABEL_FONT, UNIVERSAL_FONT
from studio_image.font_tables import FontTables, parse_font, read_font_file

FontName = Literal["sans", "sans_bold", "serif", "display", "universal"]
Align = Literal["left", "center", "right"]

_FOLDER = Path(__file__).parent / "fonts"
_FILES = {
    "sans": LABEL_FONT,
    "sans_bold": _FOLDER / "LeagueSpartan-Bold.otf",
    "serif": _FOLDER / "EBGaramond12-Regular.otf",
    "display": _FOLDER / "BebasNeue-Bold.otf",
    "universal": UNIVERSAL_FONT,
}
_FALLBACK = "\u25a1"  # drawn for a character that no font holds
_BREAKS_AFTER = "-\u2013\u2014/"
_SHAPED_BLOCKS = ((0x0900, 0x0DFF), (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF))


@dataclass(frozen=True, eq=False)
class Font:
    """A font file in memory: its bytes, for FreeType, and its tables."""

    data: bytes
    tables: FontTables


@dataclass(frozen=True)
class Style:
    """How text is set.

    Attributes:
        fonts: Fonts tried in this order for each character.
        size: Size of the em in pixels.
        tracking: Space added after each character, in em.
        leading: Distance of lines, in em.
    """

    fonts: tuple[Font, ...]
    size: float
    tracking: float = 0.0
    leading: float = 1.25


@dataclass(frozen=True)
class Piece:
    """Characters drawn in one go: a single one, or a whole line of a script that needs shaping."""

    text: str
    font: Font
    x: float
    shaped: bool = False


@dataclass(frozen=True)
class Line:
    """A line of pieces, measured in pixels from its left end."""

    pieces: tuple[Piece, ...]
    width: float


@dataclass(frozen=True)
class Block:
    """Lines set below each other.

    Attributes:
        lines: The lines.
        style: How they are set.
        width: Width of the widest line in pixels.
        missing: Characters that no font holds.
        unshaped: Whether a line would need a shaping library that is not there.
    """

    lines: tuple[Line, ...]
    style: Style
    width: float
    missing: str = ""
    unshaped: bool = False

    @property
    def ascent(self) -> float:
        """Pixels from the top of the first line to its base; some fonts leave much air above, which is cut."""
        tables = self.style.fonts[0].tables
        return min(tables.ascent, tables.cap_height + 0.12) * self.style.size

    @property
    def cap_height(self) -> float:
        """Height of capitals in pixels."""
        return self.style.fonts[0].tables.cap_height * self.style.size

    @property
    def last_base(self) -> float:
        """Pixels from the base of the first line to that of the last."""
        return (len(self.lines) - 1) * self.style.leading * self.style.size

    @property
    def height(self) -> float:
        """Pixels from the top of the first line to the bottom of the last."""
        return self.ascent + self.last_base + self.style.fonts[0].tables.descent * self.style.size


@functools.cache
def load_font(name: FontName) -> Font:
    """Load a font that ships with the plugin."""
    data = _FILES[name].read_bytes()
    return Font(data, parse_font(data))


def load_fonts(name: FontName, file: Path | None = None) -> tuple[Font, ...]:
    """Load a font, from the user's own file if given, with a fallback for the characters that it lacks.

    Raises:
        MediaError: E508 if the file is not a font.
    """
    own: tuple[Font, ...] = ()
    if file is not None:
        own = (Font(*read_font_file(file)),)
    names: list[FontName] = [name] if name == "universal" else [name, "universal"]
    return own + tuple(load_font(each) for each in names)


def clean_text(text: str) -> str:
    """Compose accents (Unicode NFC), unify line ends, turn tabs into spaces, drop control characters."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) != "Cc")


def set_block(text: str, style: Style, width: float | None = None, *, balanced: bool = False) -> Block:
    """Set text; lines over the width (pixels) are wrapped, and balanced to near equal lengths if asked for."""
    missing: dict[str, None] = {}
    unshaped = False
    lines: list[Line] = []
    for paragraph in clean_text(text).split("\n"):
        for part in _wrap(paragraph, style, width, balanced=balanced):
            line, lacking = _set_line(part, style)
            lines.append(line)
            missing.update(dict.fromkeys(lacking))
            unshaped = unshaped or (_needs_shaping(part) and not _can_shape())
    return Block(tuple(lines), style, max(line.width for line in lines), "".join(missing), unshaped)


def fit_block(text: str, style: Style, width: float, *, most_lines: int, most_height: float, smallest: float) -> Block:
    """Set text at the style's size, or the largest smaller one at which it fits width, lines and height."""
    size = style.size
    while True:
        fitted = Style(style.fonts, size, style.tracking, style.leading)
        block = set_block(text, fitted, width, balanced=True)
        fits = len(block.lines) <= max(most_lines, text.count("\n") + 1) and block.height <= most_height
        if size <= smallest or (fits and not splits_words(text, fitted, width)):
            return block
        size = max(smallest, size * 0.95)


def splits_words(text: str, style: Style, width: float) -> bool:
    """Say whether a word is wider than a width (pixels), so that it would be split between letters."""
    return any(_measure(word, style) > width for word in clean_text(text).split())


def _wrap(paragraph: str, style: Style, width: float | None, *, balanced: bool) -> list[str]:
    if width is None or _measure(paragraph, style) <= width:
        return [paragraph.rstrip()]
    parts = [piece for part in _split_at_breaks(paragraph) for piece in _split_long(part, style, width)]
    widths = [(_measure(part, style), _measure(part.rstrip(), style)) for part in parts]
    lines = _balance_lines(widths, width) if balanced else _fill_lines(widths, width)
    ends = [*lines[1:], len(parts)]
    return ["".join(parts[start:end]).rstrip() for start, end in zip(lines, ends, strict=True)]


def _balance_lines(widths: Sequence[tuple[float, float]], width: float) -> list[int]:
    """Return the index of each line's first part for the narrowest width that needs no further line."""
    lines = _fill_lines(widths, width)
    widest = max((bare for _, bare in widths), default=0.0)
    low, high = 0.0, width
    for _ in range(12):
        middle = (low + high) / 2
        tried = _fill_lines(widths, middle)
        if len(tried) == len(lines) and widest <= middle:
            high, lines = middle, tried
        else:
            low = middle
    return lines


def _fill_lines(widths: Sequence[tuple[float, float]], width: float) -> list[int]:
    """Return the index of each line's first part, as many parts to a line as fit."""
    starts, used = [0], 0.0
    for index, (full, bare) in enumerate(widths):
        if used and used + bare > width:
            starts.append(index)
            used = 0.0
        used += full
    return starts


def _split_at_breaks(text: str) -> Iterator[str]:
    start = 0
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place]
        wide = unicodedata.east_asian_width(before) in "WF" and unicodedata.category(after)[0] == "L"
        dash = before in _BREAKS_AFTER and after.isalpha()
        if (before.isspace() and not after.isspace() and before != "\u00a0") or dash or wide:
            yield text[start:place]
            start = place
    yield text[start:]


def _split_long(part: str, style: Style, width: float) -> Iterator[str]:
    """Cut a word that is wider than a line."""
    if _measure(part.rstrip(), style) <= width:
        yield part
        return
    start, used = 0, 0.0
    for place, character in enumerate(part):
        step = _measure(character, style) + style.tracking * style.size
        if place > start and used + step > width:
            yield part[start:place]
            start, used = place, 0.0
        used += step
    yield part[start:]


def _measure(text: str, style: Style) -> float:
    return _set_line(text, style)[0].width


def _set_line(text: str, style: Style) -> tuple[Line, str]:
    if _needs_shaping(text):
        return _set_shaped_line(text, style)
    pieces: list[Piece] = []
    missing = ""
    x = 0.0
    last: Piece | None = None
    for character, font in _choose_fonts(text, style.fonts):
        if font is None and _is_ignorable(character):
            continue
        if font is None:
            missing += character
            piece = Piece(_FALLBACK, style.fonts[-1], x)
        else:
            piece = Piece(character, font, x)
        if last is not None:
            kerning = piece.font.tables.find_kerning(last.text, piece.text) if last.font is piece.font else 0.0
            x += (style.tracking + kerning) * style.size
            piece = replace(piece, x=x)
        if not character.isspace():
            pieces.append(piece)
        x += piece.font.tables.find_advance(piece.text) * style.size
        last = piece
    return Line(tuple(pieces), max(x, 0.0)), missing


def _set_shaped_line(text: str, style: Style) -> tuple[Line, str]:
    """Set a line with one font through Raqm, or, where that is missing, right to left without joining."""
    lacking = {font: [c for c in text if not font.tables.holds(c) and not _is_ignorable(c)] for font in style.fonts}
    font = min(style.fonts, key=lambda each: len(lacking[each]))
    missing = "".join(lacking[font])
    if missing:
        font = font if font.tables.holds(_FALLBACK) else style.fonts[-1]
        text = "".join(_FALLBACK if c in lacking[font] else c for c in text)
    if not _can_shape():
        text = text[::-1]
    return Line((Piece(text, font, 0.0, True),), _measure_shaped(text, font, style.size)), missing


def _measure_shaped(text: str, font: Font, size: float) -> float:
    return float(open_font(font, size, shaped=True).getlength(text))


def open_font(font: Font, size: float, *, shaped: bool = False) -> ImageFont.FreeTypeFont:
    """Open a font in FreeType at a size in pixels.

    Raises:
        MediaError: E508 if FreeType refuses it.
    """
    engine = ImageFont.Layout.RAQM if shaped and _can_shape() else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(io.BytesIO(font.data), size, layout_engine=engine)
    except OSError as error:
        raise MediaError(
            "E508", f"cannot use the font: {error}", hint="give a TrueType or OpenType file (.ttf, .otf)"
        ) from None


def _choose_fonts(text: str, fonts: Sequence[Font]) -> Iterator[tuple[str, Font | None]]:
    """Pair each character with the first font that holds its whole word, or else the character alone."""
    for word, letters in itertools.groupby(text, lambda c: c.isalpha() or unicodedata.category(c)[0] == "M"):
        characters = list(letters)
        whole = next((f for f in fonts if all(f.tables.holds(c) for c in characters)), None) if word else None
        for character in characters:
            yield character, whole or next((f for f in fonts if f.tables.holds(character)), None)


def _is_ignorable(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def _needs_shaping(text: str) -> bool:
    return not text.isascii() and any(
        unicodedata.bidirectional(c) in ("R", "AL", "AN") or any(a <= ord(c) <= b for a, b in _SHAPED_BLOCKS)
        for c in text
    )


@functools.cache
def _can_shape() -> bool:
    return bool(features.check("raqm"))


def warn_about(blocks: Sequence[Block], log: Callable[[str], None]) -> None:
    """Log which characters no font has, and where shaping was missing."""
    missing = "".join(dict.fromkeys("".join(block.missing for block in blocks)))
    if missing:
        names = ", ".join(f"{c} (U+{ord(c):04X} {unicodedata.name(c, 'unnamed').lower()})" for c in missing[:12])
        more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
        log(f"no font here has {names}{more}: drawn as empty boxes; give a font_file that has them")
    if any(block.unshaped for block in blocks):
        log("right-to-left or joined letters are drawn one by one: install the system library fribidi to join them")
