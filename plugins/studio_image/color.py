"""Colors written as text."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from studio.api import SRGB, ColorSpace, Grammar, Image, convert_color, parse_color

Color = tuple[float, float, float, float]
"""Red, green, blue and straight alpha in [0, 1], sRGB-encoded."""


ANY_COLOR: tuple[Literal["srgb", "linear", "log", "pq", "hlg"], ...] = ("srgb", "linear", "log", "pq", "hlg")
"""Every encoding of a color space: for node types that take any of them, with any primaries and range."""


def _parse_ink(text: str) -> None:
    if text:
        parse_color(text)


def _parse_choice(text: str) -> None:
    if text != "auto":
        parse_color(text)


Ink: TypeAlias = Annotated[str, Grammar("a color, or nothing", _parse_ink)]
"""A color as text, or empty for none."""
ColorOrAuto: TypeAlias = Annotated[str, Grammar('a color, or "auto"', _parse_choice)]
"""A color as text, or "auto"."""


def place_color(color: Color, space: ColorSpace) -> Color:
    """Return a color in a color space other than sRGB, with the alpha that it has."""
    if space == SRGB:
        return color
    placed = convert_color(Image([[color[:3]]]), space).pixels[0, 0]
    return (float(placed[0]), float(placed[1]), float(placed[2]), color[3])


def is_grey(color: Color) -> bool:
    """Say whether the three color channels are equal."""
    return color[0] == color[1] == color[2]


def count_channels(color: Color) -> int:
    """Return the smallest channel count that holds a color: 1, 3 or 4."""
    return 4 if color[3] < 1.0 else 1 if is_grey(color) else 3


def measure_luminance(color: Color) -> float:
    """Return the relative luminance, 0 (black) to 1 (white) (WCAG 2.2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def choose_ink(ground: Color) -> Color:
    """Return a near black or a near white, whichever stands out more on the ground (WCAG 2.2 contrast)."""
    light, dark = (0.98, 0.97, 0.95, 1.0), (0.10, 0.10, 0.11, 1.0)
    level = measure_luminance(ground) + 0.05
    to_light, to_dark = (measure_luminance(light) + 0.05) / level, level / (measure_luminance(dark) + 0.05)
    return light if to_light >= to_dark else dark


def mix_colors(first: Color, second: Color, amount: float) -> Color:
    """Mix two colors; 0 gives the first, 1 the second."""
    red, green, blue, alpha = (a + (b - a) * amount for a, b in zip(first, second, strict=True))
    return (red, green, blue, alpha)
