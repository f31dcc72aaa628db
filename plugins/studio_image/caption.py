"""Captions that make an image a poster: a band, a gradient over the image, or a print with a paper margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from studio.api import parse_color
from studio_image.bounds import check_size
from studio_image.color import Color, choose_ink, mix_colors
from studio_image.draw_text import open_canvas, paint, paint_box, render_block
from studio_image.pixels import FloatArray, compute_luma, match_channels
from studio_image.typeset import Align, Block, Font, Style, fit_block

CaptionStyle = Literal["band", "overlay", "print"]
Position = Literal["top", "bottom"]

_PAPER: Color = (0.965, 0.953, 0.922, 1.0)
_NIGHT: Color = (0.03, 0.03, 0.04, 1.0)
_TITLE_SIZE = 0.074  # of the shorter side, or of 0.8 of the longer one
_SUBTITLE_SIZE = 0.36  # of the title's size
_SMALLEST_SUBTITLE = 0.022  # of the width
_SUBTITLE_TRACKING = 0.16


@dataclass(frozen=True)
class Words:
    """A title and a subtitle as they were set, and the room between them; lengths in pixels."""

    title: Block
    subtitle: Block | None
    rule_gap: float
    subtitle_gap: float

    @property
    def height(self) -> float:
        """From the top of the title's capitals to the base of the last line."""
        height = self.title.cap_height + self.title.last_base
        if self.subtitle is not None:
            height += self.rule_gap + self.subtitle_gap + self.subtitle.cap_height + self.subtitle.last_base
        return height


@dataclass(frozen=True)
class Look:
    """How a caption looks; see `image.caption` for the meaning of each."""

    kind: CaptionStyle
    position: Position
    align: Align
    size: float
    band_color: str
    text_color: str


def add_caption(
    pixels: FloatArray,
    title: str,
    subtitle: str,
    look: Look,
    title_fonts: tuple[Font, ...],
    subtitle_fonts: tuple[Font, ...],
) -> tuple[FloatArray, list[Block]]:
    """Add a caption to an image; return the result and the blocks of text as they were set."""
    rows, columns = pixels.shape[:2]
    margin = (0.045 if look.kind == "print" else 0.06) * min(columns, 1.25 * rows)
    size = (look.size or _TITLE_SIZE) * (columns if look.size else min(columns, 0.8 * max(columns, rows), 1.25 * rows))
    words = _set_words(title, subtitle, size, columns, rows, margin, look, title_fonts, subtitle_fonts)
    ground = _choose_ground(pixels, look)
    ink = choose_ink(ground) if look.text_color == "auto" else parse_color(look.text_color)
    if look.kind == "overlay":
        canvas, top = _shade(pixels, words, ground, ink, margin, look.position)
        left, width = margin, columns - 2 * margin
    else:
        canvas, left, top, width = _attach(pixels, words, ground, ink, margin, look)
    _paint_words(canvas, words, left, top, width, ink, ground, look.align)
    return canvas, [words.title] + ([words.subtitle] if words.subtitle else [])


def _set_words(
    title: str,
    subtitle: str,
    size: float,
    columns: int,
    rows: int,
    margin: float,
    look: Look,
    title_fonts: tuple[Font, ...],
    subtitle_fonts: tuple[Font, ...],
) -> Words:
    width = max(columns - 2 * margin, 1.0) if look.kind != "print" else float(columns)
    room = 0.42 * rows if look.kind == "overlay" else max(0.6 * rows, 4.0 * size)
    capitals = title_fonts[0].tables.find_advance("a") == title_fonts[0].tables.find_advance("A")
    style = Style(title_fonts, max(size, 1.0), 0.02 if capitals else 0.0, 1.0 if capitals else 1.12)
    block = fit_block(title.strip(), style, width, most_lines=3, most_height=room, smallest=max(0.25 * size, 1.0))
    size = block.style.size
    if not subtitle.strip():
        return Words(block, None, 0.0, 0.0)
    small = max(_SUBTITLE_SIZE * size, min(max(_SMALLEST_SUBTITLE * columns, 9.0), 0.6 * size), 1.0)
    line = Style(subtitle_fonts, small, _SUBTITLE_TRACKING, 1.5)
    below = fit_block(
        subtitle.strip().upper(), line, width, most_lines=2, most_height=room, smallest=max(0.5 * small, 1.0)
    )
    return Words(block, below, 0.62 * size, 0.52 * size)


def _choose_ground(pixels: FloatArray, look: Look) -> Color:
    if look.band_color != "auto":
        return parse_color(look.band_color)
    if look.kind == "print":
        return _PAPER
    return _find_shade(pixels)


def _find_shade(pixels: FloatArray) -> Color:
    """Return a deep shade of the image's own darker half, so that a band belongs to the image."""
    luma = compute_luma(pixels)
    colors = match_channels(pixels, 3)[:, :, :3][luma <= np.median(luma)]
    red, green, blue = (float(c) for c in colors.mean(axis=0, dtype=np.float64))
    grey = (red + green + blue) / 3
    red, green, blue = (max(grey + 2.0 * (c - grey), 0.0) for c in (red, green, blue))
    strength = min(1.0, 0.17 / max(red, green, blue, 0.01))
    return mix_colors((red * strength, green * strength, blue * strength, 1.0), _NIGHT, 0.2)


def _shade(
    pixels: FloatArray, words: Words, ground: Color, ink: Color, margin: float, position: Position
) -> tuple[FloatArray, float]:
    """Let the ground rise over the image's edge; return the canvas and where the words begin."""
    canvas = open_canvas(pixels, [ground, ink])
    rows = canvas.shape[0]
    reach = min(float(rows), 1.25 * words.height + 3.2 * margin)
    depth = (np.arange(rows) + 0.5) / reach
    depth = np.clip(1.0 - depth if position == "top" else 1.0 - depth[::-1], 0.0, 1.0)
    cover = np.float32(0.90) * (depth**2 * (3 - 2 * depth)) ** 0.8
    color = np.array(ground[:1] if canvas.shape[2] == 1 else ground[:3], np.float32)
    area = canvas[:, :, : len(color)]
    area += (color - area) * (cover.astype(np.float32)[:, None, None] * np.float32(ground[3]))
    top = margin if position == "top" else rows - margin - words.height
    return canvas, top


def _attach(
    pixels: FloatArray, words: Words, ground: Color, ink: Color, margin: float, look: Look
) -> tuple[FloatArray, float, float, float]:
    """Add room for the words; return the canvas, and left, top and width of their column."""
    rows, columns = pixels.shape[:2]
    mat = round(margin) if look.kind == "print" else 0
    room = words.title.style.size * (0.95 if look.kind == "band" else 0.75)
    above = round(max(room, mat) if look.kind == "print" else room)
    below = round(max(room + 0.05 * words.title.style.size, mat * 1.15) if look.kind == "print" else room)
    band = above + round(words.height) + below
    width, height = columns + 2 * mat, rows + mat + band
    check_size(width, height)
    image = open_canvas(pixels, [ground, ink])
    if ground[3] < 1.0:
        image = match_channels(image, 4)
    canvas = np.empty((height, width, image.shape[2]), np.float32)
    canvas[...] = np.array((ground[0], *ground[1:3], ground[3])[: image.shape[2]], np.float32)
    top = mat if look.position == "bottom" else band
    canvas[top : top + rows, mat : mat + columns] = image
    start = mat + rows + above if look.position == "bottom" else above
    inset = 0.0 if look.kind == "print" else margin
    return canvas, mat + inset, float(start), columns - 2 * inset


def _paint_words(
    canvas: FloatArray, words: Words, left: float, top: float, width: float, ink: Color, ground: Color, align: Align
) -> None:
    _paint_block(canvas, words.title, left, top, width, ink, align)
    if words.subtitle is None:
        return
    size = words.title.style.size
    middle = top + words.title.cap_height + words.title.last_base + words.rule_gap
    quiet = _replace_alpha(mix_colors(ink, ground, 0.28), ink[3])
    length, weight = min(1.1 * size, width), max(1.0, round(0.035 * size))
    start = left + {"left": 0.0, "center": (width - length) / 2, "right": width - length}[align]
    paint_box(canvas, round(start), round(middle - weight / 2), round(length), weight, quiet)
    _paint_block(canvas, words.subtitle, left, middle + words.subtitle_gap, width, quiet, align)


def _replace_alpha(color: Color, alpha: float) -> Color:
    """Return a color with another alpha."""
    return (*color[:3], alpha)


def _paint_block(
    canvas: FloatArray, block: Block, left: float, cap_top: float, width: float, color: Color, align: Align
) -> None:
    """Paint a block aligned in a column, the top of its first capitals at `cap_top`."""
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    x = left + (width - block.width) * share
    paint(canvas, render_block(block, align), round(x), round(cap_top + block.cap_height - block.ascent), color)
