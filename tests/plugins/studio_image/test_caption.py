"""Captions: where the words lie and which ground they lie on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio_image.caption import Look, add_caption
from studio_image.typeset import load_fonts

LOOK: dict[str, Any] = {"kind": "band", "position": "bottom", "align": "center", "size": 0.0, "band_color": "auto",
                        "text_color": "auto"}  # fmt: skip


def caption(pixels: Any, title: str = "Title", subtitle: str = "", **given: Any) -> Any:
    return add_caption(pixels, title, subtitle, Look(**(LOOK | given)), load_fonts("sans_bold"), load_fonts("sans"))


def make_flat(level: float = 0.5, width: int = 300, height: int = 200) -> Any:
    return np.full((height, width, 3), level, np.float32)


def test_the_ground_of_a_band_is_a_dark_shade_of_the_images_own_color() -> None:
    green = make_flat()
    green[...] = (0.2, 0.8, 0.2)

    ground = caption(green)[0][-1, 0]

    assert ground.max() < 0.25
    assert ground[1] > 1.5 * max(ground[0], ground[2])


@pytest.mark.parametrize("size", [0.1, 0.2])
def test_a_title_is_as_large_as_the_share_of_the_width_asked_for(size: float) -> None:
    _, blocks = caption(make_flat(), "Hi", size=size)

    assert blocks[0].style.size == pytest.approx(size * 300)


def test_a_subtitle_is_smaller_than_its_title_and_in_capitals() -> None:
    _, (title, subtitle) = caption(make_flat(), "Title", "below")

    assert "".join(piece.text for piece in subtitle.lines[0].pieces) == "BELOW"
    assert subtitle.style.size < 0.7 * title.style.size


@pytest.mark.parametrize(("align", "place"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
def test_words_lie_in_their_column_as_asked(align: str, place: float) -> None:
    made, blocks = caption(make_flat(), "Hi", align=align, band_color="black", text_color="white")
    columns = np.flatnonzero(made[200:].max(axis=(0, 2)) > 0.5)
    margin = 0.06 * 250  # of 1.25 times the rows, as the image is wider

    expected = margin + place * (300 - 2 * margin - blocks[0].width)
    assert columns[0] == pytest.approx(expected, abs=0.1 * blocks[0].style.size)


def test_a_faint_ground_keeps_a_band_transparent() -> None:
    made, _ = caption(make_flat(), band_color="#00000080", text_color="white")

    assert made.shape[2] == 4
    assert made[-1, 0, 3] == pytest.approx(128 / 255)
    assert made[:200, :, 3].min() == 1
