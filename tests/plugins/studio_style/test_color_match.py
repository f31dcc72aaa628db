"""Maps of colors and tones, and luma replaced."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from studio_style.color_match import (
    as_floats,
    compute_luma,
    find_color_map,
    lift_detail,
    match_colors,
    match_luma,
    replace_luma,
    resize_image,
)


def draw_colors(
    seed: int, mean: tuple[float, ...], mix: float = 0.05
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rng = np.random.default_rng(seed)
    turn = rng.normal(0, 1, (3, 3)) * mix
    return as_floats(np.clip(rng.normal(0, 1, (60, 60, 3)) @ turn + mean, 0.02, 0.98))


def test_the_map_is_the_linear_monge_kantorovitch_map() -> None:
    content, style = draw_colors(1, (0.4, 0.5, 0.6)), draw_colors(2, (0.6, 0.4, 0.5))

    transport = find_color_map(content, style).transport

    a, b = (np.cov(each.reshape(-1, 3).astype(np.float64).T, bias=True) + 1e-5 * np.eye(3) for each in (content, style))
    root = linalg.sqrtm(a).real
    expected = linalg.inv(root) @ linalg.sqrtm(root @ b @ root).real @ linalg.inv(root)
    values, vectors = linalg.eigh(expected)
    assert transport == pytest.approx((vectors * np.minimum(values, 2.5)) @ vectors.T, abs=1e-6)


def test_matched_colors_have_the_mean_and_spread_of_the_style() -> None:
    content, style = draw_colors(1, (0.4, 0.5, 0.6)), draw_colors(2, (0.6, 0.4, 0.5))

    moved = find_color_map(content, style).move(content).reshape(-1, 3)

    assert moved.mean(axis=0) == pytest.approx(style.reshape(-1, 3).mean(axis=0), abs=0.01)
    assert np.cov(moved.T) == pytest.approx(np.cov(style.reshape(-1, 3).T), abs=5e-4)


def test_an_image_matched_to_itself_stays() -> None:
    content = draw_colors(3, (0.5, 0.5, 0.5))

    assert match_colors(content, content) == pytest.approx(content, abs=0.01)  # the curve of tones has 33 knots


def test_a_grey_style_has_the_luma_of_the_content() -> None:
    style, content = draw_colors(1, (0.3, 0.3, 0.3)), draw_colors(2, (0.6, 0.5, 0.4))

    grey = match_luma(style, content)

    assert np.ptp(grey, axis=2).max() == 0
    assert compute_luma(grey).mean() == pytest.approx(float(compute_luma(content).mean()), abs=0.01)


def test_a_new_luma_keeps_the_chroma_and_yields_to_the_gamut() -> None:
    image = np.array([[[0.6, 0.4, 0.5], [1.0, 0.0, 0.0]]], np.float32)
    luma = compute_luma(image)

    lighter = replace_luma(image, luma + np.float32(0.1))

    assert lighter[0, 0] == pytest.approx(image[0, 0] + 0.1, abs=1e-6)
    assert lighter[0, 1] == pytest.approx([1, 0, 0], abs=1e-6)  # pure red has no room


def test_detail_is_lifted_where_it_is_faint_and_noise_is_not() -> None:
    x = np.arange(80)
    waves = np.where(x // 2 % 2 == 0, 1.0, -1.0)[None].repeat(80, axis=0)

    def lift(size: float) -> float:
        plane = as_floats(0.5 + size * waves)
        made = lift_detail(np.repeat(plane[..., None], 3, axis=2))
        return float(made[30:50, 30:50, 0].std() / plane[30:50, 30:50].std())

    assert lift(0.004) == pytest.approx(1.0, abs=0.02)  # below the noise
    assert lift(0.04) == pytest.approx(2.0, abs=0.15)  # 0.08 is clear contrast
    assert lift(0.2) == pytest.approx(1.0, abs=0.02)  # clear already


def test_an_image_of_its_size_is_not_resized() -> None:
    image = draw_colors(1, (0.5, 0.5, 0.5))

    assert resize_image(image, (60, 60)) is image
    assert resize_image(image, (30, 20)).shape == (30, 20, 3)
    assert resize_image(image, (1, 1))[0, 0] == pytest.approx(image.mean((0, 1)), abs=0.03)
