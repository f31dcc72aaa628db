"""`Color`: a color written as text, and `parse_color`, which reads it."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from studio.api.grammar import Grammar
from studio.errors import MediaError


def parse_color(text: str) -> tuple[float, float, float, float]:
    """Parse "#rgb", "#rrggbb", "#rrggbbaa", a CSS name, "transparent", or rgb(), hsl(), hsv() as Pillow reads them.

    Args:
        text: The text; white space around it does not count.

    Returns:
        Red, green, blue and straight alpha in [0, 1], sRGB-encoded.

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


Color: TypeAlias = Annotated[str, Grammar("a color", parse_color)]
"""A color as text. Use it as the type of an input: an invalid one is found before the graph runs."""
