"""Text in drawings: cleaned, measured and cut."""

from __future__ import annotations

import unicodedata


def clean(text: str) -> str:
    """Return text in one line, without characters that XML or terminals do not show."""
    line = "".join(" " if c.isspace() else c for c in text)
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))


def shorten(text: str, length: int) -> str:
    """Cut text to a number of characters; what was cut shows as an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


_THIN, _SLIM, _BROAD = set("ijl|.,:;'`!I "), set('ftr()[]{}/\\-"* '), set("mwMW@%")


def measure_text(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a line of text is in a sans serif font; rather too wide."""
    total = 0.0
    for c in text:
        if ord(c) > 0x2E80:
            total += 1.0
        elif c in _THIN:
            total += 0.3
        elif c in _SLIM:
            total += 0.39
        elif c in _BROAD:
            total += 0.88
        else:
            total += 0.68 if c.isupper() else 0.565
    return total * size * (1.06 if bold else 1.0)


def clip_text(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Cut a line of text to a width; what was cut shows as an ellipsis."""
    if measure_text(text, size, bold=bold) <= width:
        return text
    text = text[:400]
    while text and measure_text(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text + "…"
