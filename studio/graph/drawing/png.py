"""Draws shapes with Pillow: the PNG of a graph, smoothed by drawing large and shrinking."""

from __future__ import annotations

import io
import itertools
import math
from functools import lru_cache

from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from studio.graph.drawing.boxes import Point
from studio.graph.drawing.shapes import Curve, Dot, Drawing, Rectangle, Shape, Words

MAX_PIXELS = 48_000_000
_STEPS = 24
_FALLBACK_FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf", "Arial.ttf")
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write_png(drawing: Drawing, scale: float) -> bytes:
    """Return a drawing as the bytes of a PNG file."""
    area = max(drawing.width * drawing.height, 1.0)
    scale = min(scale, math.sqrt(MAX_PIXELS / area))
    smooth = 2 if area * scale**2 * 4 <= MAX_PIXELS * 2 else 1
    size = (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
    picture = Pictures.new("RGB", (size[0] * smooth, size[1] * smooth), drawing.ground)
    canvas = _Canvas(ImageDraw.Draw(picture), scale * smooth)
    for group in drawing.groups:
        for shape in group.shapes:
            canvas.draw(shape)
    if smooth > 1:
        picture = picture.resize(size, Pictures.Resampling.BOX)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


class _Canvas:
    def __init__(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        self.pen = pen
        self.scale = scale

    def draw(self, shape: Shape) -> None:
        match shape:
            case Rectangle():
                self.draw_rectangle(shape)
            case Curve():
                self.draw_curve(shape)
            case Dot(x, y, radius, fill, stroke):
                box = self.to_pixels((x - radius, y - radius), (x + radius, y + radius))
                self.pen.ellipse(box, fill=fill, outline=stroke, width=self.find_width(1.6))
            case Words():
                self.draw_words(shape)

    def to_pixels(self, *points: Point) -> list[tuple[float, float]]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def find_width(self, width: float) -> int:
        return max(1, round(width * self.scale))

    def draw_rectangle(self, shape: Rectangle) -> None:
        box = self.to_pixels((shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height))
        radius = min(shape.radius, shape.width / 2, shape.height / 2) * self.scale
        outline = shape.stroke if shape.stroke and not shape.dash else None
        width = self.find_width(shape.stroke_width) if shape.stroke else 0
        if shape.fill or outline:
            self.pen.rounded_rectangle(box, radius, fill=shape.fill or None, outline=outline, width=width)
        if shape.stroke and shape.dash:
            self.draw_dashes(_trace_rectangle(shape), shape.stroke, width, shape.dash)

    def draw_curve(self, shape: Curve) -> None:
        points = _trace_curve(shape.points)
        width = self.find_width(shape.stroke_width)
        if shape.dash:
            self.draw_dashes(points, shape.stroke, width, shape.dash)
        else:
            self.pen.line(self.to_pixels(*points), fill=shape.stroke, width=width, joint="curve")

    def draw_dashes(self, points: list[Point], stroke: str, width: int, dash: tuple[float, ...]) -> None:
        for piece in _cut_dashes(points, dash):
            self.pen.line(self.to_pixels(*piece), fill=stroke, width=width, joint="curve")

    def draw_words(self, shape: Words) -> None:
        font = _load_font(round(shape.size * self.scale), _is_latin(shape.text))
        anchors = {"start": "ls", "middle": "ms", "end": "rs"}
        anchor = None if isinstance(font, ImageFont.ImageFont) else anchors[shape.anchor]  # a bitmap font knows none
        stroke = shape.size * self.scale * 0.022 if shape.bold else 0
        (place,) = self.to_pixels((shape.x, shape.y))
        self.pen.text(place, shape.text, fill=shape.fill, font=font, anchor=anchor, stroke_width=stroke)


def _is_latin(text: str) -> bool:
    return all(ord(c) < 0x180 or c in "–—‘’“”…×•" for c in text)


@lru_cache(maxsize=64)
def _load_font(size: int, latin: bool) -> _Font:
    """Return the font that Pillow brings, or for other scripts one that the system has."""
    if not latin:
        for name in _FALLBACK_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _trace_curve(points: tuple[Point, ...]) -> list[Point]:
    """Return points along cubic Bezier curves."""
    if all(y == points[0][1] for _, y in points):
        return [points[0], points[-1]]  # a level line stays sharp in one piece
    traced = [points[0]]
    for index in range(1, len(points) - 2, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[index - 1 : index + 3]
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            s = 1 - t
            a, b, c, d = s**3, 3 * s * s * t, 3 * s * t * t, t**3
            traced.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return traced


def _trace_rectangle(shape: Rectangle) -> list[Point]:
    """Return points along a rectangle's border, corners included."""
    radius = min(shape.radius, shape.width / 2, shape.height / 2)
    left, top, right, bottom = shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    centers = (
        ((right - radius, top + radius), -90),
        ((right - radius, bottom - radius), 0),
        ((left + radius, bottom - radius), 90),
        ((left + radius, top + radius), 180),
    )
    points = [
        (x + radius * math.cos(math.radians(start + turn)), y + radius * math.sin(math.radians(start + turn)))
        for (x, y), start in centers
        for turn in range(0, 91, 15)
    ]
    return [*points, points[0]]


def _cut_dashes(points: list[Point], dash: tuple[float, ...]) -> list[list[Point]]:
    """Return the pieces of a line that a pattern of dashes and gaps leaves."""
    pieces: list[list[Point]] = []
    current, index, left = [points[0]], 0, dash[0]
    for start, end in itertools.pairwise(points):
        length = math.dist(start, end)
        done = 0.0
        while length - done > left:
            done += left
            t = done / length
            cut = (start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t)
            if index % 2 == 0:
                pieces.append([*current, cut])
            current, index = [cut], index + 1
            left = dash[index % len(dash)]
        left -= length - done
        current.append(end)
    return [*pieces, current] if index % 2 == 0 else pieces
