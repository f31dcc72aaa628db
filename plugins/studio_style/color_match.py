"""Colors, tones and size of images as arrays: optimal transport maps, bounded curves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional

FloatArray = NDArray[np.float32]

LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)

_STEEPEST_COLOR_MAP = 2.5
_GENTLEST_TONE_SLOPE = 0.6
_STEEPEST_TONE_SLOPE = 2.0
_TONE_QUANTILES = 33
_CLEAR_CONTRAST = 0.08
_NOISE_CONTRAST = 0.012
_MOST_LIFT = 2.5


def as_floats(values: ArrayLike) -> FloatArray:
    """Return values as float32, themselves where they are that already."""
    return np.asarray(values, np.float32)


def compute_luma(image: FloatArray) -> FloatArray:
    """Weigh the channels of an image (H x W x 3) into its luma (H x W)."""
    return image @ LUMA_WEIGHTS


@dataclass(frozen=True)
class ColorMap:
    """A linear map of colors and a curve of tones, found from one image and applied to any."""

    source_mean: NDArray[np.float64]
    target_mean: NDArray[np.float64]
    transport: NDArray[np.float64]
    knots: NDArray[np.float64]
    curve: NDArray[np.float64]
    tone_weight: float

    def apply(self, image: FloatArray) -> FloatArray:
        """Map the colors of an image, then its tones."""
        recolored = self.move(image)
        luma = compute_luma(recolored)
        mapped = np.interp(luma, self.knots, self.curve).astype(np.float32)
        return _clip_image(recolored + (self.tone_weight * (mapped - luma))[..., None])

    def move(self, image: FloatArray) -> FloatArray:
        """Map the colors alone."""
        source = image.reshape(-1, 3).astype(np.float64)
        return _clip_image(((source - self.source_mean) @ self.transport + self.target_mean).reshape(image.shape))


def match_colors(content: FloatArray, style: FloatArray, *, tone_weight: float = 0.6) -> FloatArray:
    """Give the content the style's colors (Pitie and Kokaram 2007) and, in part, its tones."""
    return find_color_map(content, style, tone_weight=tone_weight).apply(content)


def find_color_map(content: FloatArray, style: FloatArray, *, tone_weight: float = 0.6) -> ColorMap:
    """Find the linear Monge-Kantorovitch map between two color distributions, and the curve between their tones."""
    source = content.reshape(-1, 3).astype(np.float64)
    target = style.reshape(-1, 3).astype(np.float64)
    root = _raise_matrix(_measure_covariance(source), 0.5)
    inverse = _raise_matrix(_measure_covariance(source), -0.5)
    middle = _raise_matrix(root @ _measure_covariance(target) @ root, 0.5)
    transport = _limit_gain(inverse @ middle @ inverse)
    plain = ColorMap(source.mean(axis=0), target.mean(axis=0), transport, np.zeros(1), np.zeros(1), tone_weight)
    knots, curve = _find_tone_curve(compute_luma(plain.move(content)), compute_luma(style))
    return replace(plain, knots=knots, curve=curve)


def match_luma(style: FloatArray, content: FloatArray) -> FloatArray:
    """Make the style grey, with the content's mean and spread of luma (Hertzmann et al. 2001)."""
    luma, wanted = compute_luma(style), compute_luma(content)
    ratio = float(np.clip(wanted.std() / max(float(luma.std()), 1e-4), 0.5, 1.5))
    matched = (luma - luma.mean()) * ratio + wanted.mean()
    return _clip_image(np.repeat(matched[..., None], 3, axis=2))


def lift_detail(image: FloatArray) -> FloatArray:
    """Raise faint local contrast, as on dark objects, but not the noise of flat areas."""
    luma = torch.from_numpy(compute_luma(image))[None, None]
    mean = _average_around(luma)
    spread = (_average_around(luma.square()) - mean.square()).clamp_min(0.0).sqrt()
    wanted = (_CLEAR_CONTRAST / spread.clamp_min(1e-4)).clamp(1.0, _MOST_LIFT)
    trust = ((spread - _NOISE_CONTRAST) / _NOISE_CONTRAST).clamp(0.0, 1.0)
    lift = (luma - mean) * (wanted - 1.0) * trust
    return _clip_image(image + lift[0, 0].numpy()[..., None])


def resize_image(image: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Resize an image with an antialiased bicubic filter."""
    if image.shape[:2] == size:
        return image
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
    resized = functional.interpolate(planes, size, mode="bicubic", antialias=True)
    return np.ascontiguousarray(resized[0].clamp(0.0, 1.0).permute(1, 2, 0).numpy())


def replace_luma(image: FloatArray, luma: FloatArray) -> FloatArray:
    """Change an image's luma and keep its chroma; luma yields where both do not fit the gamut."""
    chroma = image - compute_luma(image)[..., None]
    lowest, highest = -chroma.min(axis=-1), 1.0 - chroma.max(axis=-1)
    fitting = np.minimum(np.maximum(luma, lowest), np.maximum(highest, lowest))
    return _clip_image(chroma + fitting[..., None])


def _clip_image(image: NDArray[np.floating]) -> FloatArray:
    clipped: FloatArray = np.clip(image, 0.0, 1.0).astype(np.float32)
    return clipped


def _average_around(plane: torch.Tensor) -> torch.Tensor:
    """Blur a plane (1 x 1 x H x W) by two boxes of a fraction of its longest side."""
    radius = max(plane.shape[2:]) // 40
    for _ in range(2):
        padded = functional.pad(plane, (radius,) * 4, mode="replicate")
        plane = functional.avg_pool2d(padded, 2 * radius + 1, 1)
    return plane


def _measure_covariance(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = colors - colors.mean(axis=0)
    covariance: NDArray[np.float64] = centred.T @ centred / len(colors) + 1e-5 * np.eye(3)
    return covariance


def _raise_matrix(matrix: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Raise a symmetric positive matrix to a power."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    raised: NDArray[np.float64] = (vectors * np.maximum(values, 1e-9) ** power) @ vectors.T
    return raised


def _limit_gain(transport: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound how much the map stretches any color axis, so that noise in flat areas stays faint."""
    values, vectors = np.linalg.eigh((transport + transport.T) / 2)
    limited: NDArray[np.float64] = (vectors * np.minimum(values, _STEEPEST_COLOR_MAP)) @ vectors.T
    return limited


def _find_tone_curve(luma: FloatArray, style_luma: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Match the luma histogram by a curve of bounded slope: no tones merge or tear apart."""
    steps = np.linspace(0.0, 1.0, _TONE_QUANTILES)
    knots = np.quantile(luma, steps) + 1e-6 * np.arange(_TONE_QUANTILES)
    wanted = np.quantile(style_luma, steps)
    gaps = np.diff(knots)
    rises = np.clip(np.diff(wanted), _GENTLEST_TONE_SLOPE * gaps, _STEEPEST_TONE_SLOPE * gaps)
    curve = np.concatenate([[0.0], np.cumsum(rises)])
    curve += wanted.mean() - curve.mean()
    return knots, curve
