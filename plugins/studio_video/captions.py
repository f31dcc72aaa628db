"""Subtitles: read from SubRip and WebVTT text, and drawn as labels to lay over frames."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from studio.api import MediaError
from studio.api.fonts import UNIVERSAL_FONT

Array = npt.NDArray[Any]
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|</?\d[\d:.]{0,20}>|\{\\[^{}]{0,200}\}")
_MOST_CUES = 100_000


@dataclass(frozen=True)
class Cue:
    """A subtitle: from when to when, in seconds, and its lines."""

    start: float
    end: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Style:
    """How subtitles look.

    Attributes:
        size: Height of the em in pixels.
        color: Red, green and blue of the letters.
        box: Opacity of the box behind them; 0 draws an outline instead.
        position: "bottom", "top" or "middle".
        margin: Pixels between them and the edge.
        font: A TrueType or OpenType file; None for DejaVu Sans.
    """

    size: int
    color: tuple[int, int, int] = (255, 255, 255)
    box: float = 0.6
    position: str = "bottom"
    margin: int = 0
    font: Path | None = None


def parse_subtitles(text: str) -> list[Cue]:
    """Return the cues of SubRip or WebVTT text, by time; marks of style in it are dropped.

    Raises:
        MediaError: E703 if it contains no cue, or one that ends before it begins; where is the line.
    """
    cues: list[Cue] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    index = 0
    while index < len(lines):
        found = _TIMES.match(lines[index])
        index += 1
        if found is None:
            continue
        start, end = _read_time(found.groups()[:4]), _read_time(found.groups()[4:])
        if end <= start:
            message = f"a subtitle from {start:g} to {end:g} seconds ends before it begins"
            raise MediaError("E703", message, where=f"line {index}", hint="mend the times")
        shown = []
        while index < len(lines) and lines[index].strip():
            shown.append(html.unescape(_TAG.sub("", lines[index])).strip())
            index += 1
        if any(shown):
            cues.append(Cue(start, end, tuple(line for line in shown if line)))
        if len(cues) > _MOST_CUES:
            raise MediaError("E703", f"more than {_MOST_CUES} subtitles", hint="cut the file in parts")
    if not cues:
        raise MediaError("E703", "the text contains no subtitle", hint="give SubRip (.srt) or WebVTT (.vtt) text")
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _read_time(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths.ljust(3, "0")) / 1000


@lru_cache(maxsize=16)
def load_font(path: Path | None, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at a size; MediaError E703 if the file is not a font."""
    try:
        return ImageFont.truetype(str(path or UNIVERSAL_FONT), size)
    except (OSError, ValueError):
        raise MediaError("E703", "the font cannot be read", where=str(path), hint="give a .ttf or .otf file") from None


def draw_cue(cue: Cue, size: tuple[int, int], style: Style) -> tuple[Array, int, int]:
    """Return a cue as an RGBA label, and where it lies on a frame of a size."""
    font = load_font(style.font, style.size)
    edge = max(1, style.size // 12)
    pad = max(2, style.size // 3)
    room = max(1, min(round(size[0] * 0.92), size[0] - 2 * pad - 4))
    lines = [part for line in cue.lines for part in _wrap(line, font, room)]
    leading = round(style.size * 1.25)
    widths = [font.getlength(line) for line in lines]
    label = Pillow.new("RGBA", (round(max(widths)) + 2 * pad, leading * len(lines) + pad), (0, 0, 0, 0))
    draw = ImageDraw.Draw(label)
    if style.box > 0:
        radius = max(1, style.size // 5)
        draw.rounded_rectangle((0, 0, label.width - 1, label.height - 1), radius, (0, 0, 0, round(255 * style.box)))
    for number, (line, width) in enumerate(zip(lines, widths, strict=True)):
        at = ((label.width - width) / 2, pad / 2 + number * leading)
        outline = 0 if style.box > 0 else edge
        draw.text(at, line, style.color, font, stroke_width=outline, stroke_fill=(0, 0, 0))
    y = {
        "bottom": size[1] - label.height - style.margin,
        "top": style.margin,
        "middle": (size[1] - label.height) // 2,
    }[style.position]
    return np.asarray(label), (size[0] - label.width) // 2, y


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
