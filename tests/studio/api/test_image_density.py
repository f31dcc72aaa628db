"""Pixels per inch that files name, in every unit."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pytest

from studio.api.image_density import find_density
from tests.studio.api.images import chunk, make_png


def encode(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("L", (4, 4)).save(file, kind, **options)
    return file.getvalue()


def test_centimeters_become_inches() -> None:
    jfif = bytearray(encode("JPEG", dpi=(118, 118)))
    jfif[13] = 2  # dots per centimeter

    assert find_density(bytes(jfif)) == 300
    assert find_density(encode("TIFF", resolution=118, resolution_unit=3)) == 300


@pytest.mark.parametrize("unit", [0, 1])
def test_a_ratio_alone_is_no_resolution(unit: int) -> None:
    physical = chunk(b"pHYs", struct.pack(">IIB", 11_811, 11_811, unit))

    assert find_density(make_png(np.zeros((4, 4, 3), np.uint8), physical)) == (300 if unit else 0)


def test_a_resolution_without_sense_is_none() -> None:
    endless = PIL.TiffImagePlugin.IFDRational(300, 0)

    assert find_density(encode("TIFF", tiffinfo={282: endless, 296: 2})) == 0
    assert find_density(encode("TIFF")) == find_density(encode("JPEG")) == find_density(encode("PNG")) == 0
