"""Whole color distributions moved onto others, and the grain that this raises smoothed away again."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from .color_match import FloatArray, compute_luma, replace_luma

_ROUNDS = 12
_SAMPLES = 1 << 16
_QUANTILES = 256
_REGRAIN_SIDE = 768


def match_distribution(content: FloatArray, style: FloatArray, *, seed: int = 0, rounds: int = _ROUNDS) -> FloatArray:
    """Give the content the style's whole color distribution (Pitie, Kokaram and Dahyot 2007).

    Sliced optimal transport along random axes, then regraining: the result keeps the content's slopes where the new
    colors only differ in grain.
    """
    rng = np.random.default_rng(seed)
    moved = content.reshape(-1, 3).astype(np.float64)
    target = _sample(style.reshape(-1, 3).astype(np.float64))
    chosen = _find_sample(len(moved))
    steps = np.linspace(0.0, 1.0, _QUANTILES)
    for _ in range(rounds):
        axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        turned, goal = moved @ axes, target @ axes
        for axis in range(3):
            knots = np.quantile(turned[chosen, axis], steps) + 1e-9 * np.arange(_QUANTILES)
            wanted = np.quantile(goal[:, axis], steps)
            turned[:, axis] = np.interp(turned[:, axis], knots, wanted)
        moved = turned @ axes.T
    recolored = np.clip(moved.reshape(content.shape), 0.0, 1.0).astype(np.float32)
    return regrain(recolored, content)


def regrain(recolored: FloatArray, content: FloatArray) -> FloatArray:
    """Keep the new colors, and give them the slopes of the content where the transfer only made grain.

    The change of color is smoothed by a guided filter (He, Sun and Tang 2013) whose guide is the content: it may jump
    where the content does and nowhere else. Large images find it at a smaller size.
    """
    full = (content.shape[0], content.shape[1])
    factor = min(1.0, _REGRAIN_SIDE / max(full))
    size = (max(1, round(full[0] * factor)), max(1, round(full[1] * factor)))
    guide, change = _resize(content, size), _resize(recolored, size) - _resize(content, size)
    slope, offset = _fit_locally(compute_luma(guide), change)
    smooth = _resize(slope, full) * compute_luma(content)[..., None] + _resize(offset, full)
    return np.clip(content + smooth, 0.0, 1.0).astype(np.float32)


def keep_luma(recolored: FloatArray, content: FloatArray) -> FloatArray:
    """Return the new colors with the content's luma."""
    return replace_luma(recolored, compute_luma(content))


def _sample(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    sampled: NDArray[np.float64] = colors[_find_sample(len(colors))]
    return sampled


def _find_sample(count: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, min(count, _SAMPLES)).astype(np.int64)


def _resize(values: FloatArray, size: tuple[int, int]) -> FloatArray:
    if values.shape[:2] == size:
        return values
    planes = torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))[None]
    resized = functional.interpolate(planes, size, mode="bilinear", antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def _fit_locally(guide: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit values (H x W x 3) by slope * guide + offset around each pixel."""
    radius = max(4, max(guide.shape) // 60)
    mean_guide, mean_values = _average(guide[..., None], radius), _average(values, radius)
    spread = _average(guide[..., None] ** 2, radius) - mean_guide**2
    common = _average(guide[..., None] * values, radius) - mean_guide * mean_values
    slope = common / (np.maximum(spread, 0.0) + 1e-3)
    return _average(slope, radius), _average(mean_values - slope * mean_guide, radius)


def _average(values: FloatArray, radius: int) -> FloatArray:
    import cv2

    side = 2 * radius + 1
    found = cv2.blur(np.ascontiguousarray(values, np.float32), (side, side), borderType=cv2.BORDER_REPLICATE)
    averaged: FloatArray = found.reshape(values.shape).astype(np.float32)
    return averaged
