"""Colors written as text."""

from __future__ import annotations

from studio.api import MediaError

Color = tuple[float, float, float, float]
"""Red, green, blue and straight alpha in [0, 1], sRGB-encoded."""


def parse_color(text: str) -> Color:
    """Parse "#rgb", "#rrggbb", "#rrggbbaa", a CSS name, "transparent", or rgb(), hsl(), hsv() as Pillow reads them.

    Raises:
        MediaError: E505 if it has none of these forms.
    """
    from PIL import ImageColor

    if text.strip().lower() == "transparent":
        return (0.0, 0.0, 0.0, 0.0)
    try:
        values = ImageColor.getrgb(text.strip())
    except ValueError:
        raise MediaError(
            "E505",
            f"invalid color {text[:60]!r}",
            hint='write "#rrggbb", "#rrggbbaa" or a CSS name such as "orange" or "transparent"',
        ) from None
    red, green, blue, alpha = (*values, 255)[:4]
    return (_scale(red), _scale(green), _scale(blue), _scale(alpha))


def _scale(value: int) -> float:
    return min(max(value, 0), 255) / 255.0


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
