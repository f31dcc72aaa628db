"""Colors measured and mixed, against CSS and WCAG 2.2."""

from __future__ import annotations

import pytest

from studio_image.color import Color, choose_ink, count_channels, measure_luminance, mix_colors

BLACK: Color = (0.0, 0.0, 0.0, 1.0)
WHITE: Color = (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("color", "luminance"),
    [(BLACK, 0.0), (WHITE, 1.0), ((1, 0, 0, 1), 0.2126), ((0, 1, 0, 1), 0.7152), ((0.04, 0.04, 0.04, 1), 0.04 / 12.92),
     ((0.5, 0.5, 0.5, 1), 0.21404)],
)  # fmt: skip
def test_luminance_is_that_of_wcag(color: Color, luminance: float) -> None:
    assert measure_luminance(color) == pytest.approx(luminance, abs=1e-5)


def test_the_ink_is_light_on_dark_and_dark_on_light() -> None:
    assert measure_luminance(choose_ink(BLACK)) > 0.9
    assert measure_luminance(choose_ink(WHITE)) < 0.05
    # contrast with near white and near black is equal at a luminance of about 0.19: sRGB 0.47
    assert measure_luminance(choose_ink((0.40, 0.40, 0.40, 1))) > 0.9
    assert measure_luminance(choose_ink((0.55, 0.55, 0.55, 1))) < 0.05


def test_a_color_needs_as_few_channels_as_hold_it() -> None:
    assert [count_channels(c) for c in (WHITE, (1, 0, 0, 1), (1, 1, 1, 0.5))] == [1, 3, 4]


def test_mixing_is_linear_in_every_channel() -> None:
    assert mix_colors((0, 0.2, 1, 0), (1, 0.4, 0, 1), 0.25) == pytest.approx((0.25, 0.25, 0.75, 0.25))
