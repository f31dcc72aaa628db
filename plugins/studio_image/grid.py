"""Contact sheets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from studio.api import place_box
from studio_image.bounds import check_size
from studio_image.color import Color, choose_ink, count_channels, is_grey, mix_colors
from studio_image.draw_text import paint, render_block
from studio_image.headings import draw_headings, set_headings, set_label
from studio_image.pixels import FloatArray, match_channels
from studio_image.resize import cover_box, fit_size, resample
from studio_image.sheet_shape import choose_shape
from studio_image.typeset import Block, Font, Style, load_fonts

Fit = Literal["contain", "cover", "stretch"]


def make_grid(
    images: Sequence[FloatArray],
    labels: Sequence[str],
    *,
    columns: int | None,
    cell: tuple[int | None, int | None],
    gap: int,
    margin: int,
    background: Color,
    fit: Fit,
    fonts: tuple[Font, ...],
    label_size: float,
    step: Callable[[int, int], None],
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> tuple[FloatArray, list[Block]]:
    """Lay images out in rows, each in a cell of one size, labels below; return the sheet and the labels as set."""
    across, down = choose_shape(len(images), columns, row_labels, column_labels)
    width, height = _choose_cell(images, cell)
    size = label_size or max(9.0, min(0.055 * width, 40.0))
    set_labels = [set_label(label, Style(fonts, size), width) for label in labels]
    headings = set_headings(column_labels, row_labels, load_fonts("sans_bold"), size, (width, height))
    line_height = round(2.1 * size) if labels else 0
    label_height = line_height + math.ceil(max((block.last_base for block in set_labels if block), default=0.0))
    full = (
        2 * margin + headings.left + across * width + (across - 1) * gap,
        2 * margin + headings.top + down * (height + label_height) + (down - 1) * gap,
    )
    check_size(*full)
    ink = mix_colors(choose_ink(background), background, 0.15)
    written = bool(labels or headings.blocks)
    channels = max(count_channels(background), 3 if written and not is_grey(ink) else 1, *(p.shape[2] for p in images))
    sheet = np.empty((full[1], full[0], channels), np.float32)
    sheet[...] = np.array(background[:channels], np.float32)
    blocks: list[Block] = headings.blocks
    pitch = width + gap, height + label_height + gap
    draw_headings(sheet, headings, margin, (width, height), pitch, ink)
    for index, image in enumerate(images):
        row, column = divmod(index, across)
        left = margin + headings.left + column * pitch[0]
        top = margin + headings.top + row * pitch[1]
        _lay_image(sheet[top : top + height, left : left + width], image, fit)
        block = set_labels[index] if index < len(set_labels) else None
        if block is not None:
            base = top + height + round(0.62 * line_height + 0.5 * block.cap_height)
            letters = render_block(block, "center")
            paint(sheet, letters, round(left + (width - block.width) / 2), base - round(block.ascent), ink)
            blocks.append(block)
        step(index + 1, len(images))
    return sheet, blocks


def _choose_cell(images: Sequence[FloatArray], cell: tuple[int | None, int | None]) -> tuple[int, int]:
    """Return the size of a cell: as asked; a missing side follows the average shape; else the largest image."""
    width, height = cell
    if width is not None and height is not None:
        return width, height
    if width is None and height is None:
        return max(p.shape[1] for p in images), max(p.shape[0] for p in images)
    shape = sum(p.shape[1] / p.shape[0] for p in images) / len(images)
    if width is not None:
        return width, max(1, round(width / shape))
    assert height is not None
    return max(1, round(height * shape)), height


def _lay_image(area: FloatArray, image: FloatArray, fit: Fit) -> None:
    """Put an image into its cell, over the background that is there."""
    cell, source = (area.shape[1], area.shape[0]), (image.shape[1], image.shape[0])
    box = None
    if fit == "cover":
        box = cover_box(source, cell, "center")
    size = fit_size(source, cell) if fit == "contain" else cell
    shown = match_channels(resample(image, *size, box=box), area.shape[2])
    left, top = (int(value) for value in place_box(size, cell, "center"))
    place = area[top : top + size[1], left : left + size[0]]
    if image.shape[2] < 4:
        place[...] = shown
        return
    alpha, below = shown[:, :, 3:], place[:, :, 3:] * (1 - shown[:, :, 3:])
    total = alpha + below
    mixed = shown[:, :, :3] * alpha + place[:, :, :3] * below
    place[:, :, :3] = np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 1e-6)
    place[:, :, 3:] = total
