"""Font tables against HarfBuzz, and damaged fonts."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import PIL.features
import pytest
from PIL import ImageFont

from studio_image import typeset
from studio_image.font_tables import parse_font

FONTS = Path(typeset.__file__).parent / "fonts"


@pytest.mark.skipif(not PIL.features.check("raqm"), reason="HarfBuzz, which this compares with, is not there")
@pytest.mark.parametrize("name", ["sans", "sans_bold", "serif", "display", "universal"])
def test_kerning_agrees_with_harfbuzz(name: typeset.FontName) -> None:
    font = typeset.load_font(name)
    shaper = ImageFont.truetype(str(FONTS / typeset._FILES[name]), 1000, layout_engine=ImageFont.Layout.RAQM)
    off = ["-liga", "-dlig", "-clig", "-calt"]
    kerned = 0

    for left, right in itertools.product("AVTLoevr.,-F", repeat=2):
        pair = shaper.getlength(left + right, features=off)
        expected = pair - shaper.getlength(left) - shaper.getlength(right)
        kerned += expected != 0
        assert font.tables.find_kerning(left, right) * 1000 == pytest.approx(expected, abs=1.5)
        assert font.tables.find_advance(left) * 1000 == pytest.approx(shaper.getlength(left), abs=1.5)
    assert kerned > 20


def test_a_font_cut_off_anywhere_is_refused_or_read_but_never_crashes() -> None:
    data = (FONTS / "BebasNeue-Bold.otf").read_bytes()
    rng = np.random.default_rng(0)

    for cut in rng.integers(0, len(data), 200):
        damaged = bytearray(data[: int(cut)])
        for place in rng.integers(0, max(1, min(len(damaged), 4000)), 8):
            if damaged:
                damaged[int(place)] ^= 0xFF
        try:
            parse_font(bytes(damaged))
        except ValueError:
            continue
