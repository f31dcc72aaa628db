"""The gauge: features of sharpness, and perceptrons over them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio_upscale.gauge import FEATURES, KERNELS, SCALES, Gauge, find_features, find_middle, normalize

HIDDEN, MEMBERS = 4, 2


def make_gauge(seed: int = 0) -> Gauge:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    return Gauge(
        draw(FEATURES),
        np.abs(draw(FEATURES)) + 0.5,
        draw(MEMBERS, HIDDEN, FEATURES + len(SCALES) + 1),
        draw(MEMBERS, HIDDEN, HIDDEN + 1),
        draw(MEMBERS, len(KERNELS), HIDDEN + 1),
        np.array([1.5], np.float32),
    )


def test_the_middle_begins_where_a_block_of_jpeg_begins() -> None:
    image = np.arange(100 * 60).reshape(100, 60)

    middle = find_middle(image, 32)

    assert middle.shape == (32, 32)
    top, left = divmod(int(middle[0, 0]), 60)
    assert (top % 8, left % 8) == (0, 0)
    assert abs(top - 34) < 8
    assert abs(left - 14) < 8
    assert np.array_equal(find_middle(image, 200), image)


def test_rows_count_as_columns_do_and_a_negative_as_the_image() -> None:
    plane = np.random.default_rng(0).random((64, 64)).astype(np.float32)

    features = find_features(plane)
    turned, negative = find_features(plane.T.copy()), find_features(1 - plane)

    assert features is not None
    assert features.shape == (FEATURES,)
    assert turned is not None
    assert turned[:-1] == pytest.approx(features[:-1], abs=1e-3)  # the last one compares diagonals with rows alone
    assert negative == pytest.approx(features, abs=1e-3)


def test_smoothing_changes_the_features_and_a_tiny_image_has_none() -> None:
    plane = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    smooth = (plane + np.roll(plane, 1, 0) + np.roll(plane, 1, 1) + np.roll(plane, (1, 1), (0, 1))) / 4

    sharp_features, smooth_features = find_features(plane), find_features(smooth)

    assert sharp_features is not None
    assert smooth_features is not None
    assert np.abs(sharp_features - smooth_features).max() > 0.5
    assert find_features(plane[:23]) is None


def test_a_guess_is_the_mean_softmax_of_the_perceptrons() -> None:
    gauge = make_gauge()
    plane = np.random.default_rng(1).random((48, 48)).astype(np.float32)
    features = find_features(plane)
    assert features is not None

    given = normalize(features[None], np.array([3]), gauge.mean, gauge.deviation)[0]
    shares = []
    for first, second, last in zip(gauge.first, gauge.second, gauge.last, strict=True):
        inner = np.maximum(first @ np.append(given, 1), 0)
        inner = np.maximum(second @ np.append(inner, 1), 0)
        scores = np.exp((last @ np.append(inner, 1)) / 1.5)
        shares.append(scores / scores.sum())

    assert gauge.guess(plane, 3) == pytest.approx(np.mean(shares, axis=0), abs=1e-5)


def test_features_are_brought_to_one_scale_and_followed_by_the_factor() -> None:
    features, mean = np.full((1, FEATURES), 3.0, np.float32), np.ones(FEATURES, np.float32)

    given = normalize(features, np.array([4]), mean, np.full(FEATURES, 0.25, np.float32))[0]

    assert set(given[:FEATURES]) == {4}  # (3 - 1) / 0.25 is cut at 4
    assert given[FEATURES:].tolist() == [0, 0, 2]


def test_a_gauge_is_the_same_after_it_was_stored() -> None:
    gauge = make_gauge()
    plane = np.random.default_rng(1).random((48, 48)).astype(np.float32)

    assert np.array_equal(Gauge.load(gauge.dump()).guess(plane, 2), gauge.guess(plane, 2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean", np.zeros(3)),
        ("deviation", np.zeros(FEATURES)),
        ("temperature", -np.ones(1)),
        ("second", np.zeros((2, 4, 4))),
        ("last", np.zeros((2, 2, 5))),
        ("first", np.zeros((0, 4, FEATURES + 4))),
    ],
)
def test_a_gauge_of_other_shapes_or_without_spread_is_refused(name: str, value: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="its gauge has"):
        replace(make_gauge(), **{name: value.astype(np.float32)})
