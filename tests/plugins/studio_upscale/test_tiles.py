"""Tiles: they cover, add up to one, show no seam, and halve when memory runs out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from studio_upscale.tiles import SMALLEST, Tiling, plan_spans, run_tiled, weigh_spans


def _twice(tile: Any) -> Any:
    return tile.repeat(2, axis=1).repeat(2, axis=2)


def _run(images: Any, run: Any, tiling: Tiling, scale: int = 2, reach: int = 0) -> Any:
    return run_tiled(images, scale, run, tiling, reach=reach, dtype=images.dtype, on_tile=lambda done, total: None)


@pytest.mark.parametrize(
    ("length", "tile", "overlap"), [(1, 16, 8), (17, 16, 8), (100, 16, 4), (101, 32, 20), (64, 16, 16)]
)
def test_spans_cover_a_length_with_one_size_and_overlap(length: int, tile: int, overlap: int) -> None:
    spans = plan_spans(length, tile, overlap)

    assert (spans[0][0], spans[-1][1]) == (0, length)
    assert {stop - start for start, stop in spans} == {min(tile, length)}
    assert all(second[0] <= first[1] - min(overlap, tile // 2) for first, second in pairwise(spans))


@pytest.mark.parametrize("reach", [0, 3, 50])
def test_weights_add_up_to_one_everywhere(reach: int) -> None:
    spans = plan_spans(101, 32, 12)

    total = np.zeros(303)
    for (start, stop), weight in zip(spans, weigh_spans(spans, 3, reach), strict=True):
        total[3 * start : 3 * stop] += weight

    assert np.allclose(total, 1, atol=1e-6)


def test_tiles_that_agree_give_the_same_bits_as_one_tile() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 75, 90, 3)).astype(np.uint8)

    assert np.array_equal(_run(images, _twice, Tiling(16, 6, print)), _run(images, _twice, Tiling(256, 6, print)))


def test_tiles_that_disagree_are_blended_without_a_step() -> None:
    levels = iter(np.linspace(0.2, 0.8, 8))
    images = np.zeros((1, 16, 100, 1), np.float32)

    made = _run(images, lambda tile: np.full_like(_twice(tile), next(levels)), Tiling(32, 16, print))

    steps = np.abs(np.diff(made[0, 0, :, 0]))
    assert steps.max() < 0.02  # between two tiles lie 0.085, over a ramp of some thirty pixels


def test_tiles_halve_when_memory_runs_out_and_say_so() -> None:
    told: list[str] = []
    seen: list[int] = []

    def run(tile: Any) -> Any:
        seen.append(tile.shape[1])
        if tile.shape[1] > 20:
            raise RuntimeError("CUDA out of memory")
        return _twice(tile)

    images = np.random.default_rng(0).random((1, 80, 80, 1), np.float32)
    tiling = Tiling(64, 8, told.append)

    made = _run(images, run, tiling)

    assert np.allclose(made, _twice(images))
    assert told == [
        "memory ran out: tiles of 32 x 32 pixels instead of 64 x 64",
        "memory ran out: tiles of 16 x 16 pixels instead of 32 x 32",
    ]
    assert tiling.side == 16


def test_memory_that_never_suffices_ends_in_its_own_error() -> None:
    def run(tile: Any) -> Any:
        raise MemoryError("no more")

    with pytest.raises(MemoryError, match="no more"):
        _run(np.zeros((1, 40, 40, 1), np.float32), run, Tiling(2 * SMALLEST, 4, print))


def test_other_errors_pass_at_once() -> None:
    def run(tile: Any) -> Any:
        raise RuntimeError("a bug")

    told: list[str] = []
    with pytest.raises(RuntimeError, match="a bug"):
        _run(np.zeros((1, 40, 40, 1), np.float32), run, Tiling(32, 4, told.append))
    assert told == []
