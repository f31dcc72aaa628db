"""Text rendered to coverage and painted onto an image."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import PIL.Image
from PIL import ImageDraw

from studio.api import Anchor, place_box
from studio_image.blur import blur_gaussian
from studio_image.bounds import check_size
from studio_image.color import Color, is_grey
from studio_image.pixels import FloatArray, as_floats, match_channels
from studio_image.typeset import Align, Block, Piece, Style, open_font, set_block, splits_words

_MOST_SAMPLES = 64_000_000  # of a supersampled layer


@dataclass(frozen=True)
class Layer:
    """Coverage (H x W in [0, 1]) and where its corner lies from the corner of what it shows, in pixels."""

    coverage: FloatArray
    left: int
    top: int


@dataclass(frozen=True)
class Decoration:
    """What lies around and under text; lengths in pixels.

    Attributes:
        outline: Width of a line around the letters.
        outline_color: Its color.
        shadow: Color of a shadow, or None.
        shadow_offset: How far it falls to the right and down.
        shadow_blur: Standard deviation of its softness.
        box: Color of a ground under the text, or None.
        padding: Room between text and the edge of the box.
        box_radius: Radius of its corners.
    """

    outline: float = 0.0
    outline_color: Color = (0.0, 0.0, 0.0, 1.0)
    shadow: Color | None = None
    shadow_offset: float = 0.0
    shadow_blur: float = 0.0
    box: Color | None = None
    padding: float = 0.0
    box_radius: float = 0.0


def draw_text(
    pixels: FloatArray,
    text: str,
    style: Style,
    color: Color,
    *,
    align: Align,
    anchor: Anchor,
    shift: tuple[float, float],
    margin: float,
    wrap_width: float | None,
    decoration: Decoration,
    shrinks: bool = False,
    box: tuple[float | None, float | None] = (None, None),
) -> tuple[FloatArray, Block, float]:
    """Draw text at an anchor of an image; return the image, the text as it was set, and how far it runs off, in pixels.

    With `shrinks` it is set at the largest size, up to that of the style, at which it fits inside the margins; with a
    box (width, height) as well, at which it and its padding fit into that. The box lies at the anchor too.
    """
    rows, columns = pixels.shape[:2]
    inset = margin + (decoration.padding if decoration.box else 0.0)
    if shrinks:
        block = _shrink_block(text, style, wrap_width, _find_room((columns, rows), box, margin, inset))
    else:
        block = set_block(
            text, style, max(columns - 2 * inset, style.size) if wrap_width is None else wrap_width or None
        )
    size = (block.width, block.height)
    left, top = place_box(size, (columns - 2 * inset, rows - 2 * inset), anchor)
    left, top = left + inset + shift[0], top + inset + shift[1]
    inks = [color, *(c for c in (decoration.box, decoration.shadow) if c)]
    inks += [decoration.outline_color] if decoration.outline else []
    canvas = open_canvas(pixels, inks)
    if text.strip():
        _draw_ground(canvas, (left, top, *size), decoration)
        _draw_letters(canvas, block, left, top, color, align, decoration)
    return canvas, block, _find_excess((left, top, *size), (columns, rows)) if text.strip() else 0.0


def _find_room(
    size: tuple[int, int], box: tuple[float | None, float | None], margin: float, inset: float
) -> tuple[float, float]:
    """Return the width and height for the letters: those of the box, at most the image's, less what lies around."""
    width, height = (
        min(whole - 2 * inset, (whole if side is None else side) - 2 * (inset - margin))
        for whole, side in zip(size, box, strict=True)
    )
    return max(width, 1.0), max(height, 1.0)


def _shrink_block(text: str, style: Style, wrap_width: float | None, room: tuple[float, float]) -> Block:
    width, height = room
    size = style.size
    while True:
        tried = replace(style, size=size)
        block = set_block(text, tried, width if wrap_width is None else min(wrap_width, width) or None)
        if size <= 1 or (block.width <= width and block.height <= height and not splits_words(text, tried, width)):
            return block
        size = max(1.0, size * 0.95)


def _find_excess(box: tuple[float, float, float, float], size: tuple[float, float]) -> float:
    """Return how far a box of left, top, width and height reaches out of an image."""
    left, top, width, height = box
    return max(-left, -top, left + width - size[0], top + height - size[1], 0.0)


def open_canvas(pixels: FloatArray, inks: list[Color]) -> FloatArray:
    """Copy an image to paint on, in color if one of the inks is not grey."""
    channels = 1 if all(is_grey(ink) for ink in inks) else 3
    return np.array(match_channels(pixels, max(channels, pixels.shape[2])))


def _draw_ground(canvas: FloatArray, box: tuple[float, float, float, float], decoration: Decoration) -> None:
    if decoration.box is None:
        return
    room = decoration.padding
    left, top, width, height = box[0] - room, box[1] - room, box[2] + 2 * room, box[3] + 2 * room
    paint_box(canvas, left, top, width, height, decoration.box, radius=decoration.box_radius)


def _draw_letters(
    canvas: FloatArray, block: Block, left: float, top: float, color: Color, align: Align, decoration: Decoration
) -> None:
    letters = render_block(block, align)
    x, y = round(left), round(top)
    body = render_block(block, align, decoration.outline) if decoration.outline else letters
    if decoration.shadow is not None:
        shadow, offset = blur_layer(body, decoration.shadow_blur), round(decoration.shadow_offset)
        paint(canvas, shadow, x + offset, y + offset, decoration.shadow)
    if decoration.outline:
        paint(canvas, body, x, y, decoration.outline_color)
    paint(canvas, letters, x, y, color)


def render_block(block: Block, align: Align = "left", outline: float = 0.0) -> Layer:
    """Render a block, its corner at the top left of its first line; supersampled, so that nothing is hinted.

    Raises:
        MediaError: E506 if the text would take more memory than an image may.
    """
    size = block.style.size
    room = math.ceil(outline + 0.5 * size) + 2  # swashes and accents reach out of their lines
    width, height = math.ceil(block.width) + 2 * room, math.ceil(block.height) + 2 * room
    check_size(width, height, f"the text at {size:g} pixels")
    factor = 4 if size < 64 else 2 if size < 256 else 1
    while factor > 1 and width * height * factor**2 > _MOST_SAMPLES:
        factor -= 1
    sheet = PIL.Image.new("L", (width * factor, height * factor))
    pen = ImageDraw.Draw(sheet)
    fonts = {
        (p.font, p.shaped): open_font(p.font, size * factor, shaped=p.shaped)
        for line in block.lines
        for p in line.pieces
    }
    for number, line in enumerate(block.lines):
        spare = block.width - line.width
        start = {"left": 0.0, "center": spare / 2, "right": spare}[align]
        base = room + block.ascent + number * block.style.leading * size
        for piece in line.pieces:
            place = ((room + start + piece.x) * factor, base * factor)
            _draw_piece(pen, piece, place, fonts[piece.font, piece.shaped], outline * factor)
    coverage = np.asarray(sheet.reduce(factor) if factor > 1 else sheet, dtype=np.float32) / np.float32(255.0)
    return Layer(coverage, -room, -room)


def _draw_piece(
    pen: ImageDraw.ImageDraw, piece: Piece, place: tuple[float, float], font: object, outline: float
) -> None:
    pen.text(place, piece.text, fill=255, font=font, anchor="ls", stroke_width=outline)  # type: ignore[arg-type]


def blur_layer(layer: Layer, sigma: float) -> Layer:
    """Soften a layer, with room for what spreads."""
    room = math.ceil(3 * sigma)
    return Layer(blur_gaussian(np.pad(layer.coverage, room), sigma), layer.left - room, layer.top - room)


def paint(canvas: FloatArray, layer: Layer, x: int, y: int, color: Color) -> None:
    """Paint a color through a layer's coverage onto a canvas of one's own, as far as it meets it."""
    left, top = x + layer.left, y + layer.top
    rows, columns = canvas.shape[:2]
    height, width = layer.coverage.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, columns), min(top + height, rows)
    if x0 >= x1 or y0 >= y1:
        return
    cover = layer.coverage[y0 - top : y1 - top, x0 - left : x1 - left, None] * np.float32(color[3])
    _paint_over(canvas[y0:y1, x0:x1], cover, color)


def paint_box(
    canvas: FloatArray, left: float, top: float, width: float, height: float, color: Color, *, radius: float = 0.0
) -> None:
    """Paint a rectangle with round corners; its edges may lie between samples."""
    x0, y0 = math.floor(left) - 1, math.floor(top) - 1
    x1, y1 = math.ceil(left + width) + 1, math.ceil(top + height) + 1
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, canvas.shape[1]), min(y1, canvas.shape[0])
    if x0 < x1 and y0 < y1:
        x, y = as_floats(np.arange(x0, x1) - left), as_floats(np.arange(y0, y1) - top)
        cover = cover_box(x, y, width, height, radius)
        paint(canvas, Layer(cover, 0, 0), x0, y0, color)


def cover_box(x: FloatArray, y: FloatArray, width: float, height: float, radius: float) -> FloatArray:
    """Return how much of each sample at x and y a box with round corners at 0, 0 covers."""
    if radius <= 0:
        across = np.clip(np.minimum(x + 1, width) - np.maximum(x, 0), 0, 1)
        down = np.clip(np.minimum(y + 1, height) - np.maximum(y, 0), 0, 1)
        return as_floats(down[:, None] * across[None, :])
    radius = min(radius, width / 2, height / 2)
    to_side = np.abs(x + 0.5 - width / 2)[None, :] - (width / 2 - radius)
    to_end = np.abs(y + 0.5 - height / 2)[:, None] - (height / 2 - radius)
    outside = np.hypot(np.maximum(to_side, 0), np.maximum(to_end, 0))
    distance = outside + np.minimum(np.maximum(to_side, to_end), 0) - radius
    return as_floats(np.clip(0.5 - distance, 0, 1))


def _paint_over(area: FloatArray, cover: FloatArray, color: Color) -> None:
    """Lay a color over an area of a canvas (W3C Compositing and Blending Level 1, source over), in place."""
    channels = area.shape[2]
    ink = np.array(color[:1] if channels == 1 else color[:3], dtype=np.float32)
    if channels < 4:
        area += (ink - area) * cover
        return
    below = area[:, :, 3:] * (1 - cover)
    alpha = cover + below
    mixed = ink * cover + area[:, :, :3] * below
    area[:, :, :3] = np.divide(mixed, alpha, out=area[:, :, :3].copy(), where=alpha > 1e-6)
    area[:, :, 3:] = alpha
