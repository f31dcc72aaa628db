"""QR codes: what a reader finds in them, and where their modules lie."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import MediaError
from studio.testing import TestContext
from studio_image.nodes.codes import draw_qr_code
from studio_image.qr_code import create_modules, place_modules

pytest.importorskip("segno", reason="needs the extra studio[drawing]")


@pytest.mark.parametrize("level", ["low", "medium", "quartile", "high"])
@pytest.mark.parametrize("text", ["https://example.org/a?b=c", "Größe: 3 µm 山", "0123456789" * 9])
def test_a_reader_finds_the_text(text: str, level: Any) -> None:
    image = draw_qr_code(TestContext(), text, size=420, error_correction=level)

    found, *_ = cv2.QRCodeDetector().detectAndDecode(np.ascontiguousarray(image.to_uint8()[:, :, ::-1]))

    assert found == text


def test_more_error_correction_takes_more_modules() -> None:
    counts = [len(create_modules("a" * 100, level)) for level in ("low", "medium", "quartile", "high")]

    assert counts == [37, 41, 49, 57]  # versions 5, 6, 8 and 10 of ISO/IEC 18004, table 7


def test_modules_are_whole_pixels_and_the_code_lies_in_the_middle() -> None:
    modules = np.eye(21, dtype=bool)

    drawn = place_modules(modules, 100, 4)

    assert drawn.shape == (100, 100)
    assert drawn[18:81, 18:81].sum() == 21 * 9 == drawn.sum()
    assert drawn[18:21, 18:21].all()


def test_colors_may_be_transparent() -> None:
    image = draw_qr_code(TestContext(), "a", size=29, color="#204060", background="transparent")
    samples = image.stored

    assert samples[0, 0, 3] == 0
    assert samples[4, 4].tolist() == [0x20, 0x40, 0x60, 255]


@pytest.mark.parametrize(("text", "size"), [("a" * 3000, 2000), ("a" * 2000, 100)])
def test_what_does_not_fit_is_an_error(text: str, size: int) -> None:
    with pytest.raises(MediaError) as caught:
        draw_qr_code(TestContext(), text, size=size, error_correction="low")

    assert caught.value.code == "E507"
    assert "bytes" in str(caught.value) or "pixels" in str(caught.value)
