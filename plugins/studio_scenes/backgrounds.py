"""What lies behind the things: pieces of images, or drawn patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_PAPER = 0.92
_MOST_SHAPES = 6


def make_background(
    rng: np.random.Generator, images: Sequence[FloatArray], width: int, height: int, vary: bool
) -> FloatArray:
    """Return height x width x 3 from 0 to 1.

    Args:
        rng: Chooses all.
        images: Images to take pieces of, height x width x 3; empty for patterns.
        width: Of the background.
        height: Of the background.
        vary: Draw patterns; otherwise paper.
    """
    if images:
        return _cut_piece(rng, images[int(rng.integers(len(images)))], width, height)
    if not vary:
        return np.full((height, width, 3), _PAPER, np.float32)
    drawn = _PATTERNS[int(rng.integers(len(_PATTERNS)))](rng, width, height)
    return np.clip(_add_shapes(rng, drawn), 0, 1).astype(np.float32)


def _cut_piece(rng: np.random.Generator, image: FloatArray, width: int, height: int) -> FloatArray:
    tall, wide = image.shape[:2]
    share = float(rng.uniform(0.4, 1.0)) * min(wide / width, tall / height)
    across, down = max(1, round(width * share)), max(1, round(height * share))
    left = int(rng.integers(max(1, wide - across + 1)))
    top = int(rng.integers(max(1, tall - down + 1)))
    piece = image[top : top + down, left : left + across]
    how = cv2.INTER_AREA if share > 1 else cv2.INTER_LINEAR
    return cv2.resize(piece, (width, height), interpolation=how).astype(np.float32)


def _draw_plain(rng: np.random.Generator, width: int, height: int) -> FloatArray:
    return np.broadcast_to(rng.random(3, np.float32), (height, width, 3)).copy()


def _draw_cells(rng: np.random.Generator, width: int, height: int) -> FloatArray:
    """Draw cells with hard or soft edges."""
    cells = rng.random((int(rng.integers(2, 16)), int(rng.integers(2, 16)), 3), np.float32)
    how = cv2.INTER_NEAREST if rng.random() < 0.3 else cv2.INTER_CUBIC
    return cv2.resize(cells, (width, height), interpolation=how).astype(np.float32)


def _draw_stripes(rng: np.random.Generator, width: int, height: int) -> FloatArray:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    wave = np.sin((columns * np.cos(angle) + rows * np.sin(angle)) * rng.uniform(0.05, 0.8))
    share = np.clip(wave * rng.uniform(0.5, 8) * 0.5 + 0.5, 0, 1)[..., None]
    return np.asarray(rng.random(3) * share + rng.random(3) * (1 - share), np.float32)


def _draw_clouds(rng: np.random.Generator, width: int, height: int) -> FloatArray:
    """Draw noise whose power falls with frequency, as that of photographs does (Field 1987)."""
    across, down = np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    power = 1 / np.maximum(np.hypot(across, down), 1 / max(width, height)) ** rng.uniform(0.7, 1.6)
    planes = []
    for _ in range(3):
        noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) * power, (height, width))
        planes.append((noise - noise.mean()) / max(float(noise.std()), 1e-6))
    mix = np.eye(3) * rng.uniform(0, 0.6) + 0.7  # the three colors of light mostly rise together
    clouds = np.stack(planes, axis=2) @ mix
    return (rng.random(3) * 0.8 + 0.1 + clouds * rng.uniform(0.05, 0.16)).astype(np.float32)


def _add_shapes(rng: np.random.Generator, drawn: FloatArray) -> FloatArray:
    """Draw things that are nothing: ellipses and polygons, so that a detector does not take any edge for a thing."""
    height, width = drawn.shape[:2]
    for _ in range(int(rng.integers(0, _MOST_SHAPES))):
        middle = rng.uniform(0, 1, 2) * (width, height)
        radii = rng.uniform(0.03, 0.3, 2) * min(width, height)
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7)))) if rng.random() < 0.6 else _ROUND
        points = middle + np.stack([np.cos(angles), np.sin(angles)], 1) * radii
        hard = np.zeros((height, width), np.float32)
        cv2.fillPoly(hard, [np.round(points * 16).astype(np.int32)], 1.0, cv2.LINE_8, 4)
        mask = np.asarray(cv2.GaussianBlur(hard, (0, 0), float(rng.uniform(0.4, 1.5))), np.float32)[..., None]
        first, second = rng.random((2, 3), np.float32)
        share = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
        drawn = drawn * (1 - mask) + (first * share + second * (1 - share)) * mask
    return drawn


_ROUND = np.linspace(0, 2 * np.pi, 40, endpoint=False)
_PATTERNS: tuple[Callable[[np.random.Generator, int, int], FloatArray], ...] = (
    _draw_plain,
    _draw_cells,
    _draw_stripes,
    _draw_clouds,
    _draw_clouds,
)
