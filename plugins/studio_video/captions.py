"""Subtitles drawn as labels to lay over frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from studio_video.fonts import load_font
from studio_video.subtitles import Cue

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Style:
    """How subtitles look.

    Attributes:
        size: Height of the em in pixels.
        color: Red, green and blue of the letters.
        box: Red, green, blue and alpha of the box behind them, from 0 to 1; None draws an outline instead.
        position: "bottom", "top" or "center".
        margin: Pixels between them and the edge.
        font: A TrueType or OpenType file; None for DejaVu Sans.
    """

    size: int
    color: tuple[int, int, int] = (255, 255, 255)
    box: tuple[float, float, float, float] | None = (0.0, 0.0, 0.0, 0.6)
    position: str = "bottom"
    margin: int = 0
    font: Path | None = None


def is_grey(style: Style) -> bool:
    """Say whether letters and box have no color."""
    colors = [style.color] if style.box is None else [style.color, style.box[:3]]
    return all(red == green == blue for red, green, blue in colors)


def draw_cue(cue: Cue, size: tuple[int, int], style: Style) -> tuple[Array, int, int]:
    """Return a cue as an RGBA label, and where it lies on a frame of a size."""
    label = draw_label(cue.lines, size[0], style)
    height, width = label.shape[:2]
    y = {
        "bottom": size[1] - height - style.margin,
        "top": style.margin,
        "center": (size[1] - height) // 2,
    }[style.position]
    return label, (size[0] - width) // 2, y


def draw_label(texts: Sequence[str], width: int, style: Style) -> Array:
    """Return lines, centered and wrapped to a frame of a width, as an RGBA label."""
    font = load_font(style.font, style.size)
    edge = max(1, style.size // 12)
    pad = max(2, style.size // 3)
    room = max(1, min(round(width * 0.92), width - 2 * pad - 4))
    lines = [part for line in texts for part in _wrap(line, font, room)]
    leading = round(style.size * 1.25)
    widths = [font.getlength(line) for line in lines]
    label = Pillow.new("RGBA", (round(max(widths, default=0)) + 2 * pad, leading * len(lines) + pad), (0, 0, 0, 0))
    draw = ImageDraw.Draw(label)
    if style.box is not None:
        radius = max(1, style.size // 5)
        red, green, blue, alpha = (round(255 * level) for level in style.box)
        fill = (red, green, blue, alpha)
        draw.rounded_rectangle((0, 0, label.width - 1, label.height - 1), radius, fill)
    for number, (line, length) in enumerate(zip(lines, widths, strict=True)):
        at = ((label.width - length) / 2, pad / 2 + number * leading)
        outline = 0 if style.box is not None else edge
        draw.text(at, line, style.color, font, stroke_width=outline, stroke_fill=(0, 0, 0))
    return np.asarray(label)


def _wrap(line: str, font: ImageFont.FreeTypeFont, room: int) -> list[str]:
    """Cut a line that is wider than the room at spaces, and a word that is at letters."""
    lines = [""]
    for word in line.split():
        wanted = f"{lines[-1]} {word}".strip()
        if not lines[-1] or font.getlength(wanted) <= room:
            lines[-1] = wanted
        else:
            lines.append(word)
        while font.getlength(lines[-1]) > room and len(lines[-1]) > 1:
            keep = len(lines[-1]) - 1
            while keep > 1 and font.getlength(lines[-1][:keep]) > room:
                keep -= 1
            lines[-1:] = [lines[-1][:keep], lines[-1][keep:]]
    return [part for part in lines if part]


def find_missing(cues: list[Cue], font: Path | None) -> str:
    """Return the characters that a font cannot draw."""
    loaded = load_font(font, 32)
    empty = bytes(loaded.getmask("\uffff"))
    letters = {letter for cue in cues for line in cue.lines for letter in line if not letter.isspace()}
    return "".join(sorted(letter for letter in letters if bytes(loaded.getmask(letter)) == empty))
