"""How a picture was made small, guessed from its edges: smoothed first, or sampled as it was."""

from __future__ import annotations

import numpy as np

from studio_upscale.pixels import AnyArray, FloatArray

FEATURES = 17
_SIDE = 1024  # what is looked at of a large picture, in pixels a side


def find_middle(picture: AnyArray, side: int = _SIDE) -> AnyArray:
    """Return the middle of a large picture (height x width, perhaps x channels), which is enough to look at.

    It begins where a block of JPEG begins.
    """
    top, left = (max(0, (whole - side) // 16 * 8) for whole in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def find_features(plane: FloatArray) -> FloatArray:
    """Describe how sharp a picture is (height x width, 0 to 1), as far as possible without regard to what it shows.

    Ratios of the energies of differences of rising order, which tell the slope of the spectrum near its end; and the
    mean profile across the strongest edges, which is near the response of the filter that made the picture small.
    """
    part = np.asarray(find_middle(plane), np.float32)
    found = [_describe_rows(part), _describe_rows(part.T)]
    mean: FloatArray = np.mean([f for f in found if f is not None] or [np.zeros(FEATURES)], axis=0)
    return mean


def _describe_rows(rows: FloatArray) -> AnyArray | None:
    if rows.shape[1] < 16:
        return None
    differences, energies, sizes = rows, [], []
    for _ in range(5):
        differences = np.diff(differences, axis=1)
        energies.append(float(np.log(np.mean(differences**2) + 1e-9)))
        sizes.append(float(np.log(np.mean(np.abs(differences)) + 1e-5)))
    return np.concatenate([np.diff(energies), np.diff(sizes), _find_profile(rows)])


def _find_profile(rows: FloatArray) -> AnyArray:
    """Return the differences four pixels to each side of strong edges, in parts of the edge's own; zeros if none is."""
    steps = np.diff(rows, axis=1)
    inner, before, after = (np.abs(steps[:, begin : begin - 10]) for begin in (5, 4, 6))
    strong = (inner >= max(float(np.quantile(inner, 0.98)), 0.02)) & (inner >= before) & (inner >= after)
    y, x = np.nonzero(strong)
    if len(y) < 4:
        return np.zeros(9)
    x = x + 5
    around = np.stack([steps[y, x + offset] for offset in (-4, -3, -2, -1, 1, 2, 3, 4)], axis=1)
    ratios = np.clip(around / steps[y, x][:, None], -2, 2)
    means = np.sort(ratios.mean(axis=0).reshape(2, 4), axis=0).ravel()
    return np.append(means, ratios[:, 3:5].max(axis=1).mean())


def guess(plane: FloatArray, weights: FloatArray) -> float:
    """Return how likely it is, 0 to 1, that a picture was sampled without smoothing.

    Args:
        plane: Brightness, height x width, 0 to 1.
        weights: 3 x (features + 1): means, deviations, and slopes; their last column is the offset in the third row.
    """
    mean, deviation, slopes = weights[0, :-1], weights[1, :-1], weights[2]
    score = float(((find_features(plane) - mean) / deviation).clip(-4, 4) @ slopes[:-1] + slopes[-1])
    return float(1 / (1 + np.exp(-np.clip(score, -20, 20))))
