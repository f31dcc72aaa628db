"""Fonts that plugins share."""

from __future__ import annotations

import hashlib
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from studio.api.fonts import UNIVERSAL_FONT

PACKAGES = ["studio", *(f"studio_{name}" for name in ("audio", "diffusion", "image", "speech", "style", "video"))]
FOLDERS = [Path(spec.origin).parent for name in PACKAGES if (spec := find_spec(name)) and spec.origin]


def test_the_universal_font_draws_latin_greek_and_cyrillic_letters_each_in_its_own_shape() -> None:
    font = ImageFont.truetype(str(UNIVERSAL_FONT), 32)
    missing = bytes(font.getmask("\uffff"))

    shapes = [bytes(font.getmask(letter)) for letter in "aßŁΩψжЯ→"]

    assert missing not in shapes
    assert len(set(shapes)) == len(shapes)


def test_the_license_lies_beside_the_font_and_names_it() -> None:
    text = (UNIVERSAL_FONT.parent / "LICENSE-DejaVu.txt").read_text(encoding="utf-8")

    assert UNIVERSAL_FONT.name in text
    assert "Bitstream" in text


def test_no_font_is_in_the_sources_twice() -> None:
    fonts = [path for top in FOLDERS for path in top.rglob("*.[ot]tf")]

    counts = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in fonts)

    assert len(fonts) >= 5
    assert set(counts.values()) == {1}
