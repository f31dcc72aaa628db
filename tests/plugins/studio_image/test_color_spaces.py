"""Color spaces by name: those that need no library, and OpenColorIO's."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from studio.api import SRGB, ColorSpace, Image, MediaError
from studio_image.color_spaces import check_name, convert, find_known

NEEDS = "needs the extra vfx: pip install 'studio[vfx]'"
LIGHT = np.random.default_rng(4).uniform(0.0, 3.0, (7, 5, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "color"),
    [
        ("srgb", SRGB),
        ("ACEScg", ColorSpace("linear", "acescg")),
        ("lin_ap0", ColorSpace("linear", "aces2065-1")),
        ("acescct", ColorSpace("log", "acescg")),
        ("linear rec.2020", ColorSpace("linear", "bt2020")),
        ("Rec.2100-PQ", ColorSpace("pq", "bt2020")),
    ],
)
def test_a_name_is_known_in_any_case_and_by_its_aliases(name: str, color: ColorSpace) -> None:
    assert find_known(name) == color


def test_spaces_that_are_known_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyOpenColorIO", None)

    made = convert(Image(LIGHT, color=ColorSpace("linear")), "", "ACEScg", "", "")

    assert made.color == ColorSpace("linear", "acescg")
    check_name("ACEScg")
    with pytest.raises(MediaError, match=r"color space 'ARRI LogC4' needs the package 'opencolorio'") as caught:
        check_name("ARRI LogC4")
    assert caught.value.code == "E513"
    assert "pip install 'studio[vfx]'" in caught.value.hint
    with pytest.raises(MediaError, match="display 'sRGB' needs"):
        convert(made, "", "sRGB", "sRGB", "")


@pytest.mark.parametrize(
    "target", ["ACEScg", "ACES2065-1", "ACEScct", "Linear Rec.2020", "Linear P3-D65", "Linear AdobeRGB"]
)
def test_spaces_that_are_known_are_those_of_opencolorio(target: str) -> None:
    library = pytest.importorskip("PyOpenColorIO", reason=NEEDS)
    configuration = library.Config.CreateFromBuiltinConfig("studio-config-v4.0.0_aces-v2.0_ocio-v2.5")
    expected = LIGHT.copy()
    configuration.getProcessor("Linear Rec.709 (sRGB)", target).getDefaultCPUProcessor().applyRGB(expected)

    made = convert(Image(LIGHT, color=ColorSpace("linear")), "", target, "", "")

    np.testing.assert_allclose(made.pixels, expected, rtol=2e-3, atol=2e-3)


def test_a_misspelled_name_is_corrected_without_the_library_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyOpenColorIO", None)

    with pytest.raises(MediaError, match="'ACEScgg' needs the package 'opencolorio', or is misspelled") as caught:
        check_name("ACEScgg")

    assert caught.value.hint.startswith("did you mean 'ACEScg'? Else: pip install")


def test_samples_of_a_camera_become_light() -> None:
    pytest.importorskip("PyOpenColorIO", reason=NEEDS)
    grey = Image(np.full((3, 3, 3), 0.27839, np.float32))  # middle grey of LogC4, by ARRI's specification

    made = convert(grey, "ARRI LogC4", "ACEScg", "", "")

    assert made.color == ColorSpace("linear", "acescg")
    np.testing.assert_allclose(made.pixels, 0.18, rtol=2e-3)


def test_a_display_shows_a_view_and_maps_tones() -> None:
    pytest.importorskip("PyOpenColorIO", reason=NEEDS)
    image = Image(np.full((2, 2, 4), (0.18, 0.18, 0.18, 0.5), np.float32), color=ColorSpace("linear", "acescg"))
    bright = Image(np.full((2, 2, 3), 16.0, np.float32), color=ColorSpace("linear", "acescg"))

    made = convert(image, "", "", "srgb", "")
    plain = convert(image, "", "", "sRGB - Display", "Un-tone-mapped")

    assert made.color == SRGB
    np.testing.assert_allclose(made.pixels[0, 0], [0.3492, 0.3492, 0.3492, 0.5], atol=1e-3)
    np.testing.assert_allclose(plain.pixels[0, 0, :3], 0.4614, atol=1e-3)  # sRGB of 0.18
    assert 0.9 < convert(bright, "", "", "sRGB", "").pixels.max() <= 1.0
    assert convert(bright, "", "", "Rec.2100-PQ", "").color == ColorSpace("pq", "bt2020")


@pytest.mark.parametrize(
    ("inputs", "message", "hint"),
    [
        (("", "ACECg", "", ""), "unknown color space 'ACECg'", "ACEScg"),
        (("ARRI LogC5", "sRGB", "", ""), "unknown color space 'ARRI LogC5'", "ARRI LogC4"),
        (("", "", "sRBG", ""), "unknown display 'sRBG'", "sRGB"),
        (("", "", "sRGB", "Un-tone-maped"), "unknown view 'Un-tone-maped'", "Un-tone-mapped"),
        (("", "ARRI LogC4", "", ""), "no image is in 'ARRI LogC4'", "convert to one of: sRGB"),
        (("Raw", "sRGB", "", ""), "unknown color space 'Raw'", ""),
    ],
)
def test_an_unknown_name_suggests_the_nearest(inputs: Any, message: str, hint: str) -> None:
    pytest.importorskip("PyOpenColorIO", reason=NEEDS)
    with pytest.raises(MediaError, match=message) as caught:
        convert(Image(LIGHT, color=ColorSpace("linear")), *inputs)

    assert caught.value.code == "E509"
    assert hint in caught.value.hint


def test_a_source_says_what_samples_are_in() -> None:
    made = convert(Image(np.full((1, 1, 3), 0.5, np.float32)), "Linear Rec.709 (sRGB)", "sRGB", "", "")

    assert made.pixels[0, 0] == pytest.approx([0.735357] * 3, abs=1e-5)
