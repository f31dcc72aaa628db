"""Wave and spectrogram drawn with axes in seconds and hertz."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studio_audio.stft import choose_window, transform

if TYPE_CHECKING:
    import PIL.Image
    import PIL.ImageDraw

    from studio.api import Audio
    from studio_audio.bounds import FloatArray

GROUND, PANEL, GRID, INK, FAINT = (16, 17, 22), (23, 25, 32), (48, 51, 62), (226, 228, 235), (148, 152, 165)
WAVE, BODY = (86, 160, 232), (150, 205, 255)
# dark violet over magenta and orange to pale yellow: even in lightness, so that louder always reads as lighter
_COLORS = ((7, 8, 22), (45, 17, 86), (112, 31, 122), (182, 54, 110), (236, 100, 75), (251, 165, 70), (252, 238, 178))
_RANGE = 80.0


@dataclass(frozen=True)
class Panel:
    """A rectangle of a plot and what its axes mean."""

    left: int
    top: int
    right: int
    bottom: int
    seconds: float

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    def find_x(self, seconds: float) -> float:
        """Return the column of a time."""
        return self.left + seconds / max(self.seconds, 1e-9) * self.width


class Plot:
    """An image with panels one below the other and a common axis in seconds."""

    def __init__(self, width: int, height: int, seconds: float) -> None:
        import PIL.Image
        import PIL.ImageDraw

        self.picture: PIL.Image.Image = PIL.Image.new("RGB", (width, height), GROUND)
        self.draw: PIL.ImageDraw.ImageDraw = PIL.ImageDraw.Draw(self.picture)
        self.seconds = seconds
        self.size = max(9, round(min(width / 75, height / 38)))
        self.font = load_font(self.size)

    def place_panels(self, shares: Sequence[float]) -> list[Panel]:
        """Divide the height among panels; room is left for the labels."""
        unit = self.size
        left, right = round(5.2 * unit), self.picture.width - round(4.6 * unit)
        top, bottom = round(2.0 * unit), self.picture.height - round(3.2 * unit)
        gap = round(1.6 * unit)
        room = max(bottom - top - gap * (len(shares) - 1), 2 * len(shares))
        panels, at = [], top
        for share in shares:
            height = round(room * share / sum(shares))
            panel = Panel(left, at, max(right, left + 2), at + height, self.seconds)
            self.draw.rectangle((panel.left, panel.top, panel.right - 1, panel.bottom - 1), fill=PANEL)
            panels.append(panel)
            at += height + gap
        return panels

    def label(self, x: float, y: float, text: str, anchor: str, color: tuple[int, int, int] = FAINT) -> None:
        """Write a label; the anchor is Pillow's."""
        self.draw.text((x, y), text, font=self.font, fill=color, anchor=anchor)

    def draw_times(self, panel: Panel, *, labels: bool) -> None:
        """Draw a light line at round times, and below the panel what they are."""
        step = find_step(self.seconds, max(2, panel.width // (7 * self.size)))
        for index in range(int(self.seconds / step + 1e-6) + 1):
            x = panel.find_x(index * step)
            if panel.left < round(x) < panel.right - 1:
                self.draw.line((round(x), panel.top, round(x), panel.bottom - 1), fill=GRID)
            if labels:
                self.draw.line((round(x), panel.bottom, round(x), panel.bottom + self.size // 3), fill=FAINT)
                self.label(x, panel.bottom + self.size * 0.55, format_number(index * step), "ma")
        if labels:
            self.label((panel.left + panel.right) / 2, self.picture.height - self.size * 0.45, "seconds", "md", INK)

    def draw_wave(self, panel: Panel, audio: Audio) -> None:
        """Draw the extremes of all channels, and their RMS in a lighter tone."""
        low, high, power = measure_wave(audio, panel.width)
        top = max(1.0, float(np.abs([low, high]).max(initial=0.0)))
        middle, half = (panel.top + panel.bottom - 1) / 2, (panel.height - 1) / 2 - 1
        for level in (-1.0, -0.5, 0.0, 0.5, 1.0):
            y = round(middle - level / top * half)
            self.draw.line((panel.left, y, panel.right - 1, y), fill=GRID)
            if abs(level) != 0.5 or panel.height > 9 * self.size:
                self.label(panel.left - self.size * 0.5, y, f"{level:g}", "rm")
        for column in range(panel.width):
            for bottom, upper, color in (
                (low[column], high[column], WAVE),
                (-power[column], power[column], BODY),
            ):
                ends = (panel.left + column, round(middle - upper / top * half))
                self.draw.line((*ends, panel.left + column, round(middle - bottom / top * half)), fill=color)
        self.label(panel.left, panel.top - self.size * 0.35, "amplitude", "ls", INK)

    def draw_spectrogram(self, panel: Panel, audio: Audio, low: float) -> None:
        """Draw levels over time and pitch: octaves are equally high, from `low` hertz up; with a scale at the side."""
        import PIL.Image

        levels = measure_spectrogram(audio, panel.width, panel.height, low)
        peak = float(levels.max(initial=-200.0))
        shown = np.clip((levels - peak) / _RANGE + 1, 0, 1) if peak > -150 else np.zeros_like(levels)
        image = PIL.Image.fromarray(color_levels(shown[::-1]))
        self.picture.paste(image, (panel.left, panel.top))
        high = audio.rate / 2
        for hertz in (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000):
            if low <= hertz < high:
                y = panel.bottom - 1 - math.log(hertz / low) / math.log(high / low) * (panel.height - 1)
                self.draw.line((panel.left - self.size // 3, round(y), panel.left - 1, round(y)), fill=FAINT)
                self.label(panel.left - self.size * 0.5, y, f"{hertz // 1000}k" if hertz >= 1000 else str(hertz), "rm")
        self.label(panel.left, panel.top - self.size * 0.35, "hertz", "ls", INK)
        self._draw_scale(panel, peak)

    def _draw_scale(self, panel: Panel, peak: float) -> None:
        import PIL.Image

        left, width = panel.right + self.size // 2, max(3, self.size // 2)
        ramp = np.repeat(np.linspace(1, 0, panel.height, dtype=np.float32)[:, None], width, axis=1)
        self.picture.paste(PIL.Image.fromarray(color_levels(ramp)), (left, panel.top))
        if peak <= -150:
            return
        for level in range(0, -int(_RANGE) - 1, -20):
            y = panel.top - level / _RANGE * (panel.height - 1)
            self.label(left + width + self.size * 0.35, y, f"{peak + level:.0f}", "lm")
        self.label(left, panel.top - self.size * 0.35, "dB", "ls", INK)


def draw_audio(audio: Audio, width: int, height: int, wave: bool, spectrum: bool) -> FloatArray:
    """Draw audio: height x width x 3, in [0, 1]."""
    plot = Plot(width, height, audio.duration)
    panels = plot.place_panels([share for share, wanted in ((1.0, wave), (2.2, spectrum)) if wanted] or [1.0])
    low = 40.0 if audio.rate > 1000 else audio.rate / 64
    if spectrum:
        plot.draw_spectrogram(panels[-1], audio, low)
    if wave:
        plot.draw_times(panels[0], labels=len(panels) == 1)
        plot.draw_wave(panels[0], audio)
    if spectrum:
        plot.draw_times(Panel(panels[-1].left, panels[-1].bottom, panels[-1].right, panels[-1].bottom, audio.duration),
                        labels=True)  # fmt: skip
    return to_pixels(plot)


def to_pixels(plot: Plot) -> FloatArray:
    """Return what was drawn: height x width x 3, in [0, 1]."""
    return np.asarray(plot.picture, np.float32) / np.float32(255)


def measure_wave(audio: Audio, columns: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return lowest and highest sample and the RMS, of all channels, for each column."""
    edges = np.minimum(np.rint(np.linspace(0, audio.frames, columns + 1)).astype(int), max(audio.frames - 1, 0))
    if not audio.frames:
        return (np.zeros(columns, np.float32),) * 3
    low = np.minimum.reduceat(audio.samples.min(axis=1), edges[:-1])
    high = np.maximum.reduceat(audio.samples.max(axis=1), edges[:-1])
    power = np.add.reduceat((audio.samples.astype(np.float64) ** 2).mean(axis=1), edges[:-1])
    return low, high, np.sqrt(power / np.maximum(np.diff(edges), 1)).astype(np.float32)


def measure_spectrogram(audio: Audio, columns: int, rows: int, low: float) -> FloatArray:
    """Return levels in decibels, rows (low to high, octaves equally high) x columns; 0 dB is a full-scale sine.

    Bass rows are taken from a window four times as long, as neighbouring notes lie closer there.
    """
    if not audio.frames:
        return np.full((rows, columns), -200.0, np.float32)
    centres = low * (audio.rate / 2 / low) ** ((np.arange(rows) + 0.5) / rows)
    mixed = np.zeros((2, rows, columns), np.float32)
    for index, seconds in enumerate((0.16, 0.04)):
        size = choose_window(audio.rate, seconds)
        hop = max(size // 8, 1)
        stride = max(1, audio.frames // (hop * columns * 4))  # long audio: a few frames for each column will do
        power = _measure_power(audio, size, hop * stride)
        bins = np.clip(centres * size / audio.rate, 0, size // 2 - 1)
        left, share = bins.astype(int), (bins % 1).astype(np.float32)[:, None]
        image = power[left] * (1 - share) + power[left + 1] * share
        width = centres[1] / centres[0] if rows > 1 else 2.0
        for row in np.flatnonzero(centres * (width - 1) * size / audio.rate > 1.5):  # rows that hold several bins
            first, last = (round(centres[row] * width**half * size / audio.rate) for half in (-0.5, 0.5))
            image[row] = power[first : max(last, first + 1)].max(axis=0)
        mixed[index] = _fit_columns(image, columns)
    share = np.clip(np.log2(centres / 250) / 2, 0, 1).astype(np.float32)[:, None]  # from 250 to 1000 hertz
    levels: FloatArray = (1 - share) * _to_decibels(mixed[0]) + share * _to_decibels(mixed[1])
    return levels


def _measure_power(audio: Audio, size: int, hop: int) -> FloatArray:
    total: Any = 0.0
    for channel in audio.samples.T:
        total = total + np.abs(transform(np.ascontiguousarray(channel), size, hop)) ** 2
    power: FloatArray = total / audio.channels * np.float32((4 / size) ** 2)
    return power


def _fit_columns(image: FloatArray, columns: int) -> FloatArray:
    have = image.shape[1]
    if have > columns:
        return np.maximum.reduceat(image, np.linspace(0, have, columns, endpoint=False).astype(int), axis=1)
    at = np.linspace(0, have - 1, columns)
    left, share = np.minimum(at.astype(int), max(have - 2, 0)), (at % 1).astype(np.float32)
    return image[:, left] * (1 - share) + image[:, np.minimum(left + 1, have - 1)] * share


def _to_decibels(power: FloatArray) -> FloatArray:
    return 10 * np.log10(np.maximum(power, 1e-20))


def color_levels(levels: FloatArray) -> Any:
    """Return RGB bytes of levels in [0, 1]."""
    at = np.clip(levels, 0, 1) * (len(_COLORS) - 1)
    stops = np.array(_COLORS, np.float32)
    left = np.minimum(at.astype(int), len(_COLORS) - 2)
    share = (at - left)[..., None]
    return np.rint(stops[left] * (1 - share) + stops[left + 1] * share).astype(np.uint8)


def find_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that divides a span into at most so many parts."""
    rough = max(span / most, 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def format_number(value: float) -> str:
    """Write a number of an axis, e.g. "0.25" or "120"."""
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"


def load_font(size: int) -> Any:
    """Return the font of labels."""
    import PIL.ImageFont

    return PIL.ImageFont.load_default(size)
