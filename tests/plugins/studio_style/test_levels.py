"""Sizes that a painting goes through, and the work they take."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from studio_style.levels import (
    EFFORTS,
    count_work,
    crop_style,
    fit_size,
    limit_size,
    limit_stroke_scale,
    plan_levels,
    weigh_cells,
)

STYLE = np.zeros((300, 400, 3), np.float32)


@pytest.mark.parametrize("quality", EFFORTS)
@pytest.mark.parametrize("full", [(60, 80), (1200, 1600), (2000, 200)])
def test_levels_grow_to_the_working_size_by_half_at_a_time(quality: str, full: tuple[int, int]) -> None:
    effort = EFFORTS[quality]  # type: ignore[index]

    levels = plan_levels(full, STYLE, effort, 1.0, 1.0)

    assert levels[-1].size == fit_size(full, effort.working_side / max(full))
    assert levels[0].searched
    assert all(level.painted for level in levels)
    for before, after in itertools.pairwise(levels):
        assert max(after.size) / max(before.size) == pytest.approx(1.5, rel=0.05)


def test_a_weak_style_leaves_out_the_coarse_levels_and_larger_strokes_need_fewer() -> None:
    weak = plan_levels((600, 800), STYLE, EFFORTS["standard"], 1.0, 0.25)
    fine = plan_levels((600, 800), STYLE, EFFORTS["standard"], 0.25, 1.0)

    assert [level.painted for level in weak] == [max(level.size) >= 300 for level in weak[:-1]] + [True]
    assert max(fine[0].size) > max(weak[0].size)


def test_the_style_covers_the_content_at_every_level() -> None:
    for level in plan_levels((600, 800), STYLE, EFFORTS["draft"], 1.0, 1.0):
        area = level.style_size[0] * level.style_size[1]
        assert area == pytest.approx(level.size[0] * level.size[1], rel=0.05)


def test_the_work_of_one_level_is_what_its_passes_measure() -> None:
    effort = EFFORTS["draft"]
    levels = plan_levels((30, 30), STYLE, effort, 1.0, 1.0)
    assert len(levels) == 1
    pixels, patches = 900, (levels[0].style_size[0] - 4) * (levels[0].style_size[1] - 4)

    # two passes, each a search of all patches and a vote over 5 x 5
    assert count_work(levels, effort, (30, 30)) == 2 * (25 * pixels + weigh_cells(pixels * patches))


def test_large_contents_and_odd_scales_are_limited() -> None:
    height, width = limit_size((8000, 8000))
    assert height * width == pytest.approx(16e6, rel=0.01)
    assert limit_size((100, 100)) == (100, 100)
    assert [limit_stroke_scale(scale) for scale in (0.0, 1.0, 99.0)] == [0.1, 1.0, 8.0]


def test_the_middle_of_a_style_is_kept_as_far_as_memory_goes() -> None:
    style = np.zeros((100, 200, 3), np.float32)
    style[50, 100] = 1

    whole = crop_style(style, (1000, 1000), EFFORTS["standard"], 1.0)
    part = crop_style(style, (1000, 1000), EFFORTS["standard"], 8.0)

    assert whole.shape == style.shape
    assert part.shape[0] < 100
    assert part.shape[1] == pytest.approx(2 * part.shape[0], abs=1)
    assert part.max() == 1
