"""Headings of a contact sheet: a text above each column and one beside each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio_image.color import Color
from studio_image.draw_text import paint, render_block
from studio_image.pixels import FloatArray
from studio_image.typeset import Block, Font, Style, set_block

_LARGER = 1.15  # than a label


@dataclass(frozen=True)
class Headings:
    """Headings as set.

    Attributes:
        columns: Text above each column; None for none.
        rows: Text beside each row; None for none.
        left: Pixels that the rows' headings take at the left of the sheet.
        top: Pixels that the columns' headings take at the top of the sheet.
    """

    columns: Sequence[Block | None]
    rows: Sequence[Block | None]
    left: int
    top: int

    @property
    def blocks(self) -> list[Block]:
        """All headings."""
        return [block for block in (*self.columns, *self.rows) if block is not None]


def set_headings(
    columns: Sequence[str], rows: Sequence[str], fonts: tuple[Font, ...], label_size: float, cell: tuple[int, int]
) -> Headings:
    """Set headings: those of columns at most as wide as a cell, those of rows as three quarters of one."""
    style = Style(fonts, _LARGER * label_size)
    above = [set_label(text, style, cell[0]) for text in columns]
    beside = [set_label(text, style, 0.75 * cell[0]) for text in rows]
    wide = max((block.width for block in beside if block), default=0.0)
    high = max((block.last_base for block in above if block), default=-1.0)
    left = math.ceil(wide + 0.9 * style.size) if wide else 0
    top = math.ceil(high + 1.8 * style.size) if high >= 0 else 0
    return Headings(above, beside, left, top)


def draw_headings(
    sheet: FloatArray, headings: Headings, margin: int, cell: tuple[int, int], pitch: tuple[int, int], color: Color
) -> None:
    """Draw headings centered above their columns, and beside the middle of the cells of their rows."""
    for index, block in enumerate(headings.columns):
        if block is not None:
            middle = margin + headings.left + index * pitch[0] + cell[0] / 2
            top = margin + 0.3 * block.style.size
            paint(sheet, render_block(block, "center"), round(middle - block.width / 2), round(top), color)
    for index, block in enumerate(headings.rows):
        if block is not None:
            right = margin + headings.left - 0.9 * block.style.size
            base = margin + headings.top + index * pitch[1] + (cell[1] + block.cap_height - block.last_base) / 2
            paint(sheet, render_block(block, "right"), round(right - block.width), round(base - block.ascent), color)


def set_label(text: str, style: Style, width: float) -> Block | None:
    """Set a label on one line, smaller if it must be, else on several; None for an empty one."""
    text = " ".join(text.split())
    if not text:
        return None
    for factor in (1.0, 0.9, 0.8):
        smaller = replace(style, size=max(style.size * factor, min(style.size, 8.0)))
        block = set_block(text, smaller)
        if block.width <= width:
            return block
    return set_block(text, smaller, width, balanced=True)
