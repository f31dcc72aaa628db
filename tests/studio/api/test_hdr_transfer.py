"""Curves of high dynamic range against their standards, and back."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import ColorSpace, Image, convert_color
from studio.api.hdr_transfer import decode_hlg, decode_pq, encode_hlg, encode_pq

PQ, HLG = ColorSpace("pq", "bt2020"), ColorSpace("hlg", "bt2020")


@pytest.mark.parametrize(
    ("light", "sample"), [(0.0, 0.0), (100.0, 0.5081), (203.0, 0.5807), (1000.0, 0.7518), (10_000.0, 1.0)]
)
def test_pq_has_the_levels_of_bt_2408(light: float, sample: float) -> None:
    assert encode_pq(light) == pytest.approx(sample, abs=1e-4)
    assert decode_pq(sample) == pytest.approx(light, rel=2e-3, abs=1e-9)


@pytest.mark.parametrize(("light", "sample"), [(0.0, 0.0), (1 / 12, 0.5), (0.26496, 0.75), (1.0, 1.0)])
def test_hlg_has_the_levels_of_bt_2100(light: float, sample: float) -> None:
    assert encode_hlg(light) == pytest.approx(sample, abs=1e-4)
    assert decode_hlg(sample) == pytest.approx(light, abs=1e-4)


@pytest.mark.parametrize("color", [PQ, HLG])
def test_light_comes_back_from_high_dynamic_range(color: ColorSpace) -> None:
    light = np.random.default_rng(2).uniform(0.001, 1.0, (40, 30, 3)).astype(np.float32)
    linear = Image(light, color=ColorSpace("linear", "bt2020"))

    back = convert_color(convert_color(linear, color), linear.color)

    np.testing.assert_allclose(back.pixels, light, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("color", [PQ, HLG])
def test_reference_white_is_the_white_of_srgb(color: ColorSpace) -> None:
    level = {"pq": 0.58069, "hlg": 0.75}[color.encoding]
    grey = Image(np.full((2, 2, 3), level, np.float32), color=color)

    assert convert_color(grey).pixels == pytest.approx(np.ones((2, 2, 3)), abs=2e-3)


def test_grey_and_color_give_the_same_light() -> None:
    grey = Image(np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4), color=HLG)
    color = Image(np.repeat(grey.pixels, 3, axis=2), color=HLG)
    linear = ColorSpace("linear", "bt2020")

    np.testing.assert_allclose(
        convert_color(color, linear).pixels[:, :, :1], convert_color(grey, linear).pixels, rtol=1e-5
    )


def test_samples_of_high_dynamic_range_lie_in_0_to_1() -> None:
    assert PQ.is_bounded
    assert HLG.is_bounded
    assert str(PQ) == "PQ bt2020"
