"""How an image was made small, guessed from its edges: smoothed first, averaged, or sampled as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from studio_upscale.pixels import AnyArray, FloatArray

KERNELS = ("antialiased", "area", "cubic")
"""What a gauge tells apart: bicubic widened against aliasing, the mean of an area, and bicubic that is not widened."""
SCALES = (2, 3, 4)
FEATURES = 127
_SIDE = 384  # what is looked at of a large image, in pixels a side
_LEAST = 24  # sides that are too short to tell anything
_BANDS = np.linspace(0.1, 0.95, 11)
_COARSE_BANDS = np.linspace(0.1, 0.95, 6)
_NEIGHBOURS = (-4, -3, -2, -1, 1, 2, 3, 4)
_RATIOS = np.array([-9, -0.35, -0.12, 0.05, 0.2, 0.4, 9])
_STRONG = ((0.98, 0.02), (0.9, 0.012))  # quantiles of the differences from which on they are edges, and the least


def find_middle(image: AnyArray, side: int = 512) -> AnyArray:
    """Return the middle of a large image (height x width, perhaps x channels), which is enough to inspect.

    It begins where a block of JPEG begins.
    """
    top, left = (max(0, (whole - side) // 16 * 8) for whole in image.shape[:2])
    return image[top : top + side, left : left + side]


def find_features(plane: FloatArray) -> FloatArray | None:
    """Describe how sharp an image is (height x width, 0 to 1), as far as possible without regard to what it shows.

    The slope of its spectrum, how differences of neighbours go together, and the profiles across its edges, which are
    near the response of the filter that made the image small.

    Returns:
        `FEATURES` numbers; None if the image is too small to tell.
    """
    part = np.asarray(find_middle(plane, _SIDE), np.float32)
    if min(part.shape) < _LEAST:
        return None
    rows = (_describe_rows(part) + _describe_rows(np.ascontiguousarray(part.T))) / 2
    found: FloatArray = np.concatenate([rows, _describe_corners(part)]).astype(np.float32)
    return found


def _describe_rows(rows: FloatArray) -> AnyArray:
    steps = np.diff(rows, axis=1)
    energies, sizes, differences = [], [], rows
    for _ in range(6):
        differences = np.diff(differences, axis=1)
        energies.append(_log_energy(differences))
        sizes.append(np.log(np.mean(np.abs(differences)) + 1e-5))
    whole = (steps * steps).mean() + 1e-9
    together = [float((steps[:, lag:] * steps[:, :-lag]).mean() / whole) for lag in (1, 2, 3, 4)]
    edges = [_describe_edges(steps, quantile, least) for quantile, least in _STRONG]
    return np.concatenate([np.diff(energies), np.diff(sizes), together, _describe_spectrum(steps), *edges])


def _describe_spectrum(steps: FloatArray) -> AnyArray:
    """Return how the spectrum of differences falls from band to band: of its mean, and of its median."""
    length = min(64, (steps.shape[1] + 1) // 2 * 2 - 2)
    window = np.hanning(length)
    places = range(0, steps.shape[1] - length + 1, length // 2)
    power = [np.abs(np.fft.rfft(steps[:, place : place + length] * window, axis=1)) ** 2 for place in places]
    mean = np.mean([part.mean(axis=0) for part in power], axis=0)
    median = np.log(np.median(np.concatenate(power[:8]), axis=0) + 1e-9)
    slopes = np.diff(np.log(_mean_bands(mean, _BANDS) + 1e-9))
    return np.concatenate([slopes, np.diff(_mean_bands(median, _COARSE_BANDS))])


def _mean_bands(spectrum: AnyArray, bands: AnyArray) -> AnyArray:
    ends = (bands * (len(spectrum) - 1)).astype(int)
    return np.array([spectrum[a : max(b, a + 1)].mean() for a, b in pairwise(ends)])


def _describe_edges(steps: FloatArray, quantile: float, least: float) -> AnyArray:
    """Describe the differences four pixels to each side of edges, in parts of the edge's own; zeros if none is.

    Their means, how often an edge is so wide and overshoots so far, and how often it overshoots at all.
    """
    inner, before, after = (np.abs(steps[:, begin : steps.shape[1] - 10 + begin]) for begin in (5, 4, 6))
    strong = (inner >= max(float(np.quantile(inner, quantile)), least)) & (inner >= before) & (inner >= after)
    y, x = np.nonzero(strong)
    sides = len(_RATIOS) - 1
    if len(y) < 8:
        return np.zeros(9 + sides**2 + 3)
    around = np.stack([steps[y, x + 5 + offset] for offset in _NEIGHBOURS], axis=1)
    ratios = np.clip(around / steps[y, x + 5][:, None], -2, 2)
    nearest, overshoot = ratios[:, 3:5].max(axis=1), np.minimum(ratios[:, 2], ratios[:, 5])
    kinds = (np.digitize(nearest, _RATIOS) - 1) * sides + np.digitize(overshoot, _RATIOS) - 1
    shares = np.sqrt(np.bincount(kinds, minlength=sides**2) / len(y))
    profile = np.sort(ratios.mean(axis=0).reshape(2, 4), axis=0).ravel()
    rest = [np.log(len(y) / strong.size + 1e-4), (ratios[:, 3:5].min(axis=1) < -0.1).mean(), ratios.std()]
    return np.concatenate([profile, [nearest.mean()], shares, rest])


def _describe_corners(plane: FloatArray) -> AnyArray:
    """Return how differences across the diagonal and of both directions compare with those along rows and columns."""
    across, down = np.diff(plane, axis=1)[:-1], np.diff(plane, axis=0)[:, :-1]
    mixed = np.diff(np.diff(plane, axis=0), axis=1)
    mixed_twice = np.diff(np.diff(mixed, axis=0), axis=1)
    diagonal, diagonal_twice = plane[1:, 1:] - plane[:-1, :-1], plane[2:, 2:] - 2 * plane[1:-1, 1:-1] + plane[:-2, :-2]
    single = (_log_energy(across) + _log_energy(down)) / 2
    found = [_log_energy(diagonal) - single, _log_energy(mixed) - single]
    found += [_log_energy(mixed_twice) - _log_energy(mixed)]
    found += [_log_energy(diagonal_twice) - _log_energy(np.diff(plane, 2, axis=1))]
    return np.array(found)


def _log_energy(values: AnyArray) -> float:
    return float(np.log(np.mean(values * values) + 1e-9))


@dataclass(frozen=True)
class Gauge:
    """A few small perceptrons that say by which of `KERNELS` an image was made small.

    Attributes:
        mean: Of the features, `FEATURES`.
        deviation: Of the features, `FEATURES`.
        first: Weights, members x hidden x (features + scales + 1); the last column is added.
        second: Weights, members x hidden x (hidden + 1).
        last: Weights, members x kernels x (hidden + 1).
        temperature: What the scores are divided by, so that guesses are as often right as they say; 1 number.
    """

    mean: FloatArray
    deviation: FloatArray
    first: FloatArray
    second: FloatArray
    last: FloatArray
    temperature: FloatArray

    def __post_init__(self) -> None:
        if self.first.ndim != 3 or not self.first.size:
            raise ValueError("its gauge has no members")
        if not (self.deviation.min() > 0 and self.temperature.min() > 0):
            raise ValueError("its gauge has a deviation or a temperature that is not above zero")
        members, hidden = self.first.shape[:2]
        wanted: dict[str, tuple[int, ...]] = {"mean": (FEATURES,), "deviation": (FEATURES,), "temperature": (1,)}
        wanted |= {"first": (members, hidden, FEATURES + len(SCALES) + 1), "second": (members, hidden, hidden + 1)}
        wanted |= {"last": (members, len(KERNELS), hidden + 1)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"its gauge has {name} of the shape {getattr(self, name).shape}, not {shape}")

    @classmethod
    def load(cls, tensors: Mapping[str, FloatArray]) -> Gauge:
        """Take a gauge from tensors named `gauge.mean` and so on.

        Raises:
            KeyError: One is missing.
            ValueError: One has another shape.
        """
        return cls(**{field.name: np.asarray(tensors[f"gauge.{field.name}"], np.float32) for field in fields(cls)})

    def dump(self) -> dict[str, FloatArray]:
        """Return the tensors that `load` takes."""
        return {f"gauge.{field.name}": getattr(self, field.name) for field in fields(self)}

    def guess(self, plane: FloatArray, scale: int) -> FloatArray:
        """Return how likely each of `KERNELS` is for an image that was made `scale` times smaller.

        Args:
            plane: Brightness, height x width, 0 to 1.
            scale: One of `SCALES`.

        Returns:
            3 numbers from 0 to 1 whose sum is 1.
        """
        features = find_features(plane)
        if features is None:
            return np.full(len(KERNELS), 1 / len(KERNELS), np.float32)
        shares: FloatArray = self.judge(features[None], np.array([scale]))[0]
        return shares

    def judge(self, features: FloatArray, scales: AnyArray) -> FloatArray:
        """Return what `guess` returns for the features of many images: N x 3 numbers.

        Where numbers overflow, the weights are damaged, and no way is likelier than another.
        """
        given = normalize(features, scales, self.mean, self.deviation)
        with np.errstate(over="ignore", invalid="ignore"):
            inner = np.maximum(np.einsum("mhf,nf->mnh", self.first, _append_one(given)), 0)
            inner = np.maximum(np.einsum("mhf,mnf->mnh", self.second, _append_one(inner)), 0)
            scores = np.einsum("mkf,mnf->mnk", self.last, _append_one(inner)) / self.temperature
        scores = np.nan_to_num(scores, nan=0, posinf=0, neginf=0)
        shares = np.exp(scores - scores.max(axis=2, keepdims=True))
        found: FloatArray = (shares / shares.sum(axis=2, keepdims=True)).mean(axis=0)
        return found


def normalize(features: FloatArray, scales: AnyArray, mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Return features (N x `FEATURES`) as the perceptrons take them, followed by which of `SCALES` it is."""
    which = 2 * (np.asarray(scales)[:, None] == np.array(SCALES)).astype(np.float32)
    return np.concatenate([((features - mean) / deviation).clip(-4, 4), which], axis=1)


def _append_one(values: FloatArray) -> FloatArray:
    return np.concatenate([values, np.ones_like(values[..., :1])], axis=-1)
