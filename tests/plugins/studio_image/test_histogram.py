"""Levels counted against NumPy, and their plot."""

from __future__ import annotations

import numpy as np
import pytest

from studio_image.histogram import measure_channels, plot_histogram


@pytest.mark.parametrize(("channels", "names"), [(1, {"grey"}), (3, {"red", "green", "blue", "luma"}),
                                                 (4, {"red", "green", "blue", "alpha", "luma"})])  # fmt: skip
def test_every_channel_is_measured_by_its_name(channels: int, names: set[str]) -> None:
    pixels = np.random.default_rng(0).random((9, 11, channels), dtype=np.float32)

    measures = measure_channels(pixels, 16)

    assert set(measures) == names
    for index, name in enumerate(("grey",) if channels == 1 else ("red", "green", "blue", "alpha")[:channels]):
        plane = pixels[:, :, index].astype(np.float64)
        found = measures[name]
        assert sum(found["counts"]) == 99
        assert found["counts"] == np.bincount(np.rint(plane * 15).astype(int).ravel(), minlength=16).tolist()
        expected = (plane.mean(), plane.std(), plane.min(), plane.max(), np.median(plane))
        measured = [found[key] for key in ("mean", "deviation", "minimum", "maximum", "median")]
        assert measured == pytest.approx(expected, abs=1e-6)


def test_luma_is_weighed_as_bt_601() -> None:
    pixels = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1]]], np.float32)

    assert measure_channels(pixels, 2)["luma"]["mean"] == pytest.approx((0.299 + 0.587 + 0.114) / 3)


def test_the_plot_is_highest_where_most_samples_are() -> None:
    levels = np.repeat(np.linspace(0, 1, 64, dtype=np.float32), 2)
    levels[:40] = 0.25

    plot = plot_histogram(measure_channels(levels.reshape(8, 16, 1), 64), 200, 100)

    heights = (plot.mean(axis=2) > 0.3).sum(axis=0)
    margin = 5
    assert plot.shape == (100, 200, 3)
    assert int(np.argmax(heights)) == pytest.approx(margin + 0.25 * (200 - 2 * margin), abs=6)


def test_a_plot_without_room_is_empty_ground() -> None:
    plot = plot_histogram(measure_channels(np.zeros((1, 1, 1), np.float32), 2), 2, 2)

    assert (plot == plot[0, 0]).all()
